"""What a mistake in the shipped pipeline.yaml does, judged without the checks that are measured; and what they tell.

A mistake is *harmless* when the file says the same as before, or when each thing that it says otherwise is another
thing that a user may rightly say, which no tool could know to be unwanted: the table below, with the reason. Every
other mistake is harmful. What the scripts accept is written down here once more, by hand.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aml_pipeline.core import problems
from aml_pipeline.core.problems import Problem
from aml_pipeline.pipeline.yaml import source
from aml_pipeline.pipeline.yaml.scalars import written
from aml_pipeline.project import opening, validation
from tests.corpus import this_python
from tests.mutations.mutants import Mutant

ROOT = Path(__file__).parents[2]
SAME = "the file says the same"

Change = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Verdict:
    """A mistake, why it is harmless ("" when it is not), what was told of it, and where."""

    mutant: Mutant
    harmless: str
    found: tuple[Problem, ...]

    @property
    def caught(self) -> bool:
        """Whether anything was told."""
        return bool(self.found)

    @property
    def on_the_line(self) -> bool:
        """Whether a problem stands on the line of the mistake."""
        return any(one.position and one.position.line in self.mutant.lines for one in self.found)

    @property
    def placed(self) -> bool:
        """Whether it is told on its line, or elsewhere by its name."""
        return self.on_the_line or self.by_name

    @property
    def by_name(self) -> bool:
        """Whether a problem elsewhere names what was mistaken, old or new, as a word of its own."""
        told = " ".join(f"{one.message} {one.cure}" for one in self.found)
        words = [word for word in self.mutant.words if len(word) > 2]
        return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", told) for word in words)


class Bench:
    """A copy of the shipped project, in which one mistaken file after the other is opened as ``validate`` does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "pipeline.yaml"
        for name in ("steps", ".azureml"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "config.json"))
        self.text = (ROOT / "pipeline.yaml").read_text(encoding="utf-8")
        self._said = said(self.text)

    def told(self, text: str) -> tuple[Problem, ...]:
        """Return what ``validate`` tells of ``text``."""
        self._file.write_text(text, encoding="utf-8")
        opened = opening.open_pipeline(str(self._file))
        if opened.plan and opened.project and not problems.errors(opened.loaded.problems):
            opened.add(validation.warnings(opened.plan, opened.project, this_python))
        return tuple(opened.loaded.problems)

    def judge(self, mutant: Mutant) -> Verdict:
        """Return what the mistake does and what is told of it."""
        return Verdict(mutant, harmless(self._said, said(mutant.text)), self.told(mutant.text))


def said(text: str) -> dict[str, str] | None:
    """Return what a file says: each value by its path, as written, with its kind; None when it cannot be read."""
    document = source.parse(text)
    if document.root is None or document.problems or not isinstance(document.root.value, dict):
        return None
    return dict(_said(document.root.value, ""))


def _said(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever the file holds
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _said(child, f"{path}/{key}")
    elif isinstance(value, list) and value and not path.endswith("/choices"):
        is_one = len(value) == 1 and "/arguments/" in path  # a list of one value is that value
        for index, child in enumerate(value):
            yield from _said(child, path if is_one else f"{path}/{index}")
    else:
        is_short = re.fullmatch(r"/parameters/\w+", path) and isinstance(value, (str, int, float))
        yield f"{path}/default" if is_short else path, _one_said(value, path)


def _one_said(value: Any, path: str) -> str:  # noqa: ANN401
    if isinstance(value, list) and value:
        return f"choices {' '.join(written(one) for one in value)}"
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return f"{type(value).__name__} {str(value).lower()}"
    if not isinstance(value, str):
        return f"number {written(value)}"
    text = " ".join(value.split()) if path.endswith("/cron") else written(value)
    return "text " + re.sub(r"^\$\{\{ *([\w.-]+) *\}\}$", r"${{ \1 }}", text)


def harmless(before: dict[str, str] | None, after: dict[str, str] | None) -> str:
    """Return why it does no harm that the file now says ``after``; "" when it does."""
    assert before is not None
    if after is None:
        return ""
    changes = [
        (path, before.get(path), after.get(path)) for path in {**before, **after} if before.get(path) != after.get(path)
    ]
    if not changes:
        return SAME
    for reason, is_fine in _WHOLE:
        if is_fine(changes):
            return reason
    reasons = [next((why for why, pattern, is_fine in _FINE if re.fullmatch(pattern, one[0]) and is_fine(one)), "")
               for one in changes]  # fmt: skip
    return "" if not all(reasons) else " and ".join(dict.fromkeys(reasons))


def _value(told: str | None) -> str:
    return (told or "").partition(" ")[2]


def _is_text(change: Change) -> bool:
    return (
        bool(change[2]) and change[2] is not None and change[2].startswith("text ") and bool(_value(change[2]).strip())
    )


def _is_gone(change: Change) -> bool:
    return change[2] in {None, "NoneType none"}  # null is as good as nothing


def _is_text_or_gone(change: Change) -> bool:
    return _is_gone(change) or _is_text(change) or bool(change[2] and change[2].startswith("number "))


def _is_plain(change: Change) -> bool:
    return _is_text_or_gone(change) and not _is_gone(change) and not re.search(r"\$\{\{", _value(change[2]))


_NUMBER = r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?"
_ACCEPTED: dict[str, Callable[[str], bool]] = {
    "dataset": lambda text: text in {"cifar10", "digits", "synthetic"},
    "epochs": lambda text: bool(re.fullmatch(r"\+?[0-9]+", text)) and int(text) >= 1,
    "batch_size": lambda text: bool(re.fullmatch(r"\+?[0-9]+", text)) and int(text) >= 1,
    "learning_rate": lambda text: bool(re.fullmatch(_NUMBER, text)) and float(text) > 0,
    "seed": lambda text: bool(re.fullmatch(r"\+?[0-9]+", text)),
}  # fmt: skip


def _is_accepted(change: Change) -> bool:
    """Whether a parameter's new value is one that the scripts accept."""
    name = next((name for name in _ACCEPTED if re.search(rf"/{name}(/default)?$", change[0])), None)
    told = change[2] or ""
    return name is not None and told.startswith(("text ", "number ")) and _ACCEPTED[name](_value(told))


def _is_bound(change: Change) -> bool:
    """Whether the bound of epochs (2, 10) or batch_size (4) still lets in every value that the file gives."""
    lowest = 2 if "epochs" in change[0] else 4
    told = change[2] or ""
    return (
        _is_gone(change)
        or told == "NoneType none"
        or (told.startswith("number ") and _finite(_value(told)) and float(_value(told)) <= lowest)
    )


def _finite(text: str) -> bool:
    return bool(re.fullmatch(r"-?[0-9.]+(e[0-9]+)?", text))


def _are_choices(change: Change) -> bool:
    """Whether the choices of dataset are such as the script knows, and hold those that the file gives."""
    words = set(_value(change[2]).split()) if change[2] else set()
    return _is_gone(change) or {"cifar10", "digits"} <= words <= {"cifar10", "digits", "synthetic"}


def _is_cron(change: Change) -> bool:
    return bool(re.fullmatch(r"[0-5]?[0-9] ([01]?[0-9]|2[0-3]|\*) \* \* \*", _value(change[2])))


def _is_zone(change: Change) -> bool:
    import zoneinfo

    return _is_gone(change) or _value(change[2]) in zoneinfo.available_timezones()


def _is_order(change: Change) -> bool:
    return _is_gone(change) or _value(change[2]) in {"train", "prepare-data"}


def _is_name(change: Change) -> bool:
    return _is_text(change) and bool(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", _value(change[2])))


def _is_output(change: Change) -> bool:
    named = re.fullmatch(r"\$\{\{ *outputs\.([a-z][a-z0-9]*(_[a-z0-9]+)*) *\}\}", _value(change[2]))
    return bool(named) and named is not None and named[1] not in _TAKEN


_TAKEN = {"path", "home", "user", "script", "target", "arguments", "command", "framework"}
# Why a change does no harm, where, and whether this one is such.
_FINE: tuple[tuple[str, str, Callable[[Change], bool]], ...] = (
    ("the pipeline's own name", "/name", _is_name),
    ("words for the reader", "/description", _is_text_or_gone),
    ("an experiment's name is free", "/experiment", _is_text_or_gone),
    ("only the workspace knows its compute targets, and `submit` looks", "/compute", _is_text_or_gone),
    ("an environment's name is free", "/environment/name", _is_plain),
    ("optional data may lie anywhere", "/datasets/archive/local", _is_plain),
    ("another value that the script accepts", "/parameters/.*", _is_accepted),
    ("a bound that all values keep", "/parameters/.*/minimum", _is_bound),
    ("choices that hold all values", "/parameters/dataset/choices", _are_choices),
    ("the order of steps that share no data is free", "/steps/register-environment/after(/0)?", _is_order),
    ("the text that this script registers is free", "/steps/register-environment/arguments/--name", _is_plain),
    ("an output that no step reads may be called anything", "/steps/(train|register-environment)/arguments/--output",
     _is_output),
    ("a profile may set less, or another value that the script accepts", "/profiles/quickstart/parameters/.*",
     lambda one: _is_gone(one) or _is_accepted(one)),
    ("a profile may set nothing", "/profiles/quickstart(/parameters)?", lambda one: one[2] == "dict {}"),
    ("any other time", "/schedules/nightly/cron", _is_cron),
    ("any other time zone", "/schedules/nightly/time_zone", _is_zone),
    ("a schedule may set nothing, or another value that the script accepts", "/schedules/nightly/parameters/epochs",
     lambda one: _is_gone(one) or _is_accepted(one)),
)  # fmt: skip


def _renamed(root: str, name: str) -> Callable[[list[Change]], bool]:
    """Whether all that changed is the name of a thing that nothing else refers to."""

    def is_fine(changes: list[Change]) -> bool:
        gone = {path.removeprefix(f"/{root}/{name}/"): old for path, old, new in changes if new is None}
        added = {path: new for path, old, new in changes if old is None}
        names = {path.split("/")[2] for path in added if path.startswith(f"/{root}/")}
        if len(names) != 1 or len(gone) != len(added) or len(changes) != len(gone) + len(added):
            return False
        (new_name,) = names
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", new_name):
            return False
        return gone == {path.removeprefix(f"/{root}/{new_name}/"): told for path, told in added.items()}

    return is_fine


_WHOLE: tuple[tuple[str, Callable[[list[Change]], bool]], ...] = (
    ("a step that no other names may be called anything", _renamed("steps", "register-environment")),
    ("a profile may be called anything", _renamed("profiles", "quickstart")),
    ("a schedule may be called anything", _renamed("schedules", "nightly")),
    ("profiles may be left out", lambda all_: all(p.startswith("/profiles") and n is None for p, _, n in all_)),
    ("schedules may be left out", lambda all_: all(p.startswith("/schedules") and n is None for p, _, n in all_)),
)  # fmt: skip
