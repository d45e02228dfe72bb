"""Single mistakes in a pipeline file, of every kind that fingers make; all of them, and a choice of a fixed seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_KEY = re.compile(r"([\w-][\w.-]*):(?= |$)")
_REFERENCE = re.compile(r"\$\{\{ ([\w.-]+) \}\}")
_COMMENT = re.compile(r"\s+# .*$")


@dataclass(frozen=True)
class Mutant:
    """A text with one mistake: its kind, where it lies, what was done, and the words that name it.

    ``lines`` are those that a reader would call the right ones: the line itself; of a line that was written twice or
    changed places with the next, both; of one that is gone, the lines with text that now stand beside its place, and
    the line of the key that lacks it.
    """

    kind: str
    text: str
    lines: frozenset[int]
    shown: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A line of the file: its number from 0, its text, and all of them."""

    number: int
    text: str
    lines: tuple[str, ...]

    @property
    def code(self) -> str:
        """The line without its comment."""
        return _COMMENT.sub("", self.text)

    @property
    def indentation(self) -> int:
        """How many spaces it begins with."""
        return len(self.text) - len(self.text.lstrip())

    @property
    def parent(self) -> int:
        """The number of the line whose key holds this one's."""
        above = range(self.number - 1, -1, -1)
        return next((one for one in above if self._is_outer(self.lines[one])), self.number)

    def _is_outer(self, line: str) -> bool:
        return bool(line.strip()) and len(line) - len(line.lstrip()) < self.indentation

    def with_text(self, kind: str, text: str, *words: str) -> Mutant:
        """A mistake within the line."""
        changed = [*self.lines[: self.number], text, *self.lines[self.number + 1 :]]
        shown = f"{self.text.strip()} → {text.strip() if text.strip() != self.text.strip() else repr(text)}"
        return Mutant(kind, "".join(changed), frozenset({self.number + 1}), shown.replace("\n", ""), words)


def typos(word: str, chance: random.Random) -> list[str]:
    """Return ``word`` with a letter left out, one twice, two swapped, and another in the place of one."""
    at = chance.randrange(len(word))
    swapped = next((one for one in range(len(word) - 1) if word[one] != word[one + 1]), 0)
    other = "x" if word[at] != "x" else "y"
    found = (
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:swapped] + word[swapped : swapped + 2][::-1] + word[swapped + 2 :],
        word[:at] + other + word[at + 1 :],
    )
    return [one for one in dict.fromkeys(found) if one and one != word]


def _put(text: str, span: tuple[int, int], new: str) -> str:
    return text[: span[0]] + new + text[span[1] :]


def _keys(line: Line, chance: random.Random) -> Iterator[Mutant]:
    for found in _KEY.finditer(line.code):
        kind = "misspelt option" if found[1].startswith("--") else "misspelt key or name"
        for new in typos(found[1], chance):
            yield line.with_text(kind, _put(line.text, found.span(1), new), found[1], new)


def _values(line: Line, chance: random.Random) -> Iterator[Mutant]:
    found = re.search(r":( +)(\S.*?)\s*$", line.code)
    if found is None or "$" in found[2] or found[2][0] in "[{":
        return
    kind = "misspelt script" if "script:" in line.code else "misspelt value"
    for new in typos(found[2], chance):
        yield line.with_text(kind, _put(line.text, found.span(2), new), found[2], new)


def _references(line: Line, chance: random.Random) -> Iterator[Mutant]:
    everything = sorted({one[1] for text in line.lines for one in _REFERENCE.finditer(text)})
    for found in _REFERENCE.finditer(line.code):
        name = found[1].rpartition(".")[2]
        for new in typos(found[1], chance):
            yield line.with_text(
                "misspelt reference", _put(line.text, found.span(1), new), name, new.rpartition(".")[2]
            )
        for other in everything:
            if other != found[1]:
                words = (name, other.rpartition(".")[2])
                yield line.with_text("another reference", _put(line.text, found.span(1), other), *words)
        for new in (found[0][1:], found[0][2:], found[0].replace("{{", "{"), found[0][:-1], found[0][:-3],
                    found[1], f"{found[0]}/x", f'"{found[1]}"', f"$({found[1]})"):  # fmt: skip
            yield line.with_text("broken expression", _put(line.text, found.span(), new), found[1])


def _types(line: Line, _: random.Random) -> Iterator[Mutant]:
    found = re.search(r"([\w-]+):( +)(\S.*?)\s*$", line.code)
    if found is None:
        key = _KEY.search(line.code)
        if key:
            for new in (" 3", " text", " []", " null", " true"):
                yield line.with_text("another type", line.code.rstrip() + new + "\n", key[1])
        return
    value = found[3]
    number = re.fullmatch(r"[0-9.]+", value)
    for new in (
        ("ten", "1.5", "[1, 2]", "yes") if number else ("3", f"[{value}]", f"{{a: {value}}}", "null", "true", "")
    ):
        yield line.with_text("another type", _put(line.text, found.span(3), new), found[1])


def _numbers(line: Line, _: random.Random) -> Iterator[Mutant]:
    for found in re.finditer(r"(?<=[ \"])[0-9][0-9.]*(?=[,}\s\"])", line.code):
        for new in ("0", "-1", "0.5", "1e9", "100", "4x", ".inf"):
            if new != found[0]:
                yield line.with_text("another number", _put(line.text, found.span(), new), found[0])


def _choices(line: Line, _: random.Random) -> Iterator[Mutant]:
    for found in re.finditer(r"(?<=[ \[])(cifar10|digits|synthetic|true)(?=[,\]\s])", line.code):
        for new in ("cifar100", "Digits", "mnist", "maybe"):
            yield line.with_text("no such choice", _put(line.text, found.span(1), new), new)


def _scripts(line: Line, _: random.Random) -> Iterator[Mutant]:
    found = re.search(r"script: (\S+)", line.code)
    names = ("train.py", "prepare_data.py", "register_environment.py", "model.py", "evaluate.py", "train",
             "../train.py", "steps/train.py", "/steps/train.py")  # fmt: skip
    for new in names if found else ():
        if found and new != found[1]:
            yield line.with_text("another script", _put(line.text, found.span(1), new), found[1], new)


def _quotes(line: Line, _: random.Random) -> Iterator[Mutant]:
    for found in re.finditer(r"[\"'\[\]{}]", line.code):
        yield line.with_text("quote or bracket lost", _put(line.text, found.span(), ""))
        yield line.with_text("quote or bracket twice", _put(line.text, found.span(), found[0] * 2))
    value = re.search(r": +(\w\S*)$", line.code)
    if value:
        for quote in "\"'":
            yield line.with_text("quote or bracket lost", _put(line.text, value.span(1), quote + value[1]))
            yield line.with_text("quote or bracket lost", _put(line.text, value.span(1), value[1] + quote))


def _colons(line: Line, _: random.Random) -> Iterator[Mutant]:
    for found in re.finditer(r":( |$)", line.code):
        for new in ("", found[0].strip(), " ", " =", ";" + found[1], "::" + found[1]):
            if new != found[0]:
                yield line.with_text("colon or space", _put(line.text, found.span(), new))


def _indentations(line: Line, _: random.Random) -> Iterator[Mutant]:
    for new in (1, -1, 2, -2, 4):
        if line.indentation + new >= 0:
            yield line.with_text("indentation", " " * (line.indentation + new) + line.text.lstrip(" "))
    if line.indentation:
        yield line.with_text("indentation", "\t" + line.text.lstrip(" "))


def _characters(line: Line, chance: random.Random) -> Iterator[Mutant]:
    for at in chance.sample(range(len(line.code.rstrip())), k=min(4, len(line.code.rstrip()))):
        word = next((one for one in re.finditer(r"[\w./-]+", line.code) if one.start() <= at < one.end()), None)
        new = line.text[:at] + line.text[at + 1 :]
        yield line.with_text("character lost", new, word[0] if word else "")


def _whole(line: Line, _: random.Random) -> Iterator[Mutant]:
    lines, number = line.lines, line.number
    words = tuple(one for one in re.findall(r"[\w.-]+", line.code) if len(one) > 2)
    gone = [*lines[:number], *lines[number + 1 :]]
    above = next((one for one in range(number - 1, -1, -1) if gone[one].strip()), number)
    below = next((one for one in range(number, len(gone)) if gone[one].strip()), number)
    beside = frozenset({above + 1, below + 1, line.parent + 1})
    shown = line.text.strip()
    yield Mutant("line lost", "".join(gone), beside, shown, words)
    twice = "".join([*lines[: number + 1], *lines[number:]])
    yield Mutant("line twice", twice, frozenset({number + 1, number + 2}), shown, words)
    if number + 1 < len(lines) and lines[number + 1].strip():
        swapped = "".join([*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]])
        yield Mutant("lines swapped", swapped, frozenset({number + 1, number + 2}), shown, words)


_MAKERS: tuple[Callable[[Line, random.Random], Iterator[Mutant]], ...] = (
    _keys, _values, _references, _types, _numbers, _choices, _scripts, _quotes, _colons, _indentations, _characters,
    _whole,
)  # fmt: skip


def everything(text: str, chance: random.Random) -> list[Mutant]:
    """Return every mistake that is known of here, each text once."""
    lines = tuple(text.splitlines(keepends=True))
    found: dict[str, Mutant] = {}
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            for make in _MAKERS:
                for one in make(Line(number, line, lines), chance):
                    found.setdefault(one.text, one)
    found.pop(text, None)
    return list(found.values())


def chosen(text: str, seed: int, count: int) -> list[Mutant]:
    """Return ``count`` of them: as many of each kind, as far as there are."""
    chance = random.Random(seed)  # noqa: S311 - the same seed, the same mistakes
    kinds: dict[str, list[Mutant]] = {}
    for one in everything(text, chance):
        kinds.setdefault(one.kind, []).append(one)
    for mutants in kinds.values():
        chance.shuffle(mutants)
    found: list[Mutant] = []
    while len(found) < count and any(kinds.values()):
        for mutants in kinds.values():
            if mutants and len(found) < count:
                found.append(mutants.pop())
    return sorted(found, key=lambda one: (list(kinds).index(one.kind), min(one.lines), one.shown))
