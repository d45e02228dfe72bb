"""What a mistake in a pipeline.yaml does, judged without the checks that are measured; and what they tell.

A mistake is *harmless* when the file says the same as before, or when each thing that it says otherwise is another
thing that a user may rightly say, which no tool could know to be unwanted: the table of its ``Subject``, with the
reason. Every other mistake is harmful.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aml_pipeline.cli import checked
from aml_pipeline.core import problems
from aml_pipeline.core.problems import Problem
from aml_pipeline.pipeline.yaml import source
from aml_pipeline.pipeline.yaml.scalars import written
from aml_pipeline.project import opening
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


@dataclass(frozen=True)
class Subject:
    """A project, the folders that its pipeline.yaml needs, and the changes of that file that do no harm.

    ``fine`` has the reason, the path (a pattern) and a rule for single changes, ``whole`` the reason and a rule for all
    changes that a mistake makes.
    """

    root: Path
    folders: tuple[str, ...]
    fine: tuple[tuple[str, str, Callable[[Change], bool]], ...]
    whole: tuple[tuple[str, Callable[[list[Change]], bool]], ...]


class Bench:
    """A copy of a project, in which one mistaken file after the other is opened as ``validate`` does."""

    def __init__(self, folder: Path, subject: Subject) -> None:
        self.folder, self.subject = folder, subject
        self._file = folder / "pipeline.yaml"
        for name in subject.folders:
            ignored = shutil.ignore_patterns("__pycache__", "config.json")
            shutil.copytree(subject.root / name, folder / name, ignore=ignored)
        self.text = (subject.root / "pipeline.yaml").read_text(encoding="utf-8")
        self._said = said(self.text)

    def told(self, text: str) -> tuple[Problem, ...]:
        """Return what ``validate`` tells of ``text``."""
        self._file.write_text(text, encoding="utf-8")
        opened = opening.open_pipeline(str(self._file))
        if opened.plan and opened.project and not problems.errors(opened.loaded.problems):
            opened.add(checked.problems_of(opened.plan, opened.project, None, this_python, {}))
        return tuple(opened.loaded.problems)

    def judge(self, mutant: Mutant) -> Verdict:
        """Return what the mistake does and what is told of it."""
        return Verdict(mutant, harmless(self.subject, self._said, said(mutant.text)), self.told(mutant.text))


def said(text: str) -> dict[str, str] | None:
    """Return what a file says: each value by its path, as written, with its kind; None when it cannot be read."""
    document = source.parse(text)
    if document.root is None or document.problems or not isinstance(document.root.value, dict):
        return None
    return dict(_said(document.root.value, ""))


def _said(data: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever the file holds
    if isinstance(data, dict) and data:
        for key, child in data.items():
            yield from _said(child, f"{path}/{key}")
    elif isinstance(data, list) and data and not path.endswith("/choices"):
        is_one = len(data) == 1 and "/arguments/" in path  # a list of one data is that data
        for index, child in enumerate(data):
            yield from _said(child, path if is_one else f"{path}/{index}")
    else:
        is_short = re.fullmatch(r"/parameters/\w+", path) and isinstance(data, (str, int, float))
        yield f"{path}/default" if is_short else path, _one_said(data, path)


def _one_said(data: Any, path: str) -> str:  # noqa: ANN401
    if isinstance(data, list) and data:
        return f"choices {' '.join(written(one) for one in data)}"
    if isinstance(data, bool) or data is None or isinstance(data, (dict, list)):
        return f"{type(data).__name__} {str(data).lower()}"
    if not isinstance(data, str):
        return f"number {written(data)}"
    text = " ".join(data.split()) if path.endswith("/cron") else written(data)
    return "text " + re.sub(r"^\$\{\{ *([\w.-]+) *\}\}$", r"${{ \1 }}", text)


def harmless(subject: Subject, before: dict[str, str] | None, after: dict[str, str] | None) -> str:
    """Return why it does no harm that the file now says ``after``; "" when it does."""
    assert before is not None
    if after is None:
        return ""
    changes = [
        (path, before.get(path), after.get(path)) for path in {**before, **after} if before.get(path) != after.get(path)
    ]
    if not changes:
        return SAME
    for reason, is_fine in subject.whole:
        if is_fine(changes):
            return reason
    reasons = [
        next((why for why, path, is_fine in subject.fine if re.fullmatch(path, one[0]) and is_fine(one)), "")
        for one in changes
    ]
    return "" if not all(reasons) else " and ".join(dict.fromkeys(reasons))


def value(told: str | None) -> str:
    """Return what stands in the file, without its kind."""
    return (told or "").partition(" ")[2]


def is_text(change: Change) -> bool:
    """Whether it is another text."""
    return (
        bool(change[2]) and change[2] is not None and change[2].startswith("text ") and bool(value(change[2]).strip())
    )


def is_gone(change: Change) -> bool:
    """Whether it is gone."""
    return change[2] in {None, "NoneType none"}  # null is as good as nothing


def is_text_or_gone(change: Change) -> bool:
    """Whether it is another text, or gone."""
    return is_gone(change) or is_text(change) or bool(change[2] and change[2].startswith("number "))


def is_plain(change: Change) -> bool:
    """Whether it is another text without an expression."""
    return is_text_or_gone(change) and not is_gone(change) and not re.search(r"\$\{\{", value(change[2]))


def is_zone(change: Change) -> bool:
    """Whether it is a time zone, or gone."""
    import zoneinfo

    return is_gone(change) or value(change[2]) in zoneinfo.available_timezones()


def is_name(change: Change) -> bool:
    """Whether it is a name in words joined by -."""
    return is_text(change) and bool(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", value(change[2])))


def is_output(change: Change) -> bool:
    """Whether it is an output by another name."""
    named = re.fullmatch(r"\$\{\{ *outputs\.([a-z][a-z0-9]*(_[a-z0-9]+)*) *\}\}", value(change[2]))
    return bool(named) and named is not None and named[1] not in _TAKEN


_TAKEN = {"path", "home", "user", "script", "target", "arguments", "command", "framework"}


def renamed(root: str, name: str) -> Callable[[list[Change]], bool]:
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
