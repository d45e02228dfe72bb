"""A run → JUnit's XML, which CI services show as test results: a test case for each step."""

from __future__ import annotations

import time
from collections import Counter

from aml_pipeline.core.text import cut
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.story import ShownRun, ShownStep

_LINES = 50
_LETTERS = 500
# What a step's state is to JUnit; a step without an end was interrupted.
_KINDS = {"done": "", "up to date": "skipped", "not run": "skipped", "failed": "failure"}


def junit(run: ShownRun) -> str:
    """Return the steps of a run as test cases; one that failed has the last lines of its log."""
    kinds = Counter(map(_kind, run.steps))
    begun = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(run.started)) if run.started is not None else None
    counts = {
        "tests": len(run.steps),
        "failures": kinds["failure"],
        "errors": kinds["error"],
        "skipped": kinds["skipped"],
        "time": _seconds(run.seconds),
    }
    cases = (_case(step, run.pipeline) for step in run.steps)
    suite = tag("testsuite", "\n", *cases, name=run.pipeline, timestamp=begun, **counts)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tag("testsuites", suite, name=run.id, **counts)}\n'


def _kind(step: ShownStep) -> str:
    return _KINDS.get(step.state, "error")


def _case(step: ShownStep, pipeline: str) -> Html:
    kind = _kind(step)
    reason = step.row.get("reason") if step.state == "not run" else None
    why = str(step.row.get("message") or (f"{step.state}: {reason}" if reason else step.state))
    message = cut(" ".join(why.split()), _LETTERS)
    lines = step.log.text.rstrip().split("\n")[-_LINES:] if step.log and kind in {"failure", "error"} else []
    ending = [tag(kind, "\n".join(lines), message=message, type=step.state)] if kind else []
    return Html(f"{tag('testcase', *ending, classname=pipeline, name=step.title, time=_seconds(step.seconds))}\n")


def _seconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:.3f}"
