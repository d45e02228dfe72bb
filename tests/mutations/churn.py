"""A pipeline.yaml with most of what a file can say, for Azure ML v2: ``churn_project``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.mutations.judge import (
    Change,
    Subject,
    is_gone,
    is_name,
    is_output,
    is_plain,
    is_text_or_gone,
    is_zone,
    renamed,
    value,
)


def _is_count(change: Change, least: int = 1) -> bool:
    """Whether it is a whole number from ``least``."""
    return bool(re.fullmatch(r"\+?[0-9]+", value(change[2]))) and int(value(change[2])) >= least


def _is_bound(change: Change) -> bool:
    """Whether the bound of rounds still lets in 2 and 20."""
    told = change[2] or ""
    number = re.fullmatch(r"number (-?[0-9.]+(e[0-9]+)?)", told)
    return is_gone(change) or bool(number and float(number[1]) <= 2)


def _are_losses(change: Change) -> bool:
    words = set(value(change[2]).split()) if change[2] else set()
    return is_gone(change) or {"log"} <= words <= {"log", "hinge"}


def _matches(pattern: str) -> Callable[[Change], bool]:
    """Return the rule that the new value has this form."""
    return lambda change: bool(re.fullmatch(pattern, value(change[2])))


def _or_gone(rule: Callable[[Change], bool]) -> Callable[[Change], bool]:
    return lambda change: is_gone(change) or rule(change)


# Only the workspace knows which there are.
_is_asset = _matches(r"[A-Za-z0-9][\w.-]*")


def _is_output_path(change: Change) -> bool:
    told = value(change[2])
    return is_gone(change) or (
        "{run}" in told and bool(re.fullmatch(r"[^{}$\\/]([^{}$\\]|\{run\})*", told)) and "//" not in told
    )


_FREE = "only the workspace knows what it has"
_FINE: tuple[tuple[str, str, Callable[[Change], bool]], ...] = (
    ("the pipeline's own name", "/name", is_name),
    ("an experiment's name is free", "/experiment", _or_gone(_is_asset)),
    ("tags are free", "/tags/.*", _or_gone(is_plain)),
    ("tags are free", "/tags", lambda change: change[2] in {None, "dict {}"}),
    (_FREE, "/compute/name", _matches(r"[\w-]+")),
    (_FREE, "/compute/vm_size", is_text_or_gone),
    ("any size with two nodes", "/compute/max_nodes", _or_gone(lambda change: _is_count(change, least=2))),
    (_FREE, "/environment/version", _or_gone(_is_asset)),
    (_FREE, "/environment/(registered|registry)", _is_asset),
    ("an environment's name is free", "/steps/report/environment/name", _is_asset),
    ("a variable may have any value", "/environment_variables/OMP_NUM_THREADS", is_text_or_gone),
    ("any size", "/resources/shm_size", _or_gone(_matches(r"[1-9][0-9]*[kmgKMG]b?"))),
    ("settings of nodes may be left out", "/(identity|resources)",
     lambda change: is_gone(change) or change[2] in {"text user", "dict {}"}),
    (_FREE, "/datasets/labels/(datastore|path)", is_plain),
    ("a file may be anywhere in the web", "/datasets/cities/url", _matches(r"https?://[^\s/]+/\S*[^\s/]")),
    ("a file may be declared, or recognized", "/datasets/labels/type", is_gone),
    ("at least one round", "/parameters/rounds/default", _is_count),
    ("a bound that all values keep", "/parameters/rounds/minimum", _is_bound),
    ("a loss that the script knows", "/parameters/loss/default", _matches("log|hinge")),
    ("choices that hold all values", "/parameters/loss/choices", _are_losses),
    (_FREE, "/steps/clean/outputs/table/datastore", _or_gone(_is_asset)),
    ("an output may be anywhere", "/steps/clean/outputs/table/path", _is_output_path),
    ("an output may have no settings", "/steps/clean/outputs/table", lambda change: change[2] == "dict {}"),
    ("as many nodes as there are", "/steps/train/distribution/nodes", _or_gone(_matches("[1-4]"))),
    ("any number of processes", "/steps/train/distribution/processes_per_node", _or_gone(_is_count)),
    ("any way to start processes", "/steps/train/distribution/type", _matches("mpi|pytorch")),
    ("any duration", "/steps/train/timeout", _or_gone(_matches("[1-9][0-9]*[smh]"))),
    (_FREE, "/steps/train/environment_variables/TOKEN/secret", _matches("[A-Za-z0-9-]+")),
    ("a model's name is free", "/steps/train/outputs/network/model/name", _matches(r"[A-Za-z0-9][\w-]*")),
    ("custom is the default", "/steps/train/outputs/network/model/type", _or_gone(_matches("mlflow"))),
    ("the plain part of a text is free", "/steps/report/arguments/--network",
     _matches(r"\$\{\{ *steps\.train\.outputs\.network *\}\}[^${}]*")),
    ("an output that no step reads may be called anything", "/steps/report/arguments/--report", is_output),
    ("a profile may set less, or other values", "/profiles/test/parameters/rounds", _or_gone(_is_count)),
    ("a profile may set nothing", "/profiles/test(/datasets|/parameters)?", lambda change: change[2] == "dict {}"),
    ("a profile may name any data", "/profiles/test/datasets/labels/registered", _is_asset),
    ("a profile may name any data", "/profiles/test/datasets/labels/version", _or_gone(_is_asset)),
    ("any other time", "/schedules/weekly/cron", _matches(r"[0-5]?[0-9] ([01]?[0-9]|2[0-3]|\*) \* \* [0-6*]")),
    ("any other time zone", "/schedules/weekly/time_zone", is_zone),
    ("a schedule may read any data", "/schedules/weekly/datasets/labels",
     _or_gone(_matches(r"azureml:[\w-]+(:[\w.-]+|@latest)?"))),
    ("a schedule may set nothing", "/schedules/weekly/datasets", lambda change: change[2] == "dict {}"),
)  # fmt: skip


def _all_gone(place: str) -> Callable[[list[Change]], bool]:
    return lambda changes: all(path.startswith(place) and new is None for path, _, new in changes)


_WHOLE: tuple[tuple[str, Callable[[list[Change]], bool]], ...] = (
    ("a step that no other names may be called anything", renamed("steps", "report")),
    ("a profile may be called anything", renamed("profiles", "test")),
    ("a schedule may be called anything", renamed("schedules", "weekly")),
    ("profiles may be left out", _all_gone("/profiles")),
    ("schedules may be left out", _all_gone("/schedules")),
    ("final results may be left out", _all_gone("/outputs")),
    ("what a step needs of its node may be left out", _all_gone("/resources")),
    ("an identity may be left out", _all_gone("/identity")),
    ("a distribution may be left out", _all_gone("/steps/train/distribution")),
    ("a model may be left out", _all_gone("/steps/train/outputs")),
    ("a profile may move less", _all_gone("/profiles/test/datasets/")),
)

CHURN = Subject(Path(__file__).parent / "churn_project", ("scripts", "data", "sample", "docker"), _FINE, _WHOLE)
