"""``validate --snapshot``: through the real command line, on real folders."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Project

PIPELINE = """\
    name: p
    source_directory: steps
    environment: {name: e, conda_file: env.yml}
    datasets:
      words: {local: steps/local, optional: true}
    steps:
      one:
        script: one.py
        arguments:
          --words: ${{ datasets.words }}
      two:
        script: two.py
        after: [one]
        snapshot: ["data/*.json"]
"""
# Never a secret: put together, so that no file of this repository holds one.
SECRET = "q8Zt" * 10
FORMS: tuple[list[str], ...] = ([], ["--format", "json"], ["--format", "github"], ["--format", "sarif"])


@pytest.fixture
def pipeline(project: Project) -> Project:
    project.write(
        {
            "pipeline.yaml": PIPELINE,
            "env.yml": "dependencies: [python=3.11, pip, {pip: [pytest]}]\n",
            "steps/one.py": "import json\nimport lib\nimport yaml\n\nopen('words.txt')\n",
            "steps/two.py": "print(__file__)\n",
            "steps/lib.py": "import pluggy\nimport yaml\n",
            "steps/words.txt": "a\n" * 1000,
            "steps/data/a.json": "{}",
            "steps/local/b.txt": "",
            "steps/__pycache__/one.pyc": "",
            "steps/.amlignore": "# comment\n*.csv\n",
            "steps/table.csv": "",
        }
    )
    return project


def _page(project: Project, *words: str, status: int = 0) -> list[str]:
    return project.cli("validate", "--snapshot", *words, status=status).stdout.splitlines()


def _data(project: Project, *words: str, status: int = 0) -> Any:  # noqa: ANN401 - JSON
    return json.loads(project.cli("validate", "--snapshot", "--format", "json", *words, status=status).stdout)


def test_the_whole_page(pipeline: Project) -> None:
    assert _page(pipeline) == [
        "one: steps/one.py, 3 files, 2.1 kB",
        "    54 bytes  one.py     script",
        "    26 bytes  lib.py     imported by one.py:2",
        "      2.0 kB  words.txt  named in one.py:5",
        "  Azure ML takes it: 3 of 1999 files, 0.0 of 300 MB",
        "  excluded (not imported): .amlignore, data/a.json, two.py",
        "  excluded (cache): __pycache__/",
        "  excluded (local data): local/",
        "  excluded (.amlignore:2 *.csv): table.csv",
        "  one.py:3 imports yaml, which env.yml does not name",
        "  lib.py:1 imports pluggy, which comes with pytest",
        "",
        "two: steps/two.py, 2 files, 18 bytes",
        "    16 bytes  two.py       script",
        '     2 bytes  data/a.json  pattern "data/*.json"',
        "  Azure ML takes it: 2 of 1999 files, 0.0 of 300 MB",
        "  excluded (not imported and not in a pattern): .amlignore, lib.py, one.py, words.txt",
        "  excluded (cache): __pycache__/",
        "  excluded (local data): local/",
        "  excluded (.amlignore:2 *.csv): table.csv",
        "  two.py:1 locates files relative to itself through __file__; list what it may read under `snapshot:`",
        "",
        "pipeline.yaml: no errors, 1 warning.",
    ]


def test_steps_are_chosen_by_name(pipeline: Project) -> None:
    assert [line for line in _page(pipeline, "two") if line.startswith(("one", "two"))] == [
        "two: steps/two.py, 2 files, 18 bytes"
    ]
    done = pipeline.cli("validate", "--snapshot", "tow", status=2)
    assert (done.stdout, done.stderr) == ("", 'Unknown step "tow". Did you mean "two"?\n')


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["one"],
            '`validate` accepts a name such as "one" only with --snapshot. See `aml-pipeline validate --help`.\n',
        ),
        (["--python", "x"], "`validate` accepts --python only with --snapshot. See `aml-pipeline validate --help`.\n"),
        (
            ["--snapshot", "--format", "github"],
            "--snapshot does not support --format github. Use --format text or json.\n",
        ),
        (
            ["--snapshot", "--format", "sarif"],
            "--snapshot does not support --format sarif. Use --format text or json.\n",
        ),
        (
            ["--snapshot", "--python", sys.prefix],
            f'The Python "{sys.prefix}" was not found. Give its path, such as .venv/bin/python.\n',
        ),
    ],
)
def test_what_does_not_go_together_is_told(pipeline: Project, words: list[str], told: str) -> None:
    done = pipeline.cli("validate", *words, status=2)
    assert (done.stdout, done.stderr) == ("", told)


def test_a_whole_folder_is_told_once_with_the_line_and_the_cure(pipeline: Project) -> None:
    pipeline.write({"steps/one.py": "import lib\n\nHERE = __file__\n"})
    told = pipeline.cli("validate", "--snapshot").stdout
    assert re.search(r"data/a\.json +whole folder\n", told)
    line = "  one.py:3 locates files relative to itself through __file__, so the whole folder is included; "
    assert line + '`snapshot: ["*.txt"]` in the step narrows it\n' in told
    assert "[open-snapshot]" not in told
    assert "[unnamed-import]" not in told
    assert told.endswith("pipeline.yaml: no errors, 2 warnings.\n")
    other = pipeline.cli("validate", "--snapshot", "two").stdout
    assert "[open-snapshot]" in other, "the page of the step is not shown"
    assert "steps/one.py:3:1: warning: " in other
    assert "[unnamed-import]" in other


def test_problems_come_first_and_what_can_be_shown_is(pipeline: Project) -> None:
    pipeline.replace("pipeline.yaml", "script: one.py", "script: oen.py")
    lines = _page(pipeline, status=2)
    assert lines[0].endswith('Did you mean "one.py"? [missing-script]')
    assert "one: no snapshot, because of the problems above." in lines
    assert "two: steps/two.py, 2 files, 18 bytes" in lines
    assert lines[-1] == "pipeline.yaml: 1 error."


def test_a_file_that_cannot_be_read_shows_its_problems_alone(pipeline: Project) -> None:
    pipeline.write({"pipeline.yaml": "name: [\n"})
    lines = _page(pipeline, status=2)
    assert "[yaml-syntax]" in lines[0]
    assert lines[-1] == "pipeline.yaml: 1 error."
    assert _data(pipeline, status=2)["steps"] == []


def test_an_import_that_is_ignored_is_an_error_and_left_out(pipeline: Project) -> None:
    pipeline.write({"steps/.amlignore": "lib.py\n"})
    lines = _page(pipeline, "one", status=2)
    assert "[ignored-file]" in lines[0]
    assert "  excluded (.amlignore:1 lib.py): lib.py" in lines


def test_many_files_left_out_are_counted(pipeline: Project) -> None:
    pipeline.write({f"steps/x{number:03}.py": "" for number in range(200)})
    assert "  excluded (not imported): 203 files including .amlignore, data/a.json, two.py" in _page(pipeline, "one")


def test_more_than_azure_takes_is_told(pipeline: Project) -> None:
    with (pipeline.root / "steps" / "words.txt").open("wb") as stream:
        stream.truncate(301 * 1024**2)
    lines = _page(pipeline, "one")
    assert "[large-snapshot]" in lines[0] + lines[1]
    assert "  Azure ML refuses it: 3 of 1999 files, 301.0 of 300 MB" in lines


def test_an_environment_of_elsewhere_is_told_once(pipeline: Project) -> None:
    pipeline.replace("pipeline.yaml", "{name: e, conda_file: env.yml}", "{curated: AzureML-x}")
    lines = _page(pipeline)
    assert [line for line in lines if "imports" in line.lower()] == [
        "Imports of one, two not checked: their environment declares no packages in the project."
    ]
    assert _data(pipeline)["steps"][0]["unnamed_imports"] is None


@pytest.mark.parametrize("text", ["dependencies: [a==]\n", None])
def test_an_environment_with_mistakes_is_told_as_such_alone(pipeline: Project, text: str | None) -> None:
    if text is None:
        (pipeline.root / "env.yml").unlink()
    else:
        pipeline.write({"env.yml": text})
    assert not [line for line in _page(pipeline, status=2) if "imports yaml" in line or "held against" in line]


def test_what_may_come_with_a_package_that_is_not_here_is_no_alarm(pipeline: Project) -> None:
    pipeline.write({"env.yml": "dependencies: [pip, {pip: [pytest, no-such-a]}]\n"})
    pipeline.write({"steps/lib.py": "import nothing.at.all\n"})
    line = (
        "  imports, which env.yml does not name, but which may come with no-such-a{}, which this Python does not have: "
    )
    assert line.format("") + "yaml (one.py:3), nothing.at.all (lib.py:1)" in _page(pipeline)
    pipeline.write({"env.yml": "dependencies: [pip, {pip: [no-such-a, no-such-b, no-such-c, no-such-d]}]\n"})
    assert any(one.startswith(line.format(", no-such-b, no-such-c and 1 more")) for one in _page(pipeline))


def test_the_python_of_the_steps_can_be_another(pipeline: Project, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    information = packages / "toy-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(
        "Name: toy\nVersion: 1.0\nRequires-Dist: PyYAML (>=6) ; python_version>'3'\n\n"
    )
    (information / "RECORD").write_text("other_name.py,,\n")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{packages}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    pipeline.write({"env.yml": "dependencies: [pip, {pip: [toy, pytest]}]\n"})
    pipeline.write({"steps/one.py": "import yaml\nimport other_name\n"})
    assert "  one.py:1 imports yaml, which comes with toy" in _page(pipeline, "--python", str(python))
    assert "  one.py:1 imports yaml, which comes with toy" not in _page(pipeline)


def test_secrets_are_told_once_with_the_cure_and_never_shown(pipeline: Project) -> None:
    pipeline.write(
        {
            "steps/one.py": f"__file__\nclient_secret = '{SECRET}'\nload('.env')\n",
            "steps/.env": f"TOKEN={SECRET}\nAccountKey={SECRET}\n",
            "steps/two.py": f"import lib\nkey = 'ghp_{SECRET}'\n",
            "steps/conf/log[1].txt": f"one\nAccountKey={SECRET}\n",
            "steps/conf/server.pem": "-----BEGIN " + "PRIVATE KEY-----\n",
        }
    )
    texts = [pipeline.cli("validate", "--snapshot", *form).stdout for form in ([], ["--format", "json"])]
    texts += [pipeline.cli("validate", *form).stdout for form in FORMS]
    assert not any(SECRET[:8] in text for text in texts)
    told = [line for line in texts[0].splitlines() if "looks like" in line]
    vault = "Keep secrets in the key vault of the workspace, and read them as docs/how-to/azure.md#secrets shows."
    key = "a connection string with a storage account key"
    assert told == [
        f"  one.py:2 looks like a hard-coded password or key. {vault}",
        f"  .env looks like environment variables with passwords. {vault}",
        f"  conf/log[1].txt:2 looks like {key}. Exclude it: add `conf/log\\[1\\].txt` to steps/.amlignore.",
        "  conf/server.pem looks like a key or a certificate. Exclude it: add `conf/server.pem` to steps/.amlignore.",
        f"  two.py:2 looks like a GitHub token. {vault}",
        f"  two.py:2 looks like a GitHub token. {vault}",
    ]
    rows = _data(pipeline, "two")["steps"][0]["secrets"]
    assert rows == [{"file": "two.py", "line": 2, "what": "a GitHub token", "cure": vault}]


def test_the_cure_leaves_the_file_out(pipeline: Project) -> None:
    pipeline.write({"steps/one.py": "__file__\n", "steps/a b[1]/#x !.pem": ""})
    (line,) = [line for line in _page(pipeline) if "looks like" in line]
    pattern = re.findall(r"add `(.*)` to steps/\.amlignore\.", line)
    with (pipeline.root / "steps" / ".amlignore").open("a", encoding="utf-8") as stream:
        stream.write(f"{pattern[0]}\n")
    assert not [line for line in _page(pipeline) if "looks like" in line]


def test_validate_warns_of_files_with_names_of_secrets(pipeline: Project) -> None:
    pipeline.write({"steps/one.py": "__file__\n", "steps/prod.env": "", "steps/three.py": "__file__\n"})
    pipeline.replace("pipeline.yaml", "  two:\n", "  three:\n    script: three.py\n  two:\n")
    pipeline.write({"steps/.gitignore": "x\n"})
    (pipeline.root / "steps" / ".amlignore").unlink()
    rows = json.loads(pipeline.cli("validate", "--format", "json").stdout)
    (row,) = [row for row in rows if row["code"] == "secret-file"]
    assert (row["severity"], row["file"], row["line"]) == ("warning", "steps/prod.env", None)
    assert row["message"] == (
        'this file looks like environment variables with passwords, and is sent to Azure ML with step "one" and 1 more.'
    )
    assert row["cure"] == "Exclude it: add `prod.env` to steps/.gitignore."
    told = pipeline.cli("validate", "-f", "project/pipeline.yaml", cwd=pipeline.root.parent).stdout
    assert "project/steps/prod.env: warning: this file looks like" in told
    shown = pipeline.cli("validate", "--snapshot", "-f", "project/pipeline.yaml", cwd=pipeline.root.parent).stdout
    assert "[secret-file]" not in shown
    assert "[secret-file]" in pipeline.cli("validate", "--snapshot", "two").stdout, "its page is not shown"


def test_names_cannot_play_with_the_terminal(pipeline: Project) -> None:
    pipeline.write({"steps/one.py": "__file__\n", "steps/bad\x1b[31m\n.txt": ""})
    told = pipeline.cli("validate", "--snapshot").stdout
    assert "bad\\x1b[31m\\n.txt" in told
    assert "\x1b" not in told


def test_the_data_hold_the_same_as_the_page(pipeline: Project) -> None:
    one, two = _data(pipeline)["steps"]
    assert list(one) == [
        "step", "script", "command", "source_directory", "files", "bytes", "most_files", "most_bytes", "whole_folder",
        "opening", "in", "out", "environment_files", "unnamed_imports", "secrets",
    ]  # fmt: skip
    assert one["in"][1] == {
        "name": "lib.py",
        "bytes": 26,
        "rule": "import",
        "pattern": None,
        "file": "one.py",
        "line": 2,
    }
    assert one["out"][-1] == {
        "name": "table.csv", "why": "ignored", "pattern": "*.csv", "file": ".amlignore", "line": 2
    }  # fmt: skip
    assert one["unnamed_imports"] == [
        {"module": "yaml", "file": "one.py", "line": 3, "verdict": "not named", "packages": []},
        {"module": "pluggy", "file": "lib.py", "line": 1, "verdict": "comes along", "packages": ["pytest"]},
    ]
    assert two["opening"] == {
        "file": "two.py", "line": 1, "reason": "locates files relative to itself through __file__", "narrowed_by": []
    }  # fmt: skip
    assert (one["bytes"], one["files"]) == (sum(row["bytes"] for row in one["in"]), len(one["in"]))


LISTS = """\
    import os, sys
    found = [os.path.relpath(os.path.join(folder, name)) for folder, _, names in os.walk(".") for name in names]
    open(sys.argv[1] + "/found", "w").write("\\n".join(found))
    import lib
"""


@pytest.mark.parametrize("setting", ["", "\n        snapshot: ['data/*']", "\n        snapshot: ['**']"])
def test_the_files_shown_are_those_that_a_run_has(pipeline: Project, setting: str) -> None:
    pipeline.write({"steps/one.py": LISTS})
    script = f"script: one.py{setting}\n        arguments: ['${{{{ outputs.found }}}}']\n"
    pipeline.write({"pipeline.yaml": PIPELINE.partition("        script: one.py")[0] + f"        {script}"})
    shown = {row["name"] for row in _data(pipeline)["steps"][0]["in"]}
    pipeline.run()
    assert set((pipeline.output("one", "found") / "found").read_text().split("\n")) == shown


def _padded(text: str, size: int) -> str:
    return text + "#" * (size - len(text) - 1) + "\n"


def test_the_example_of_the_docs_is_what_is_shown(project: Project) -> None:
    page = (ROOT / "docs" / "reference" / "local-runs.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```text\n\$ aml-pipeline (validate .*?)\n```", page, re.DOTALL)
    script = "import os\nimport pandas\n\nimport model\n\n\nHERE = __file__\n\nNAMES = 'classes.txt'\n"
    project.write({f"steps/a{number:03}.py": "" for number in range(212)})
    project.write(
        {
            "pipeline.yaml": """
                name: docs
                source_directory: steps
                environment: {name: e, conda_file: env.yml}
                steps:
                  train: {script: train.py, snapshot: ["config/**"]}
            """,
            "env.yml": "dependencies: [python=3.11, pip, {pip: [pytest]}]\n",
            "steps/train.py": _padded(script, 4900),
            "steps/model.py": _padded("import pluggy\n", 1100),
            "steps/classes.txt": _padded("", 380),
            "steps/config/.env": _padded("", 31),
            "steps/config/augment.json": _padded("", 44),
            "steps/big.csv": "",
            "steps/small.csv": "",
            "steps/z.txt": "",
            "steps/.amlignore": "# Not for the steps.\n\n*.csv\n",
        }
    )
    command, _, shown = example.partition("\n")
    assert project.cli(*command.split()).stdout == f"{shown}\n"


def test_a_submit_warns_before_a_secret_leaves(pipeline: Project) -> None:
    pipeline.write({"steps/one.py": "__file__\n", "steps/.env": f"X={SECRET}\n"})
    pipeline.replace("pipeline.yaml", "steps:\n  one", "compute: cpu\nsteps:\n  one")
    done = pipeline.cli("submit", "--dry-run")
    assert "steps/.env: warning: this file looks like" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert "secret-file" not in pipeline.cli("submit", "--dry-run", "two").stderr
