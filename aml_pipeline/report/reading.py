"""The directory of a run → its story. All data of a page is read here."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from aml_pipeline.core import files
from aml_pipeline.core.plain import mapping, number, sequence
from aml_pipeline.core.text import printed, tail_that_fits
from aml_pipeline.report.series import Series, series_of
from aml_pipeline.report.shown_files import read_files
from aml_pipeline.report.sources import to_sources
from aml_pipeline.report.story import Log, ShownAttempt, ShownRun, ShownStep
from aml_pipeline.runs import metrics
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import RunRecord

# Limits of all logs of a page together, and the most and the least of one log.
LOGS_BYTES, LOG_BYTES, _LEAST_BYTES = 250_000, 64_000, 600
_DATA_SET = "dataset.json"
_DATA_SET_BYTES = 64_000


def read(record: RunRecord, state: str) -> ShownRun:
    """Return the story of a recorded run; ``state`` is how it ended, as far as is known."""
    events: list[Mapping[str, Any]] = []
    series = series_of(_metrics(record.events(), events))
    steps = {step.name: step for step in _steps(record, events)}
    for maker, names in _makers(record, steps.values()):
        made = _made(maker, names)
        steps |= {name: replace(steps[name], row={**steps[name].row, "metrics": row}) for name, row in made.items()}
        series += _series_of(maker, names)
    rows = tuple(steps.values())
    return ShownRun(
        record.id, state, record.header, rows, series, _data_sets(record, rows), links=_links(record, rows),
        files=read_files(_folders(record, rows), _state_of(record)), titles=_titles(rows),
    )  # fmt: skip


def outline(record: RunRecord) -> ShownRun:
    """Return the story of a run that has ended without its metrics, logs and files: what another is compared with."""
    rows = {str(name): mapping(row) for name, row in mapping(record.header.get("steps")).items()}
    plan = map(mapping, sequence(mapping(record.header.get("plan")).get("steps")))
    names = ((str(step.get("name")), step) for step in plan)
    steps = tuple(ShownStep(name, step, rows.get(name, {}), ()) for name, step in names)
    return ShownRun(record.id, record.state, record.header, steps, titles=_titles(steps))


def _titles(steps: Iterable[ShownStep]) -> dict[str, str]:
    return {step.name: step.title for step in steps}


def with_parts(run: ShownRun, record: RunRecord, contents: Contents) -> ShownRun:
    """Return a run with the parts of its steps, as far as they are recorded."""
    keys = {step.name: str(step.row.get("key") or "") for step in run.steps}
    kept = {name: parts for name, key in keys.items() if (parts := contents.parts(key)) is not None}
    return replace(run, parts={name: contents.worded(parts) for name, parts in {**record.parts, **kept}.items()})


def _makers(record: RunRecord, steps: Iterable[ShownStep]) -> Iterator[tuple[RunRecord, list[str]]]:
    """Yield the earlier runs whose results were reused, if their records still exist, with the steps concerned.

    There can be as many as steps, so they are read one at a time.
    """
    runs = os.path.dirname(record.folder)
    made: dict[str, list[str]] = defaultdict(list)
    for step in steps:
        if step.made_by and step.made_by != record.id:
            made[step.made_by].append(step.name)
    for run, names in made.items():
        if run == os.path.basename(run) and run not in {os.curdir, os.pardir}:
            yield RunRecord(run, os.path.join(runs, run)), names


def _made(maker: RunRecord, steps: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Return the metrics of some steps, from the record of the run that produced their results."""
    rows = mapping(maker.short.get("steps"))
    logged = {step: mapping(mapping(rows.get(step)).get("metrics")) for step in steps}
    return {step: values for step, values in logged.items() if values}


def _series_of(maker: RunRecord, steps: Collection[str]) -> list[Series]:
    """Return what some steps logged in the run that produced their results."""
    names = set(steps)
    logged = series_of(event for event in maker.events() if str(event.get("step")) in names)
    for series in logged:
        series.begun = number(maker.short.get("started"))
    return logged


def _metrics(events: Iterable[Mapping[str, Any]], others: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the metrics (there may be millions); put other events and the last of each metric into ``others``."""
    last: dict[tuple[str, str], Mapping[str, Any]] = {}
    for event in events:
        if event.get("event") != "MetricLogged":
            others.append(event)
            continue
        last[str(event.get("step")), str(event.get("name"))] = {**event, "value": metrics.summary(event.get("value"))}
        yield event
    others += last.values()


def _steps(record: RunRecord, events: list[Mapping[str, Any]]) -> Iterator[ShownStep]:
    """Yield the steps in the order of the plan, then any that the plan does not have."""
    rows = _rows(record.header, events)
    plan = map(mapping, sequence(mapping(record.header.get("plan")).get("steps")))
    declared = {str(step.get("name")): step for step in plan}
    names = [*declared, *(name for name in rows if name not in declared)]
    rooms, ranks = _rooms(record, rows), record.ranks
    attempts = _attempts(events)
    for name in names:
        about = declared.get(name, {})
        to_source = to_sources(record, name, str(about.get("source_directory", ".")))
        log = _log(record.log(name), rooms[name], to_source) if name in rooms else None
        row = {**rows.get(name, {}), "outputs": _outputs(record, name, rows.get(name, {}))}
        others = tuple(record.log(name, rank) for rank in ranks.get(name, ()))
        yield ShownStep(name, about, row, _upstream(about), tuple(attempts[name]), log, others)


def _rooms(record: RunRecord, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return how many bytes of each log fit; if there are very many, only those of failed steps and of the last."""
    logged = record.logged_steps
    most = max(_LEAST_BYTES, min(LOG_BYTES, LOGS_BYTES // max(1, len(logged))))
    rooms, left = dict.fromkeys(logged, 0), LOGS_BYTES
    failed = {name for name in logged if mapping(rows.get(name)).get("state") == "failed"}
    for name in [*(name for name in logged if name in failed), *(name for name in logged[::-1] if name not in failed)]:
        left -= min(most, os.path.getsize(record.log(name)))
        if left >= 0:
            rooms[name] = most
    return rooms


def _outputs(record: RunRecord, step: str, row: Mapping[str, Any]) -> dict[str, str]:
    """Return the folders of a step's outputs, as links for people if these point there."""
    links = os.path.join(os.path.dirname(os.path.dirname(record.folder)), "outputs", step)
    places = {str(name): str(place) for name, place in mapping(row.get("outputs")).items()}
    return {name: _link_to(place, os.path.join(links, name)) for name, place in places.items()}


def _link_to(place: str, link: str) -> str:
    """Return ``link`` if it points to ``place``, else ``place``."""
    try:
        return link if os.path.islink(link) and os.path.samefile(link, place) else place
    except (OSError, ValueError):
        return place


def _rows(header: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return how each step ended: from the header, or from the events if the run is not over."""
    recorded = mapping(header.get("steps"))
    if recorded:
        return {str(name): mapping(row) for name, row in recorded.items()}
    rows: dict[str, dict[str, Any]] = {}
    for event in events:
        row = rows.setdefault(str(event["step"]), {}) if "step" in event else {}
        if event.get("event") == "StepStarted":
            row.update({"state": "running", "reason": event.get("reason"), "key": event.get("key")})
        elif event.get("event") == "StepEnded":
            row.update(event)
        elif event.get("event") == "MetricLogged":
            row.setdefault("metrics", {})[str(event.get("name"))] = event.get("value")
    return dict(rows)


def _attempts(events: Iterable[Mapping[str, Any]]) -> dict[str, list[ShownAttempt]]:
    """Return the processes of each step; one without an end lasts until the last event."""
    attempts: dict[str, list[ShownAttempt]] = defaultdict(list)
    begun: dict[str, float] = {}
    last = 0.0
    for event in events:
        step, last = str(event.get("step")), max(last, number(event.get("time")) or 0.0)
        if event.get("event") == "StepStarted":
            begun[step] = number(event.get("time")) or 0.0
        elif event.get("event") == "StepEnded" and step in begun:
            start = begun.pop(step)
            length = number(event.get("seconds")) or 0.0
            attempts[step].append(ShownAttempt(start, start + max(0.0, length), str(event.get("state"))))
    for step, start in begun.items():
        attempts[step].append(ShownAttempt(start, max(start, last), "running"))
    return attempts


def _upstream(declared: Mapping[str, Any]) -> tuple[str, ...]:
    tokens = [token for words in sequence(declared.get("arguments")) for token in sequence(words)]
    tokens += [part for token in tokens for part in sequence(mapping(mapping(token).get("text")).get("parts"))]
    tokens += mapping(declared.get("inputs")).values()
    inputs = (mapping(mapping(token).get("input")).get("step") for token in tokens)
    return tuple(dict.fromkeys(str(step) for step in [*inputs, *sequence(declared.get("after"))] if step is not None))


def _log(place: str, room: int, to_source: Callable[[str], str]) -> Log | None:
    """Return the end of a log without reading the rest."""
    try:
        with files.opened(place) as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - room))
            taken = stream.read(room)
    except OSError:
        return None
    if len(taken) < size:  # start at a line, or else at a character
        head, end, rest = taken.partition(b"\n")
        taken = rest if end and rest else head.lstrip(bytes(range(0x80, 0xC0)))
    text = to_source(printed(taken.decode("utf-8", "replace")))
    kept = tail_that_fits(text, room)
    return Log(kept, size, size - len(taken) + len(text[: len(text) - len(kept)].encode("utf-8", "replace")), place)


def _state_of(record: RunRecord) -> str:
    """Return the real folder of the pipeline's state, which holds the record."""
    return os.path.realpath(os.path.join(record.folder, os.pardir, os.pardir))


def _folders(record: RunRecord, steps: Iterable[ShownStep]) -> dict[str, str]:
    """Return the folders whose files a page may show: outputs, and the ``outputs`` that a step left in its folder."""
    folders: dict[str, str] = {}
    for step in steps:
        folders |= {f"{step.title}.{output.name}": output.place for output in step.outputs}
        folders[f"{step.title} outputs"] = os.path.join(record.folder, "steps", step.name, "outputs")
    return folders


def _links(record: RunRecord, steps: Iterable[ShownStep]) -> dict[str, str]:
    """Return the addresses of outputs and logs beside the record, relative to its folder, so that both can be moved."""
    state = os.path.dirname(os.path.dirname(record.folder))
    places = [output.place for step in steps for output in step.outputs]
    places += [step.log.place for step in steps if step.log]
    inside = (place for place in places if place.startswith(state + os.sep) and _exists(place))
    return {place: quote(os.path.relpath(place, record.folder), errors="replace") for place in inside}


def _exists(place: str) -> bool:
    try:
        return os.path.exists(place)
    except ValueError:
        return False


def _data_sets(record: RunRecord, steps: Iterable[ShownStep]) -> dict[str, Mapping[str, Any]]:
    """Return the descriptions of data sets in the outputs that lie beside the record."""
    state = _state_of(record)
    data_sets = {}
    for step in steps:
        for output in step.outputs:
            if data := _small_mapping(os.path.join(output.place, _DATA_SET), state):
                data_sets[f"{step.title}.{output.name}"] = data
    return data_sets


def _small_mapping(path: str, below: str) -> Mapping[str, Any]:
    """Return the content of a file if ``path`` resolves to one below the folder."""
    try:
        place = os.path.realpath(path)
        is_below = place.startswith(below + os.sep) and os.path.isfile(place)
        if not is_below or os.path.getsize(place) > _DATA_SET_BYTES:
            return {}
        return mapping(json.loads(files.read(place)))
    except (OSError, ValueError, RecursionError):
        return {}
