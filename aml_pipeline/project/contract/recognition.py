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
    """Knows the names of a parser's options."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self.names = {name: number for number, option in enumerate(parser.options) for name in option.names}
        self._negatives = any(_NEGATIVE.fullmatch(name) for name in self.names)

    def letters(self, texts: Sequence[Text]) -> str:
        """Return for each text O (looks like an option), A (a value) or - (the text ``--``)."""
        greedy = any(option.nargs in {REST, COMMAND} for option in self._parser.options)
        if [text.text for text in texts].count("--") > (0 if greedy else 1):
            raise CannotTellError(at_all=True)  # versions of Python differ
        return "".join(self._letter_of_each(texts))

    def _letter_of_each(self, texts: Sequence[Text]) -> Iterator[str]:
        ended = False
        for text in texts:
            if text.text == "--" and not ended:
                ended = True
                yield "-"
            else:
                yield "O" if not ended and self._looks_like_an_option(text.text or "") else "A"

    def _looks_like_an_option(self, text: str) -> bool:
        if not text.startswith("-") or text == "-":
            return text in self.names
        if text in self.names or text.partition("=")[0] in self.names or self.candidates(text):
            return True
        is_number = bool(_NEGATIVE.fullmatch(text))
        return not (is_number and not self._negatives) and " " not in text

    def candidates(self, text: str) -> list[Match]:
        """Return what ``text``, which is no option's name, may be short for, or hold with a value glued on."""
        if text.startswith("--"):
            start, equals, value = text.partition("=")
            names = self.names if self._parser.abbreviates else {}
            glued = value if equals else None
            return [Match(number, name, glued) for name, number in names.items() if name.startswith(start)]
        return [
            Match(number, name, text[2:] if name == text[:2] else None)
            for name, number in self.names.items()
            if name == text[:2] or name.startswith(text)
        ]

    def resolved(self, text: str) -> Match | None:
        """Return what the text stands for; None when it may be short for several options."""
        if text in self.names:
            return Match(self.names[text], text)
        name, equals, value = text.partition("=")
        if equals and name in self.names:
            return Match(self.names[name], name, value)
        if self._parser.open:
            raise CannotTellError
        candidates = self.candidates(text)
        if not candidates and equals and any(known.startswith(name) for known in self.names) and len(name) > 1:
            raise CannotTellError(at_all=True)  # newer versions of Python take it for an abbreviation
        if len(candidates) > 1:
            if len({match.number for match in candidates}) == 1:
                raise CannotTellError(at_all=True)  # whether that is ambiguous depends on the version of Python
            return None
        return candidates[0] if candidates else Match(-1, text)

    def may_ask_for_help(self, texts: Sequence[Text]) -> bool:
        """Whether one of ``texts`` may ask for help or a version."""
        exits = [name for option in self._parser.options if option.exits for name in option.names]
        return any(may_name(word, name) for word in words(texts) for name in exits)


def words(texts: Sequence[Text]) -> list[str]:
    """Return what begins as options do."""
    return [text.text for text in texts if text.text and text.text.startswith("-")]


def may_name(word: str, name: str) -> bool:
    """Whether ``word`` may be the option ``name``: written out, abbreviated, or glued to others."""
    start = word.partition("=")[0]
    return name.startswith(start) or (len(name) == 2 and word[1:2] != "-" and name[1] in word)  # noqa: PLR2004 - -x
