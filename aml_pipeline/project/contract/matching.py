"""Texts of a command line matched with the options of a parser, as Python's argparse does it.

Two readings exist. Until Python 3.12.6 a positional that may be empty is filled with nothing as soon as an option
follows; since then it waits. Only what both refuse is a fault, so both are asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from aml_pipeline.project.contract.model import COMMAND, FLAG, ONE, REST, UNKNOWN, Option, Parser
from aml_pipeline.project.contract.recognition import CannotTellError, Match, Recognizer, Text, may_name
from aml_pipeline.project.contract.values import Refusal, counts_as_given, refusal


class Finding(NamedTuple):
    """Something a script refuses (or, for a warning, takes to no use): where, by which of its options, and details."""

    code: str
    at: Text | None
    option: Option | None
    detail: tuple[object, ...] = ()


class Reading(NamedTuple):
    """How the texts are read: what is unknown is refused, positionals stand anywhere, empty positionals wait."""

    strict: bool = True
    intermixed: bool = False
    waits: bool = False


def match(parser: Parser, texts: Sequence[Text], reading: Reading) -> list[Finding]:
    """Return what ``parser`` refuses in ``texts``, and what it takes to no use."""
    matcher = Matcher(parser, texts, reading)
    try:
        matcher.run()
    except CannotTellError as error:
        return [] if matcher.is_void(error) else [*matcher.findings, *matcher.never_named()]
    return matcher.findings


class Matcher:
    """One parser at work on the texts that are left for it."""

    def __init__(self, parser: Parser, texts: Sequence[Text], reading: Reading) -> None:
        self.findings: list[Finding] = []
        self._parser = parser
        self._texts = texts
        self._reading = reading
        self._options = Recognizer(parser, strict=reading.strict)
        self._waiting = [number for number, one in enumerate(parser.options) if not one.names]
        self._loose = parser.open or any(
            not one.names and (not one.certain or one.nargs == UNKNOWN) for one in parser.options
        )
        self._seen: set[int] = set()
        self._given: dict[int, bool] = {}
        self._empty: set[int] = set()  # positionals that were matched with nothing
        self._free: list[int] = []
        self._letters = ""

    def run(self) -> None:
        """Match all the texts."""
        self._options.refuse_strange(self._texts, intermixed=self._reading.intermixed)
        self._letters = "".join(self._options.letter_of_each(self._texts))
        at, last = 0, self._letters.rfind("O")
        while at <= last:
            option = self._letters.index("O", at)
            if at != option:
                end = self._positionals(at)
                if end > at:
                    at = end
                    continue
                self._left_over(range(at, option))
            at = self._option(option)
        self._end(at)

    def _end(self, at: int) -> None:
        if self._reading.intermixed:
            self._free += range(at, len(self._texts))
            self._intermixed_positionals()
        else:
            self._left_over(range(self._positionals(at), len(self._texts)))
        self._missing(self._seen)

    def _option(self, at: int) -> int:
        """Match the option at ``at`` and its values; return where they end."""
        found = self._options.resolved(self._texts[at])
        if found is None or found.number < 0:
            return self._unknown(at, ambiguous=found is None)
        if found.glued is None and found.name != self._texts[at].text:
            self._tell("option-abbreviated", self._texts[at], found.number, found.name)
        while True:
            option = self._known(found.number)
            if found.glued is None:
                return self._values(at, found.number, found.name)
            if option.nargs != FLAG:
                return self._glued_value(at, found.number, found.glued)
            following = self._next_glued(at, found)
            if following is None:
                return self._after_own_values(at)
            self._take(found.number, [], self._texts[at])
            found = following

    def _known(self, number: int) -> Option:
        option = self._parser.options[number]
        if option.exits:
            raise CannotTellError(at_all=True)
        if option.nargs == UNKNOWN:
            raise CannotTellError
        return option

    def _unknown(self, at: int, *, ambiguous: bool) -> int:
        text = self._texts[at]
        if ambiguous:
            names = tuple(one.name for one in self._options.candidates(text.text or ""))
            self._tell("ambiguous-option", text, None, *names)
        elif self._reading.strict:
            self._tell("unknown-option", text, None, *self._options.names)
        else:
            if self._reading.intermixed:
                raise CannotTellError
            return at + 1
        return self._after_own_values(at)

    def _after_own_values(self, at: int) -> int:
        """Return where the values end that the file writes under the option at ``at``: they stand or fall with it."""
        argument, end = self._texts[at].argument, at + 1
        while end < len(self._texts) and self._texts[end].argument == argument and self._letters[end] == "A":
            end += 1
        return end

    def _next_glued(self, at: int, found: Match) -> Match | None:
        """Return the flag that follows the flag ``found`` in a text such as ``-vq``; None when that is none."""
        glued = found.glued or ""
        if "=" in (self._texts[at].text or ""):
            if found.name[1:2] not in self._parser.prefix:
                raise CannotTellError(at_all=True)  # versions of Python differ in where they cut
        elif glued and found.name[1:2] not in self._parser.prefix:
            name = found.name[0] + glued[0]
            if name in self._options.names:
                return Match(self._options.only(name), name, glued[1:] or None)
            if not self._reading.strict:
                raise CannotTellError(at_all=True)  # newer versions of Python let the rest pass
        self._seen.add(found.number)
        self._tell("option-values", self._texts[at], found.number, "glued", glued)
        return None

    def _glued_value(self, at: int, number: int, value: str) -> int:
        if not re.fullmatch(_pattern(self._parser.options[number]), "A"):
            self._tell("option-values", self._texts[at], number, "glued", value)
        else:
            self._take(number, [self._texts[at]._replace(text=value)], self._texts[at])
        return at + 1

    def _values(self, at: int, number: int, name: str) -> int:
        found = re.match(_pattern(self._parser.options[number]), self._letters[at + 1 :])
        if found is None:
            self._seen.add(number)
            return self._too_few(at, number)
        end = at + 1 + len(found[1])
        self._take(number, list(self._texts[at + 1 : end]), self._texts[at], name)
        return end

    def _too_few(self, at: int, number: int) -> int:
        """Tell that the option at ``at`` lacks values; return where those end that the file writes under it."""
        end = self._after_own_values(at)
        count, argument = end - at - 1, self._texts[at].argument
        refused = self._texts[end] if end < len(self._texts) else None
        if refused is None or refused.argument != argument or refused.place < 0:
            self._tell("option-values", self._texts[at], number, "few", count)
            return end
        self._tell("option-values", refused, number, "looks", count)
        while end < len(self._texts) and self._texts[end].argument == argument:
            end += 1
        if not self._parser.options[number].certain and self._options.may_ask_for_help(self._texts[at:end]):
            raise CannotTellError(at_all=True)
        return end

    def _positionals(self, at: int) -> int:
        """Match as many positionals as possible with the texts from ``at``; return where they end."""
        if self._loose or self._reading.intermixed:
            return self._loose_positionals(at)
        options, letters = self._parser.options, self._letters[at:]
        for count in range(len(self._waiting), 0, -1):
            found = re.match("".join(_pattern(options[number]) for number in self._waiting[:count]), letters)
            if found:
                lengths = [len(one) for one in found.groups()]
                while self._reading.waits and letters[found.end() : found.end() + 1] == "O":
                    if not lengths or lengths[-1]:
                        break
                    lengths.pop()
                return self._fill(lengths, at)
        return at

    def _loose_positionals(self, at: int) -> int:
        """Keep values aside where positionals stand anywhere; stop where unseen positionals may take them."""
        end = at
        while end < len(self._letters) and self._letters[end] != "O":
            end += 1
        if end > at and self._loose:
            raise CannotTellError
        self._free += range(at, end)
        return end

    def _intermixed_positionals(self) -> None:
        options = self._parser.options
        self._texts = [self._texts[place] for place in self._free]
        self._letters = "A" * len(self._texts)
        self._reading = self._reading._replace(intermixed=False)
        if any(options[number].nargs in {REST, COMMAND} for number in self._waiting):
            raise CannotTellError(at_all=True)
        self._left_over(range(self._positionals(0), len(self._texts)))

    def _fill(self, lengths: list[int], at: int) -> int:
        numbers, self._waiting = self._waiting[: len(lengths)], self._waiting[len(lengths) :]
        for number, length in zip(numbers, lengths, strict=True):
            texts = list(self._texts[at : at + length])
            if self._parser.options[number].commands is not None:
                self._seen.add(number)
                self._command(self._parser.options[number], texts)
            else:
                self._take(number, [one for place, one in enumerate(texts, at) if self._letters[place] != "-"])
            at += length
        return at

    def _command(self, option: Option, texts: list[Text]) -> None:
        name = texts[0].text
        several = [one for one in option.commands or () if name in one.names]
        found = several[0] if several else None
        if name is None or (found is None and option.commands_open) or not option.certain or len(several) > 1:
            raise CannotTellError
        if found is None:
            known = [known for one in option.commands or () for known in one.names]
            self.findings.append(Finding("subcommand-choice", texts[0], option, tuple(known)))
            raise CannotTellError(refused=True)
        matcher = Matcher(found.parser, texts[1:], self._reading)
        try:
            matcher.run()
        except CannotTellError as error:
            if matcher.is_void(error):
                raise CannotTellError(at_all=True) from None
            matcher.findings += matcher.never_named()
        finally:
            self.findings += matcher.findings

    def _take(self, number: int, texts: list[Text], at: Text | None = None, name: str = "") -> None:
        """Note that the option has these values, and what is wrong with them."""
        option = self._parser.options[number]
        if at and number in self._seen and option.keeps_last:
            self._tell("option-twice", at, number, name)
        self._seen.add(number)
        if not option.names and not texts:
            self._empty.add(number)
        checked = texts[:0] if option.nargs == FLAG else texts
        for text in checked:
            wrong = refusal(option, text.text)
            if wrong:
                self.findings.append(Finding(_CODES[wrong], text, option, (text.text,)))
        self._exclude(number, at or (texts[0] if texts else None), [one.text for one in texts])

    def _exclude(self, number: int, at: Text | None, texts: list[str | None]) -> None:
        given = counts_as_given(self._parser.options[number], texts)
        self._given[number] = self._given.get(number, False) or given
        if not given:
            return
        for group in self._parser.groups:
            others = [one for one in group.members if one != number and self._given.get(one)]
            if number in group.members and others:
                self._tell("exclusive-options", at, number, self._parser.options[others[0]].label)

    def _left_over(self, places: range) -> None:
        if self._reading.strict:
            for place in places:
                self._tell("too-many-arguments", self._texts[place], None)

    def is_void(self, error: CannotTellError) -> bool:
        """Whether what was found is no fault, for a text may ask for help: then a script ends without complaint."""
        if error.at_all or error.refused:
            return error.at_all
        return self._options.may_ask_for_help(self._texts)

    def never_named(self) -> list[Finding]:
        """Return what is required and that no text, wherever it may belong, could give."""
        named = {number for number in self._seen if self._parser.options[number].names}
        words = self._options.words(self._texts)
        for number, option in enumerate(self._parser.options):
            if any(may_name(word, name) for word in words for name in option.names):
                named.add(number)
        found = len(self.findings)
        self._missing(named | {number for number, one in enumerate(self._parser.options) if not one.names})
        told, self.findings = self.findings[found:], self.findings[:found]
        return told

    def _missing(self, seen: set[int]) -> None:
        for number, option in enumerate(self._parser.options):
            if option.required and option.certain and number not in seen:
                self._tell("missing-option" if option.names else "missing-argument", None, number)
        for group in self._parser.groups:
            if group.required and not (seen - self._empty) & set(group.members):
                labels = [self._parser.options[number].label for number in group.members]
                self._tell("missing-option", None, group.members[0], *labels)

    def _tell(self, code: str, at: Text | None, number: int | None, *detail: object) -> None:
        self.findings.append(Finding(code, at, None if number is None else self._parser.options[number], detail))


_CODES: dict[Refusal, str] = {"type": "option-type", "choice": "option-choice"}
_Pattern = Callable[[Option], str]


_PATTERNS = {"?": "(-*A?-*)", "*": "(-*[A-]*)", "+": "(-*A[A-]*)", REST: "([-AO]*)", COMMAND: "(-*A[-AO]*)"}


def _pattern(option: Option) -> str:
    """Return the regular expression of the letters that an option's values make."""
    if option.nargs == ONE:
        pattern = "(-*A-*)"
    else:
        pattern = _PATTERNS.get(option.nargs) or f"(-*{'-*'.join('A' * int(option.nargs))}-*)"
    return pattern.replace("-*", "").replace("-", "") if option.names else pattern
