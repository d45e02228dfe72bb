"""Secrets in variables, parameters and options: nowhere in the folder of state, and noticed all the same."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from aml_pipeline.core import sealing
from aml_pipeline.core.files import digest_of, read_sealed, write_sealed
from aml_pipeline.pipeline import redaction
from aml_pipeline.project.opening import open_pipeline
from aml_pipeline.runs import reuse
from tests.conftest import Project, reasons

SECRETS = ["hunter2-variable", "hunter2-default", "hunter2-given", "hunter2-literal", "hunter2-option", "hunter2-fires"]
PIPELINE = """\
    name: p
    source_directory: steps
    parameters:
      epochs: 5
      api_key: hunter2-default
      harmless: hunter2-option
    steps:
      one:
        script: one.py
        environment_variables:
          DB_PASSWORD: hunter2-variable
          MODE: fast
        arguments:
          --epochs: ${{ parameters.epochs }}
          --api-key: ${{ parameters.api_key }}
          --passphrase: hunter2-literal
          --access-token: ${{ parameters.harmless }}
          --output: ${{ outputs.a }}
      two:
        script: two.py
        arguments: [fit, --token=hunter2-literal, --password, hunter2-literal, "${{ outputs.b }}"]
    schedules:
      nightly:
        cron: "0 2 * * *"
        parameters:
          api_key: hunter2-fires
"""
SCRIPT = """\
    import sys
    open(sys.argv[-1] + "/a.txt", "w").write("1")
"""


@pytest.fixture
def ready(project: Project) -> Project:
    project.write({"pipeline.yaml": PIPELINE, "steps/one.py": SCRIPT, "steps/two.py": SCRIPT})
    return project


def state(project: Project) -> Path:
    return project.root / ".aml_pipeline"


def told(project: Project) -> list[str]:
    """Return the files of state that hold a secret."""
    files = [path for path in state(project).rglob("*") if path.is_file()]
    return [str(path) for path in files if any(secret.encode() in path.read_bytes() for secret in SECRETS)]


def test_no_secret_is_kept_or_shown(ready: Project) -> None:
    given = ("--param", "api_key=hunter2-given")
    done = ready.cli("run", *given)
    assert told(ready) == []
    (run,) = ready.runs()
    header = json.loads((run / "run.json").read_text())
    assert header["parameters"] == {"epochs": "5", "api_key": "***", "harmless": "***"}
    assert header["command"] == "aml-pipeline run --param api_key=***"
    assert header["plan"]["parameters"]["api_key"]["default"] == "*** (default)"
    assert header["plan"]["steps"][0]["environment_variables"] == {"DB_PASSWORD": "***", "MODE": "fast"}
    ready.cli("report")
    shown = [done, ready.cli("run", *given), *(ready.cli(one) for one in ("plan", "runs", "schedules", "graph"))]
    shown.append(ready.cli("runs", "--format", "json"))
    assert [secret for one in shown for secret in SECRETS if secret in one.stdout + one.stderr] == []
    assert told(ready) == []
    assert "api_key=***" in done.stderr
    heading, row = (line.split() for line in ready.cli("runs").stdout.splitlines())
    assert row[heading.index("api_key") - len(heading)] == "***"


def test_a_question_with_a_secret_is_not_kept(ready: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from aml_pipeline.cli import run
    from aml_pipeline.core import files, memo

    monkeypatch.setattr(files.seen, "lasting", True)  # for this process; another test may have asked an odd Python
    kept: list[object] = []
    monkeypatch.setattr(memo, "keep", lambda _place, asked, *_: kept.append(asked))
    monkeypatch.chdir(ready.root)
    for words in (["run"], ["run", "--param", "api_key=hunter2-given"]):
        ready.cli(*words)
        assert run(words, os.environ) == 0
    assert len(kept) == 1
    assert "hunter2-given" not in str(kept)


@pytest.mark.parametrize(
    ("place", "old", "new", "reason"),
    [
        ("one", "DB_PASSWORD: hunter2-variable", "DB_PASSWORD: hunter3", "variable DB_PASSWORD changed"),
        ("one", "api_key: hunter2-default", "api_key: hunter3", "parameter api_key changed"),
        ("one", "harmless: hunter2-option", "harmless: hunter3", "parameter harmless changed"),
        ("one", "--passphrase: hunter2-literal", "--passphrase: hunter3", "argument --passphrase changed"),
        ("one", "epochs: 5", "epochs: 6", "parameter epochs 5 → 6"),
        ("two", "--password, hunter2-literal", "--password, hunter3", "argument changed"),
    ],
)
def test_a_changed_secret_is_noticed_and_not_told(ready: Project, place: str, old: str, new: str, reason: str) -> None:
    assert ready.run() == {"one": "done", "two": "done"}
    ready.replace("pipeline.yaml", old, new)
    planned = ready.plan()
    assert planned.pop(place) == f"will run  {reason}"
    assert list(planned.values()) == ["up to date"]
    assert reasons(ready.cli("run").stderr) == {place: reason}
    ready.replace("pipeline.yaml", new, old)
    assert ready.run() == {"one": "up to date", "two": "up to date"}
    assert told(ready) == []


def test_results_from_before_are_made_once_more_and_the_reason_is_true(ready: Project) -> None:
    ready.run()
    opened = open_pipeline(str(ready.root / "pipeline.yaml"))
    plan, _ = opened.require()
    as_before = {
        "parameters": {name: plan.parameters[name].text for name in plan.step("one").parameters},
        "arguments": redaction.arguments(plan.step("one").arguments, lambda _name, value: value),
        "environment_variables": dict(plan.step("one").environment_variables),
    }
    folder = state(ready) / "p" / "steps" / "one"
    last, (manifest,) = folder / "last", folder.glob("result.*")
    parts = {**read_sealed(str(manifest))["parts"], **as_before}
    write_sealed(str(folder / f"result.{reuse.key(parts)}"), {**read_sealed(str(manifest)), "parts": parts})
    manifest.unlink()
    about = {**read_sealed(str(last)), "parts": parts, "key": reuse.key(parts), "accepted": reuse.key(parts)}
    write_sealed(str(last), about)
    now = "is now stored as a digest"
    assert ready.plan("--verbose")["one"] == f"will run  parameter api_key {now}, and 3 more changes"
    assert "hunter2" not in ready.cli("plan", "--verbose").stdout
    assert ready.run() == {"one": "done", "two": "up to date"}
    assert ready.run() == {"one": "up to date", "two": "up to date"}


def test_a_record_from_before_is_shown_without_its_secrets(ready: Project) -> None:
    ready.cli("run", "--only", "one")
    (run,) = ready.runs()
    plan, _ = open_pipeline(str(ready.root / "pipeline.yaml")).require()
    texts = {name: one.text for name, one in plan.parameters.items()} | {"api_key": "hunter2-given"}
    for name in ("run.json", "short.json"):
        header = json.loads((run / name).read_text())
        about = plan.as_data() if name == "run.json" else {"parameters": plan.as_data()["parameters"]}
        (run / name).write_text(json.dumps({**header, "parameters": texts, "plan": about}))
    shown = ready.cli("runs", "--format", "json").stdout + ready.cli("report", "-o", "-").stdout
    assert [one for one in SECRETS if one in shown] == ["hunter2-option"]  # only the name of an option tells of it


def test_what_is_sent_is_recorded_and_listed_without_secrets(
    ready: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    from aml_pipeline.azureml.submission import Request
    from aml_pipeline.cli.commands import submit_dry_run

    opened = open_pipeline(str(ready.root / "pipeline.yaml"), parameters={"api_key": "hunter2-given"})
    plan, project = opened.require()
    submit_dry_run.show(plan, project, None, {"note": "a", "password": "hunter2-given"})
    said = capsys.readouterr().out
    assert "tag note a\ntag password ***\n" in said
    assert "parameter api_key ***\nparameter harmless ***\n" in said
    Request(plan, project, None, None, "aml-pipeline submit", "s/g/w", {}).record("run-1", "https://portal", "v1")
    assert told(ready) == []
    (run,) = ready.runs()
    sent = json.loads((run / "run.json").read_text())["parts"]["one"]
    assert sent["parameters"]["api_key"].startswith("*** ")
    assert sent["parameters"]["api_key"] != "*** (default)"
    assert sent["environment_variables"]["MODE"] == "fast"
    seal = sealing.sealer(str(state(ready) / "p"))
    assert sent["parameters"]["api_key"] == seal("api_key", "hunter2-given")


def test_the_lines_of_publish_hold_no_secret() -> None:
    from aml_pipeline.azureml.publication.schedules import _shown

    assert [_shown("api_key", "hunter2"), _shown("api_key", None), _shown("epochs", "5")] == ["***", "–", "5"]


def test_what_another_run_is_told_of_the_holder_is_masked() -> None:
    given = ["run", "--param", "api_key=x", "--param=token=a=b", "--param", "epochs=5", "--password", "x y", "train"]
    assert redaction.words(given) == [
        *("run", "--param", "api_key=***", "--param=token=***", "--param", "epochs=5", "--password", "***", "train"),
    ]


def test_a_seal_is_of_one_folder_and_of_no_use_elsewhere(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    one, other = sealing.sealer(str(first)), sealing.sealer(str(second))
    assert (
        one("password", "hunter2") == sealing.sealer(str(first))("password", "hunter2") != other("password", "hunter2")
    )
    assert digest_of(b"hunter2")[:32] not in one("password", "hunter2")
    assert one("password", "hunter2") != one("password", "hunter3")
    assert one("epochs", "5") == "5"
    assert stat.S_IMODE((first / "salt").stat().st_mode) == 0o600
    assert len((first / "salt").read_bytes()) == 32
    (first / "salt").write_bytes(b"torn")
    assert sealing.sealer(str(first))("password", "x") == sealing.sealer(str(first))("password", "x")
    assert [path.name for path in first.iterdir()] == ["salt"]
    absent = sealing.sealer(str(tmp_path / "none"))
    assert absent("password", "x") == absent("password", "x")
    assert not (tmp_path / "none").exists()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("before", [None, 0o755, 0o777, 0o700])
def test_the_folder_of_state_is_the_owners(ready: Project, before: int | None) -> None:
    if before is not None:
        state(ready).mkdir()
        state(ready).chmod(before)
    ready.cli("run")
    assert mode(state(ready)) == 0o700


def test_a_group_that_works_in_the_project_keeps_its_access(ready: Project) -> None:
    state(ready).mkdir()
    state(ready).chmod(0o2775)
    ready.cli("run")
    assert mode(state(ready)) == 0o2770
