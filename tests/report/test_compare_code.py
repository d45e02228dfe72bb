"""``compare``: which code and which environment made the difference, on runs that really ran."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from aml_pipeline.core import files
from aml_pipeline.core.digests import Digests
from aml_pipeline.local.store import Store
from aml_pipeline.report.code import NOT_KEPT
from aml_pipeline.runs import code
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import records
from tests.conftest import Project
from tests.report.test_many import unpacked

PIPELINE = """
    name: small
    source_directory: steps
    environment: {name: e, conda_file: env.yml}
    parameters: {rate: 0.5}
    steps:
      make:
        script: make.py
        arguments: {--output: "${{ outputs.table }}"}
      train:
        script: train.py
        arguments:
          --data: ${{ steps.make.outputs.table }}
          --rate: ${{ parameters.rate }}
          --output: ${{ outputs.model }}
      tell:
        script: tell.py
        after: [train]
"""
WRITE = 'import sys\nopen(sys.argv[-1] + "/a.txt", "w").write("a")\n'
ENVIRONMENT = """
    # said of no package
    channels: [conda-forge]
    dependencies:
      - numpy>=1.26
      - pip: [torch==2.4]
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that ran three times: first, with other code, with another environment; nothing may change it."""
    project = Project(tmp_path_factory.mktemp("ran") / "a b é")
    project.write({
        "pipeline.yaml": PIPELINE, "env.yml": ENVIRONMENT, "steps/make.py": WRITE, "steps/old.py": "A = 1\n",
        "steps/train.py": f"import old\n{WRITE}", "steps/tell.py": "print('told')\n",
    })  # fmt: skip
    project.cli("run")
    project.write({"steps/train.py": f"import new\n{WRITE}", "steps/new.py": "A = 2\n"})
    project.cli("run")
    project.replace("env.yml", "numpy>=1.26", "numpy>=2")
    project.replace("env.yml", "  - pip: [torch==2.4]\n", "  - lightgbm\n")
    project.cli("run", "--param", "rate=0.25")
    return project


def compared(project: Project, first: int, second: int, *words: str) -> str:
    names = [run.name for run in project.runs()]
    return project.cli("compare", names[first], names[second], *words).stdout


def changed(text: str) -> list[str]:
    """Return the lines of what changed."""
    return text.partition("What changed\n")[2].partition("\n\n")[0].splitlines()


def test_compare_names_the_files_that_made_the_difference(ran: Project) -> None:
    text = compared(ran, 0, 1)
    assert changed(text) == [
        "  train  steps/new.py is new",
        "         steps/old.py was removed",
        "         steps/train.py changed",
        "  tell   step train ran again",
    ]
    assert "never ran" not in text
    assert "up to date" not in text
    assert text.endswith("\nTo see the changed lines: `aml-pipeline compare --code`.\n")


def test_compare_shows_the_lines_that_changed(ran: Project) -> None:
    text = compared(ran, 0, 1, "--code")
    assert text.startswith(compared(ran, 0, 1).rpartition("\nThe lines")[0])
    assert text.endswith(
        """
steps/new.py is new (train)
--- /dev/null
+++ B/steps/new.py
@@ -0,0 +1 @@
+A = 2

steps/old.py was removed (train)
--- A/steps/old.py
+++ /dev/null
@@ -1 +0,0 @@
-A = 1

steps/train.py changed (train)
--- A/steps/train.py
+++ B/steps/train.py
@@ -1,3 +1,3 @@
-import old
+import new
 import sys
 open(sys.argv[-1] + "/a.txt", "w").write("a")
"""
    )


def test_compare_names_the_packages_whose_declaration_changed(ran: Project) -> None:
    text = compared(ran, 1, 2)
    assert changed(text) == [
        "  make, train, tell  environment: numpy>=1.26 → numpy>=2",
        "                     environment: added lightgbm",
        "                     environment: removed torch==2.4",
        "  train              parameter rate 0.5 → 0.25",
        "  tell               step train ran again",
    ]
    assert compared(ran, 1, 2, "--code").endswith(
        """
environment e (env.yml) changed
--- A/environment e (env.yml)
+++ B/environment e (env.yml)
@@ -1,5 +1,5 @@
 channels:
   - conda-forge
 packages:
-  - numpy>=1.26
-  - torch==2.4
+  - numpy>=2
+  - lightgbm
"""
    )


def test_the_page_of_a_comparison_shows_the_code(ran: Project, tmp_path: Path) -> None:
    compared(ran, 0, 1, "--page", "-o", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<td>steps/train.py changed</td>" in page
    assert '<span class="removed">-import old\n</span><span class="added">+import new\n</span>' in page
    compared(ran, 1, 2, "--page", "-o", str(tmp_path / "page.html"))
    assert "+  - numpy&gt;=2" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_step_that_was_up_to_date_has_its_code_in_the_record(ran: Project) -> None:
    steps = [json.loads((run / "run.json").read_text())["steps"] for run in ran.runs()]
    assert [one["make"]["state"] for one in steps[:2]] == ["done", "up to date"]
    assert steps[0]["make"]["key"] == steps[1]["make"]["key"]
    kept = Contents(str(ran.root / ".aml_pipeline" / "small"))
    for row in (row for one in steps for row in one.values()):
        parts = kept.parts(row["key"])
        assert parts is not None
        assert all(kept.read(digest) is not None for digest in parts["snapshot"].values())


@pytest.fixture
def copied(ran: Project, tmp_path: Path) -> Project:
    shutil.copytree(ran.root, tmp_path / "copy", symlinks=True)
    return Project(tmp_path / "copy")


def code_of(project: Project) -> dict[str, int]:
    folder = project.root / ".aml_pipeline" / "small" / "code"
    return {one.name: one.stat().st_mtime_ns for one in folder.iterdir()} if folder.exists() else {}


def test_a_run_with_nothing_to_do_keeps_nothing(copied: Project) -> None:
    before = code_of(copied)
    assert set(copied.run("--param", "rate=0.25").values()) == {"up to date"}
    assert code_of(copied) == before
    assert len(copied.runs()) == 3


def test_code_is_kept_once(copied: Project) -> None:
    before = code_of(copied)
    copied.cli("run", "--force")
    later = code_of(copied)
    assert {name: later[name] for name in before} == before
    texts = {files.digest_of(one.read_bytes()) for one in (copied.root / "steps").iterdir()}
    assert texts & set(before)
    assert not texts & (set(later) - set(before))


def without_keys(run: Path) -> None:
    """Make the record one of a version that kept no code."""
    header = json.loads((run / "run.json").read_text())
    for row in header["steps"].values():
        del row["key"]
    (run / "run.json").write_text(json.dumps(header))


def test_a_record_without_code_says_so(copied: Project) -> None:
    without_keys(copied.runs()[0])
    assert changed(compared(copied, 0, 1)) == ["  make, train, tell  code not recorded in A"]
    assert changed(compared(copied, 1, 0)) == ["  make, train, tell  code not recorded in B"]
    without_keys(copied.runs()[1])
    assert changed(compared(copied, 0, 1, "--code")) == ["  make, train, tell  code not recorded in A and B"]


def test_a_torn_text_is_not_shown(copied: Project) -> None:
    digest = files.digest_of(f"import old\n{WRITE}".encode())
    place = copied.root / ".aml_pipeline" / "small" / "code" / digest
    place.write_bytes(place.read_bytes()[:-1])
    text = compared(copied, 0, 1, "--code")
    assert "         steps/train.py changed" in changed(text)
    assert text.endswith(f"\nsteps/train.py changed (train)\n{NOT_KEPT}\n")


def test_a_run_that_was_killed_has_the_code_of_what_ran(copied: Project) -> None:
    run = copied.runs()[1]
    header = json.loads((run / "run.json").read_text())
    del header["steps"]
    (run / "run.json").write_text(json.dumps({**header, "state": "running"}))
    assert "         steps/train.py changed" in changed(compared(copied, 0, 1))
    state = copied.root / ".aml_pipeline" / "small"
    assert len(records(str(state / "runs"))[1].keys) == 3


def test_texts_go_with_the_last_record_that_refers_to_them(copied: Project) -> None:
    state = copied.root / ".aml_pipeline" / "small"
    first, second = (files.digest_of(f"import {name}\n{WRITE}".encode()) for name in ("old", "new"))
    both = files.digest_of(WRITE.encode())
    assert {first, second, both} <= set(code_of(copied))
    shutil.rmtree(copied.runs()[0])
    freed = copied.cli("clean").stdout
    assert "text" in freed
    assert set(code_of(copied)) & {first, second, both} == {second, both}
    shutil.rmtree(state / "runs")
    environments = Store(str(state), Digests()).environments()
    copied.cli("clean")
    assert set(code_of(copied)) == environments


def test_clean_leaves_the_texts_of_what_it_leaves(copied: Project) -> None:
    copied.cli("clean")
    copied.replace("env.yml", "numpy>=2", "numpy>=3")
    assert copied.plan("make") == {"make": "will run  environment: numpy>=2 → numpy>=3"}
    state = copied.root / ".aml_pipeline" / "small"
    kept = Contents(str(state))
    keys = {key for one in records(str(state / "runs")) for key in one.keys}
    assert keys
    assert all(kept.parts(key) for key in keys)
    copied.cli("clean", "--all")
    assert code_of(copied) == {}


def test_the_page_of_all_runs_is_written_beside_them(ran: Project) -> None:
    place = Path(ran.cli("report", "--all").stdout.strip())
    assert place == ran.root / ".aml_pipeline/small/runs.html"
    page = place.read_text(encoding="utf-8")
    assert "<h1>small: 3 runs</h1>" in page
    code = unpacked(page, "many-texts")
    assert len(code["code"]) == 3
    texts = [{path: code["texts"][number] for path, number, *_ in run["files"]} for run in code["code"]]
    assert [text["steps/train.py"].partition("\n")[0] for text in texts] == ["import new", "import new", "import old"]
    assert "numpy>=2\n" in texts[0]["environment e (env.yml)"]
    assert "numpy>=1.26\n" in texts[2]["environment e (env.yml)"]
    two = ran.cli("report", "--all", "--last", "2", "-o", "-").stdout
    assert len(unpacked(two, "many-rows")["titles"]) == 2


def test_three_runs_are_a_table_or_a_page(ran: Project) -> None:
    names = [run.name for run in ran.runs()]
    rows = ran.cli("compare", *names).stdout.splitlines()
    assert rows[0].split()[:3] == ["run", "state", "age"]
    assert [row.split()[0] for row in rows[1:4]] == names[::-1]
    assert rows[-1] == "The code differs. To see the changed lines of two runs: `aml-pipeline compare RUN RUN --code`."
    place = Path(ran.cli("compare", *names, "--page").stdout.strip())
    assert "<h1>small: 3 runs</h1>" in place.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "--last", "3"], "--last needs --all"),
        (["report", "--all", "--last", "none"], '--last does not accept "none"'),
        (["report", "--all", "--where", "ratio < 3"], 'Unknown column "ratio". Did you mean "rate"?'),
        (["report", "--all", "--where", "rate > 9"], "No run matches"),
        (["report", "--all", "--variants", "train"], 'No recorded run has variants of a step "train"'),
        (["report", "--all", "A"], "`report --all` takes no run"),
        (["compare", "A", "B", "C", "--code"], "`compare --code` takes two runs"),
        (["compare", "A", "B", "A"], "twice"),
        (["compare", "A", "B", "C", "--open"], "-o and --open need --page"),
    ],
)
def test_what_many_runs_do_not_have_is_refused(ran: Project, words: list[str], said: str) -> None:
    names = dict(zip("ABC", [run.name for run in ran.runs()], strict=True))
    assert said in ran.cli(*(names.get(word, word) for word in words), status=2).stderr


def test_what_is_large_binary_or_secret_is_known_by_its_digest_alone(project: Project) -> None:
    names = ["big.txt", "data.bin", "latin.txt", ".env", "token.py", "run.sh"]
    rows = "{script: a.py, snapshot: ['*']}"
    project.write({"pipeline.yaml": f"name: small\nsource_directory: steps\nsteps:\n  a: {rows}\n"})
    source = project.root / "steps"
    source.mkdir()

    def write(letter: str) -> None:
        (source / "a.py").write_text(f"print('{letter}')")
        (source / "big.txt").write_text(letter * (code.MOST_BYTES + 1))
        (source / "data.bin").write_bytes(letter.encode() + b"\0")
        (source / "latin.txt").write_bytes(letter.encode() + b"\xe9")
        (source / ".env").write_text(f"A={letter}")
        (source / "token.py").write_text(f"password = '{letter}1b2c3d4e5f6g7h8'\n")
        (source / "run.sh").write_text("echo\n")

    write("a")
    project.cli("run")
    write("b")
    os.chmod(source / "run.sh", 0o700)
    project.cli("run")
    kept = {(project.root / ".aml_pipeline" / "small" / "code" / name).read_bytes() for name in code_of(project)}
    assert {b"print('a')", b"print('b')", b"echo\n"} <= kept
    assert not any(b"1b2c3d" in text or text.endswith((b"\0", b"\xe9")) or b"A=" in text for text in kept)
    text = compared(project, 0, 1, "--code")
    assert [line.split()[-2] for line in changed(text)] == [f"steps/{name}" for name in sorted([*names, "a.py"])]
    assert text.count(NOT_KEPT) == 5
    assert "-print('a')\n\\ No newline at end of file\n+print('b')\n\\ No newline" in text
    assert "steps/run.sh changed (a)\nnow executable\n" in text


def test_no_more_than_so_much_of_a_snapshot_is_kept(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "MOST_BYTES_IN_ALL", 10)
    names = {"a.txt": b"123456789", "b.py": b"12345", "c.txt": b"1234"}
    for name, data in names.items():
        (project.root / name).write_bytes(data)
    snapshot = {name: files.digest_of(data) for name, data in names.items()}
    texts = code._texts(str(project.root), snapshot, Contents(str(project.root)))
    assert [data for _, data in texts] == [b"12345", b"1234"], "Python's files come first"


def test_an_environment_with_a_password_is_not_kept(project: Project) -> None:
    line = "--extra-index-url https://me:hunter7secret2@example.com/simple"
    project.write({
        "pipeline.yaml": "name: small\nenvironment: {name: e, pip_requirements: r.txt}\nsteps: {a: {script: a.py}}\n",
        "r.txt": f"{line}\n", "a.py": "",
    })  # fmt: skip
    project.cli("run")
    project.write({"r.txt": f"{line}\nnumpy\n"})
    assert project.plan() == {"a": "will run  the environment's definition changed"}
    texts = [one.read_bytes() for one in (project.root / ".aml_pipeline" / "small" / "code").iterdir()]
    assert not any(b"hunter7secret2" in text for text in texts)
