"""What this repository offers to those of users, and its own workflows, without a network.

``make workflows`` asks the tools that know more: actionlint, zizmor, the schemas of the services, and pre-commit.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, Project

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"
WRITES = {("docs", "deploy"): {"pages", "id-token"}, ("release", "publish"): {"id-token"}}


def read(path: Path) -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the steps of all workflows and of the action, each with the file that has it."""
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            yield from ((path.name, step) for step in job["steps"])
    yield from ((ACTION.name, step) for step in read(ACTION)["runs"]["steps"])


def test_every_target_of_make_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    called = {name for _, step in steps() for name in re.findall(r"\bmake ([a-z-]+)", str(step.get("run")))}
    assert called >= {"test", "check", "dist", "docs"}
    assert called <= targets


def test_the_tests_run_on_every_python_that_the_distribution_names() -> None:
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    assert read(ROOT / ".github/workflows/ci.yml")["jobs"]["linux"]["strategy"]["matrix"]["python"] == named


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_write_only_what_it_must(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in workflow[True]  # YAML 1.1 reads `on` so
    for name, job in workflow["jobs"].items():
        asked = job.get("permissions", {})
        assert asked == dict.fromkeys(WRITES.get((path.stem, name), set()), "write"), name
        assert job["timeout-minutes"] <= 60


def test_actions_are_pinned_and_keep_no_credentials() -> None:
    uses = [(step["uses"], step) for _, step in steps() if step.get("uses", "./") != "./"]
    assert len(uses) > 10
    for name, step in uses:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", name), name
        if name.startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    versions: dict[str, set[str]] = {}
    for path in [*WORKFLOWS, ACTION]:
        for name, rest in re.findall(r"uses: ([^@\s]+)(@\S+ # v[\d.]+)$", path.read_text(), re.MULTILINE):
            versions.setdefault(name, set()).add(rest)
    assert len(
        [name for path in [*WORKFLOWS, ACTION] for name in re.findall("@[0-9a-f]{40} #", path.read_text())]
    ) == len(uses)
    assert [name for name, found in versions.items() if len(found) > 1] == []


def test_the_tools_of_others_are_kept_up_to_date() -> None:
    updates = {update["package-ecosystem"]: update for update in read(ROOT / ".github" / "dependabot.yml")["updates"]}
    for kind, file in (("npm", "package.json"), ("pip", "tools.txt"), ("pip", "requirements.txt")):
        folders = {f"/tests/{path.parent.name}" for path in (ROOT / "tests").glob(f"*/{file}")}
        assert folders <= set(updates[kind]["directories"]), file


def test_no_script_contains_what_somebody_else_wrote() -> None:
    assert [step["run"] for _, step in steps() if "${{" in step.get("run", "")] == []


class Runner:
    """Runs the scripts of the action as a runner does; aml-pipeline is the one of this repository."""

    def __init__(self, project: Project, temp: Path) -> None:
        self.project = project
        self.temp = temp
        program = temp / "aml-pipeline" / "bin" / "aml-pipeline"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m aml_pipeline "$@"\n')
        program.chmod(0o755)

    def run(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run the step called ``name`` with these inputs, the others at their defaults."""
        action = read(ACTION)
        given = {key: str(about["default"]) for key, about in action["inputs"].items()} | inputs
        (step,) = (step for step in action["runs"]["steps"] if step.get("name") == name)
        places = {"RUNNER_TEMP": self.temp, "GITHUB_OUTPUT": self.temp / "out", "GITHUB_STEP_SUMMARY": self.temp / "md"}
        env = {key: given[re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", text)[1]] for key, text in step["env"].items()}  # type: ignore[index]
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.project.root,
            env={**self.project.environ, **{key: str(place) for key, place in places.items()}, **env},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def runner(project: Project, tmp_path: Path) -> Runner:
    project.write({"pipeline.yaml": "name: a\nsteps:\n  greet: {script: greet.py}\n", "greet.py": "print('hello')\n"})
    return Runner(project, tmp_path / "temp $dir")


def test_the_action_validates_with_annotations(runner: Runner) -> None:
    done = runner.run("Validate")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    runner.project.replace("pipeline.yaml", "greet.py", "gret.py")
    done = runner.run("Validate", sdk="v2")
    assert done.returncode == 2
    assert done.stdout.startswith("::error file=pipeline.yaml,line=3,")


def test_the_plan_is_an_output_and_a_part_of_the_summary(runner: Runner) -> None:
    runner.project.write(
        {
            "pipeline.yaml": "name: a\nprofiles: {p: {parameters: {x: 2}}}\nparameters: {x: 1}\n"
            'steps:\n  greet: {script: greet.py, arguments: ["${{ parameters.x }}"]}\n'
        }
    )
    done = runner.run("Plan", profile="p")
    assert done.returncode == 0, done.stderr
    wanted = "Plan of pipeline.yaml:\n\n    greet  will run  never ran"
    assert (runner.temp / "md").read_text() == f"{wanted}\n\n"
    first, _, rest = (runner.temp / "out").read_text().partition("\n")
    end = first.removeprefix("text<<")
    assert re.fullmatch("end-[0-9a-f]{32}", end)
    assert rest == f"{wanted}\n{end}\n"


def test_the_report_of_a_failed_run_is_written(runner: Runner) -> None:
    runner.project.write({"greet.py": "raise SystemExit(3)\n"})
    runner.project.cli("run", status=1)
    done = runner.run("Write the report")
    assert done.returncode == 0, done.stderr
    folder = runner.temp / "aml-pipeline-report"
    assert sorted(os.listdir(folder)) == ["junit.xml", "report.html"]
    assert 'failures="1"' in (folder / "junit.xml").read_text()


def test_the_hooks_run_programs_that_are_there() -> None:
    (offered,) = read(ROOT / ".pre-commit-hooks.yaml")
    assert offered["entry"].split()[0] in (ROOT / "pyproject.toml").read_text()
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    programs = {hook["entry"].split()[0] for hook in repository["hooks"]}
    assert programs == {".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/aml-pipeline"}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"])
def test_what_the_pages_of_the_root_name_is_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        headings = re.findall("^#+ (.+)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, target
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    named = re.findall(r"tests/[a-z_/0-9]+(?:\.py)?", text)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_first_thing_that_an_issue_asks_for_is_what_doctor_says() -> None:
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml"):
        first = read(path)["body"][0]
        assert "aml-pipeline doctor --offline" in first["attributes"]["label"], path
        assert first["validations"] == {"required": True}
