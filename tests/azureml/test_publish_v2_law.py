"""The law of publishing by SDK v2, with azure-ai-ml itself: what a person may have done, and an end after any write."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aml_pipeline import azureml, load
from aml_pipeline.core.errors import AzureError, UsageError
from tests.azureml.test_publish_v2 import Published
from tests.azureml.trials import publishing_everything, stored
from tests.loopback_v2.serving import quiet

pytestmark = quiet

NIGHTLY, WEEKLY = "lesson_nightly", "lesson_weekly"
FOREIGN = {"aml-pipeline": "another", "aml-pipeline-digest": "00", "aml-pipeline-schedule": "nightly"}


class Lawful(Published):
    """A project that gets other files, and a workspace that is put back to what it was."""

    pipeline = ""
    nothing: dict[str, Any]


def edit(lesson: Published, what: str) -> None:
    """Do what a person might do in the studio or by `az ml`, if the thing is there."""
    state = lesson.service.state
    kind, _, name = what.partition(" ")
    schedule = state.schedules.get(name, {}).get("properties")
    if schedule:
        _edit_schedule(state, kind, name, schedule)
    if kind == "archive":
        for known, body in state.components.items():
            if known[0] == "lesson":
                body["properties"]["isArchived"] = True
    if kind == "default" and "lesson-api" in state.endpoints:
        deployments = [known for _, known in state.deployments]
        state.endpoints["lesson-api"]["properties"]["defaults"] = {"deploymentName": deployments[0]}
    if kind == "add":
        state.schedules["theirs"] = _theirs()


def _edit_schedule(state: Any, kind: str, name: str, schedule: dict[str, Any]) -> None:  # noqa: ANN401
    if kind in {"pause", "enable"}:
        schedule["isEnabled"] = kind == "enable"
    elif kind == "delete":
        del state.schedules[name]
    elif kind == "time":
        schedule["trigger"]["expression"] = "7 7 * * *"
    elif kind == "inputs":
        schedule["action"]["jobDefinition"]["inputs"] = {}
    elif kind == "unmark":
        schedule["tags"] = {"owner": "me"}
    elif kind == "copy":
        state.schedules["copy"] = deepcopy(state.schedules[name])
    elif kind == "tag":
        schedule["tags"]["owner"] = "me"


def _theirs() -> dict[str, Any]:
    """Return a schedule of another pipeline."""
    job = {"jobType": "Pipeline", "jobs": {}, "inputs": {}, "experimentName": "other"}
    trigger = {"triggerType": "Cron", "expression": "0 0 * * *", "timeZone": "UTC"}
    action = {"actionType": "CreateJob", "jobDefinition": job}
    return {"properties": {"action": action, "trigger": trigger, "isEnabled": True, "tags": dict(FOREIGN)}}


EDITS = [
    *(f"{kind} {name}" for name in (NIGHTLY, WEEKLY) for kind in ("pause", "enable", "delete", "time", "copy", "tag")),
    f"inputs {NIGHTLY}", f"unmark {WEEKLY}", "archive", "default", "add",
]  # fmt: skip
# The file: its code, which schedules it has, whether it names an endpoint; and how many writes its publish makes.
files = st.tuples(
    st.sampled_from(["train", "better"]),
    st.sampled_from([(), ("nightly",), ("weekly",), ("nightly", "weekly")]),
    st.booleans(),
)
histories = st.lists(st.one_of(st.sampled_from([*EDITS, "back"]), files), max_size=5)


def write(lesson: Lawful, file: tuple[str, Sequence[str], bool]) -> None:
    """Write the file and its code."""
    code, keys, endpoint = file
    text = lesson.pipeline.partition("publish:")[0]
    declared = {"nightly": "{cron: 0 2 * * *, parameters: {epochs: 7}}", "weekly": "{cron: 0 5 * * 0}"}
    lines = [f"  {key}: {declared[key]}\n" for key in keys]
    schedules = f"schedules:\n{''.join(lines)}" if lines else ""
    named = "publish: {endpoint: lesson-api}\n" if endpoint else ""
    steps = lesson.pipeline.partition("steps:\n")[2]
    (lesson.root / "pipeline.yaml").write_text(f"{text}{named}{schedules}steps:\n{steps}", encoding="utf-8")
    (lesson.root / "steps/train.py").write_text(f"print('{code}')\n", encoding="utf-8")


@pytest.fixture(scope="module", name="lesson")
def _lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lawful]:
    with pytest.MonkeyPatch.context() as patch, publishing_everything(tmp_path_factory.mktemp("law"), patch) as plain:
        lesson = Lawful(plain.root, plain.service, patch)
        lesson.client = plain.client
        lesson.pipeline = Path(lesson.root / "pipeline.yaml").read_text(encoding="utf-8")
        lesson.nothing = stored(lesson)
        yield lesson


def others(lesson: Published) -> list[Any]:
    """Return what is not ours, which nobody may change."""
    ours = [(name, body["properties"]) for name, body in lesson.service.state.schedules.items()]
    return deepcopy([(name, body) for name, body in ours if body["tags"].get("aml-pipeline") != "lesson"])


def of_ours(lesson: Published) -> list[tuple[str, str, str]]:
    """Return our schedules: the name, that in the file, and whether it is active, or who disabled it."""
    rows = []
    for name, body in lesson.service.state.schedules.items():
        tags = body["properties"]["tags"]
        key = {NIGHTLY: "nightly", WEEKLY: "weekly"}.get(name) or tags.get("aml-pipeline-schedule", "")
        disabled = "put away" if "aml-pipeline-disabled" in tags else "paused"
        state = "active" if body["properties"]["isEnabled"] else disabled
        rows += [(name, key, state)] if tags.get("aml-pipeline") == "lesson" else []
    return rows


def happens(lesson: Lawful, event: Any) -> None:  # noqa: ANN401
    """Let a person do something, or somebody publish."""
    if isinstance(event, tuple):
        write(lesson, event)
        attempt(lesson)
    elif event == "back":
        with contextlib.suppress(UsageError, AzureError):
            azureml.go_back(load(str(lesson.root / "pipeline.yaml")), lesson.client, "previous")
    else:
        edit(lesson, event)


def attempt(lesson: Lawful) -> str:
    """Publish; return why it was refused before anything was written, "" if it was not."""
    try:
        lesson.publish()
    except AzureError as error:
        if re.search(r"that was not created by publishing|was published by another project", str(error)):
            assert lesson.service.writes() == []
            return str(error)
        raise
    return ""


PROFILE = settings.default
assert PROFILE is not None


@settings(
    max_examples=PROFILE.max_examples // 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories, files, st.integers(0, 16))
def test_whatever_happened_before_and_wherever_it_stops(
    lesson: Lawful, history: list[Any], file: tuple[str, Sequence[str], bool], stop: int
) -> None:
    vars(lesson.service.state).update(deepcopy(lesson.nothing))
    for event in history:
        happens(lesson, event)
    write(lesson, file)
    theirs, before = others(lesson), of_ours(lesson)
    lesson.service.stop_after_writes(stop)
    with contextlib.suppress(AzureError):
        lesson.publish()
    lesson.service.faults.writes_left = None
    if attempt(lesson):
        return
    assert {change.action for change in lesson.publish()} == {"unchanged"}
    assert lesson.service.writes() == []
    assert others(lesson) == theirs
    now = of_ours(lesson)
    active = {name: key for name, key, state in now if state == "active"}
    assert len(active) == len(set(active.values()))
    assert set(active.values()) <= set(file[1])
    fired = {key for _, key, state in before if state == "active"}
    paused = [(name, key) for name, key, state in before if state == "paused"]
    assert not [name for name, key in paused if name in active or key in {*active.values()} - fired]
    jobs = [lesson.schedule(name)["action"]["jobDefinition"]["componentId"] for name in active]
    assert len({job.rpartition("/")[2] for job in jobs}) <= 1
