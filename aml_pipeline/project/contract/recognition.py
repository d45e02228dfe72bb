"""Which texts of a command line are options, and which ones, as Python's argparse sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aml_pipeline.project.contract.model import COMMAND, REST, Parser


class Text(NamedTuple):
    """One text of the command line; ``text`` is None for a path that only a backend knows.

    ``argument`` counts the step's arguments, ``place`` the values of one; it is -1 for the option itself.
    """

    text: str | None
    argument: int
    place: int


class CannotTellError(Exception):
    """From here on nothing can be told; with ``at_all``, what was found before is void too.

    ``refused``: the script stops here for sure.
    """

    def __init__(self, *, at_all: bool = False, refused: bool = False) -> None:
        super().__init__()
        self.at_all = at_all
        self.refused = refused


class Match(NamedTuple):
    """What an option's text stands for: the option's number (-1: no option is called so), and a value glued on."""

    number: int
    name: str
    glued: str | None = None


_NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")


class Recognizer:
    """Knows the names of a parser's options; ``strict`` when what it does not know is refused."""

    def __init__(self, parser: Parser, *, strict: bool) -> None:
        self._parser = parser
        self._strict = strict
        self.names = _by_name(parser)
        self._negatives = any(_NEGATIVE.fullmatch(name) for name in self.names)

    def refuse_strange(self, among: Sequence[Text], *, intermixed: bool) -> None:
        """Stop where a text is not what it seems: the name of a file of arguments, or one of two ``--``."""
        texts = [one.text for one in among]
        odd = self._parser.prefix + self._parser.files
        if None in texts and any(char.isalnum() or char in "/\\.:" for char in odd):
            raise CannotTellError(at_all=True)
        if any(text and text[0] in self._parser.files for text in texts):
            raise CannotTellError(at_all=True)
        unsure = any(_NEGATIVE.fullmatch(name) for one in self._parser.options for name in one.names if not one.certain)
        if unsure and any(text and text[0] in self._parser.prefix and _NEGATIVE.match(text) for text in texts):
            raise CannotTellError(at_all=True)
        greedy = intermixed or any(one.nargs in {REST, COMMAND} for one in self._parser.options)
        if texts.count("--") > (0 if greedy else 1):
            raise CannotTellError(at_all=True)

    def letter_of_each(self, texts: Sequence[Text]) -> Iterator[str]:
        """Yield for each text O (looks like an option), A (a value) or - (the text ``--``)."""
        ended = False
        for one in texts:
            if one.text == "--" and not ended:
                ended = True
                yield "-"
            else:
                yield "O" if not ended and self._looks_like_an_option(one.text) else "A"

    def _looks_like_an_option(self, text: str | None) -> bool:
        if not text or text[0] not in self._parser.prefix:
            return False
        if text in self.names:
            return True
        if len(text) == 1:
            return False
        is_number = bool(_NEGATIVE.fullmatch(text))
        candidates = self.candidates(text)
        if text.partition("=")[0] in self.names or candidates:
            unsure = not any(self._parser.options[one.number].certain for one in candidates)
            if candidates and unsure and (is_number or " " in text):
                raise CannotTellError(at_all=True)
            return True
        return not (is_number and not self._negatives) and " " not in text

    def candidates(self, text: str) -> list[Match]:
        """Return what ``text``, which is no option's name, may be short for, or hold with a value glued on."""
        if text[1] in self._parser.prefix:
            start, equals, value = text.partition("=")
            found = self.names if self._parser.abbreviates else ()
            return [
                Match(self.names[name][0], name, value if equals else None) for name in found if name.startswith(start)
            ]
        return [
            Match(self.names[name][0], name, text[2:] if name == text[:2] else None)
            for name in self.names
            if name == text[:2] or name.startswith(text)
        ]

    def resolved(self, one: Text) -> Match | None:
        """Return what the text stands for; None when it may be short for several options."""
        text = one.text or ""
        if text in self.names:
            return Match(self.only(text), text)
        name, equals, value = text.partition("=")
        if equals and name in self.names:
            return Match(self.only(name), name, value)
        if self._parser.open:
            raise CannotTellError
        candidates = self.candidates(text)
        if not candidates and equals and any(one.startswith(name) for one in self.names) and len(name) > 1:
            raise CannotTellError(at_all=True)  # newer versions of Python take it for an abbreviation
        if any(not self._parser.options[one.number].certain for one in candidates):
            raise CannotTellError
        if len(candidates) > 1:
            if len({one.number for one in candidates}) == 1:
                raise CannotTellError(at_all=True)  # whether that is ambiguous depends on the version of Python
            return None
        return candidates[0] if candidates else Match(-1, text)

    def only(self, name: str) -> int:
        """Return the one option that is called ``name``."""
        numbers = self.names[name]
        if len(numbers) > 1 or not self._is_sure(numbers[0], name):
            raise CannotTellError
        return numbers[0]

    def _is_sure(self, number: int, name: str) -> bool:
        """Whether a text that begins with ``name`` means this option, or else is refused."""
        if self._parser.options[number].certain:
            return True
        return self._strict and all(one.name == name for one in self.candidates(name))

    def may_ask_for_help(self, texts: Sequence[Text]) -> bool:
        """Whether one of ``texts`` may ask for help or a version."""
        exits = [name for one in self._parser.options if one.exits for name in one.names]
        return any(may_name(word, name) for word in self.words(texts) for name in exits)

    def words(self, texts: Sequence[Text]) -> list[str]:
        """Return what begins as options do."""
        return [one.text for one in texts if one.text and one.text[0] in self._parser.prefix]


def _by_name(parser: Parser) -> dict[str, list[int]]:
    names: dict[str, list[int]] = {}
    for number, option in enumerate(parser.options):
        for name in option.names:
            names.setdefault(name, []).append(number)
    return names


def may_name(word: str, name: str) -> bool:
    """Whether ``word`` may be the option ``name``: written out, abbreviated, or glued to others."""
    start = word.partition("=")[0]
    return name.startswith(start) or (len(name) == 2 and word[1:2] != word[0] and name[1] in word)  # noqa: PLR2004 - -x
