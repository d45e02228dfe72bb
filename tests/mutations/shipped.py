"""The shipped pipeline.yaml. What its scripts accept is written down here once more, by hand."""

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

_NUMBER = r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?"
_ACCEPTED: dict[str, Callable[[str], bool]] = {
    "dataset": lambda text: text in {"cifar10", "digits", "synthetic"},
    "epochs": lambda text: bool(re.fullmatch(r"\+?[0-9]+", text)) and int(text) >= 1,
    "batch_size": lambda text: bool(re.fullmatch(r"\+?[0-9]+", text)) and int(text) >= 1,
    "learning_rate": lambda text: bool(re.fullmatch(_NUMBER, text)) and float(text) > 0,
    "seed": lambda text: bool(re.fullmatch(r"\+?[0-9]+", text)),
}  # fmt: skip


def is_accepted(change: Change) -> bool:
    """Whether a parameter's new value is one that the scripts accept."""
    name = next((name for name in _ACCEPTED if re.search(rf"/{name}(/default)?$", change[0])), None)
    told = change[2] or ""
    return name is not None and told.startswith(("text ", "number ")) and _ACCEPTED[name](value(told))


def _is_bound(change: Change) -> bool:
    """Whether the bound of epochs (2, 10) or batch_size (4) still lets in every value that the file gives."""
    lowest = 2 if "epochs" in change[0] else 4
    told = change[2] or ""
    return (
        is_gone(change)
        or told == "NoneType none"
        or (told.startswith("number ") and _finite(value(told)) and float(value(told)) <= lowest)
    )


def _finite(text: str) -> bool:
    return bool(re.fullmatch(r"-?[0-9.]+(e[0-9]+)?", text))


def _are_choices(change: Change) -> bool:
    """Whether the choices of dataset are such as the script knows, and hold those that the file gives."""
    words = set(value(change[2]).split()) if change[2] else set()
    return is_gone(change) or {"cifar10", "digits"} <= words <= {"cifar10", "digits", "synthetic"}


def is_cron(change: Change) -> bool:
    return bool(re.fullmatch(r"[0-5]?[0-9] ([01]?[0-9]|2[0-3]|\*) \* \* \*", value(change[2])))


def _is_order(change: Change) -> bool:
    return is_gone(change) or value(change[2]) in {"train", "prepare-data"}


# Why a change does no harm, where, and whether this one is such.
_FINE: tuple[tuple[str, str, Callable[[Change], bool]], ...] = (
    ("the pipeline's own name", "/name", is_name),
    ("words for the reader", "/description", is_text_or_gone),
    ("an experiment's name is free", "/experiment", is_text_or_gone),
    ("only the workspace knows its compute targets, and `submit` looks", "/compute", is_text_or_gone),
    ("an environment's name is free", "/environment/name", is_plain),
    ("optional data may lie anywhere", "/datasets/archive/local", is_plain),
    ("another value that the script accepts", "/parameters/.*", is_accepted),
    ("a bound that all values keep", "/parameters/.*/minimum", _is_bound),
    ("choices that hold all values", "/parameters/dataset/choices", _are_choices),
    ("the order of steps that share no data is free", "/steps/register-environment/after(/0)?", _is_order),
    ("the text that this script registers is free", "/steps/register-environment/arguments/--name", is_plain),
    ("an output that no step reads may be called anything", "/steps/(train|register-environment)/arguments/--output",
     is_output),
    ("a profile may set less, or another value that the script accepts", "/profiles/quickstart/parameters/.*",
     lambda one: is_gone(one) or is_accepted(one)),
    ("a profile may set nothing", "/profiles/quickstart(/parameters)?", lambda one: one[2] == "dict {}"),
    ("any other time", "/schedules/nightly/cron", is_cron),
    ("any other time zone", "/schedules/nightly/time_zone", is_zone),
    ("a schedule may set nothing, or another value that the script accepts", "/schedules/nightly/parameters/epochs",
     lambda one: is_gone(one) or is_accepted(one)),
)  # fmt: skip


_WHOLE: tuple[tuple[str, Callable[[list[Change]], bool]], ...] = (
    ("a step that no other names may be called anything", renamed("steps", "register-environment")),
    ("a profile may be called anything", renamed("profiles", "quickstart")),
    ("a schedule may be called anything", renamed("schedules", "nightly")),
    ("profiles may be left out", lambda all_: all(p.startswith("/profiles") and n is None for p, _, n in all_)),
    ("schedules may be left out", lambda all_: all(p.startswith("/schedules") and n is None for p, _, n in all_)),
)  # fmt: skip

SHIPPED = Subject(Path(__file__).parents[2], ("steps", ".azureml"), _FINE, _WHOLE)
