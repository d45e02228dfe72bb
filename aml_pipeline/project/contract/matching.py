"""Texts of a command line matched with the options of a parser, as Python's argparse does it.

Two readings exist. Until Python 3.12.6 a positional that may be empty is filled with nothing as soon as an option
follows; since then it waits. Only what both refuse is a fault, so both are asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from aml_pipeline.project.contract.model import COMMAND, FLAG, REST, UNKNOWN, Option, Parser
from aml_pipeline.project.contract.recognition import CannotTellError, Recognizer, Text, may_name, words
from aml_pipeline.project.contract.values import counts_as_given, refusal


class Finding(NamedTuple):
    """Something a script refuses (or, for a warning, takes to no use): where, by which of its options, and details."""

    code: str
    at: Text | None
    option: Option | None
    detail: tuple[object, ...] = ()


def match(parser: Parser, texts: Sequence[Text], *, strict: bool, waits: bool) -> list[Finding]:
    """Return what ``parser`` refuses in ``texts``, and what it takes to no use.

    ``strict``: what is unknown is refused. ``waits``: positionals that may be empty wait for values.
    """
    matcher = Matcher(parser, texts, strict=strict, waits=waits)
    try:
        matcher.run()
    except CannotTellError as error:
        return [] if matcher.is_void(error) else [*matcher.findings, *matcher.never_named()]
    return matcher.findings


class Matcher:
    """One parser at work on the texts that are left for it."""

    def __init__(self, parser: Parser, texts: Sequence[Text], *, strict: bool, waits: bool) -> None:
        self.findings: list[Finding] = []
        self._parser = parser
        self._texts = texts
        self._strict = strict
        self._waits = waits
        self._options = Recognizer(parser)
        self._waiting = [number for number, option in enumerate(parser.options) if not option.names]
        self._loose = parser.open or any(not option.names and option.nargs == UNKNOWN for option in parser.options)
        self._seen: set[int] = set()
        self._given: set[int] = set()  # what excludes others of its group
        self._empty: set[int] = set()  # positionals that were matched with nothing
        self._letters = ""

    def run(self) -> None:
        """Match all the texts."""
        self._letters = self._options.letters(self._texts)
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
        self._left_over(range(self._positionals(at), len(self._texts)))
        self.findings += self._missing(self._seen)

    def _option(self, at: int) -> int:
        """Match the option at ``at`` and its values; return where they end."""
        resolved = self._options.resolved(self._texts[at].text or "")
        if resolved is None or resolved.number < 0:
            return self._unknown(at, ambiguous=resolved is None)
        option = self._known(resolved.number)
        if resolved.glued is None:
            if resolved.name != self._texts[at].text:
                self._tell("option-abbreviated", self._texts[at], resolved.number, resolved.name)
            return self._values(at, resolved.number, resolved.name)
        if option.nargs != FLAG:
            return self._glued_value(at, resolved.number, resolved.glued)
        if not resolved.name.startswith("--"):
            raise CannotTellError(at_all=True)  # several flags in one text, which versions of Python cut differently
        self._seen.add(resolved.number)
        self._tell("option-values", self._texts[at], resolved.number, "glued", resolved.glued)
        return self._after_own_values(at)

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
            names = tuple(candidate.name for candidate in self._options.candidates(text.text or ""))
            self._tell("ambiguous-option", text, None, *names)
        elif self._strict:
            self._tell("unknown-option", text, None, *self._options.names)
        else:
            return at + 1
        return self._after_own_values(at)

    def _after_own_values(self, at: int) -> int:
        """Return where the values end that the file writes under the option at ``at``: they stand or fall with it."""
        argument, end = self._texts[at].argument, at + 1
        while end < len(self._texts) and self._texts[end].argument == argument and self._letters[end] == "A":
            end += 1
        return end

    def _glued_value(self, at: int, number: int, value: str) -> int:
        if not re.fullmatch(_pattern(self._parser.options[number]), "A"):
            self._tell("option-values", self._texts[at], number, "glued", value)
        else:
            self._take(number, [self._texts[at]._replace(text=value)], self._texts[at])
        return at + 1

    def _values(self, at: int, number: int, name: str) -> int:
        match = re.match(_pattern(self._parser.options[number]), self._letters[at + 1 :])
        if match is None:
            self._seen.add(number)
            return self._too_few(at, number)
        end = at + 1 + len(match[1])
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
        return end

    def _positionals(self, at: int) -> int:
        """Match as many positionals as possible with the texts from ``at``; return where they end."""
        if self._loose and self._letters[at : at + 1] not in {"", "O"}:
            raise CannotTellError  # positionals that are not known may take them
        options, letters = self._parser.options, self._letters[at:]
        for count in range(len(self._waiting), 0, -1):
            match = re.match("".join(_pattern(options[number]) for number in self._waiting[:count]), letters)
            if match:
                lengths = [len(group) for group in match.groups()]
                while self._waits and letters[match.end() : match.end() + 1] == "O":
                    if not lengths or lengths[-1]:
                        break
                    lengths.pop()
                return self._fill(lengths, at)
        return at

    def _fill(self, lengths: list[int], at: int) -> int:
        numbers, self._waiting = self._waiting[: len(lengths)], self._waiting[len(lengths) :]
        for number, length in zip(numbers, lengths, strict=True):
            texts = list(self._texts[at : at + length])
            if self._parser.options[number].commands is not None:
                self._seen.add(number)
                self._command(self._parser.options[number], texts)
            else:
                self._take(number, [text for place, text in enumerate(texts, at) if self._letters[place] != "-"])
            at += length
        return at

    def _command(self, option: Option, texts: list[Text]) -> None:
        name = texts[0].text
        chosen = next((command for command in option.commands or () if name in command.names), None)
        if name is None or (chosen is None and option.commands_open):
            raise CannotTellError
        if chosen is None:
            known = [known for command in option.commands or () for known in command.names]
            self.findings.append(Finding("subcommand-choice", texts[0], option, tuple(known)))
            raise CannotTellError(refused=True)
        matcher = Matcher(chosen.parser, texts[1:], strict=self._strict, waits=self._waits)
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
        for text in texts:
            refused = refusal(option, text.text)
            if refused:
                code = "option-type" if refused == "type" else "option-choice"
                self.findings.append(Finding(code, text, option, (text.text,)))
        if counts_as_given(option, len(texts)):
            self._given.add(number)
            self._exclude(number, at or texts[0])

    def _exclude(self, number: int, at: Text) -> None:
        for group in self._parser.groups:
            others = [member for member in group.members if member != number and member in self._given]
            if number in group.members and others:
                self._tell("exclusive-options", at, number, self._parser.options[others[0]].label)

    def _left_over(self, places: range) -> None:
        if self._strict:
            for place in places:
                self._tell("too-many-arguments", self._texts[place], None)

    def is_void(self, error: CannotTellError) -> bool:
        """Whether what was found is no fault, for a text may ask for help: then a script ends without complaint."""
        if error.at_all or error.refused:
            return error.at_all
        return self._options.may_ask_for_help(self._texts)

    def never_named(self) -> list[Finding]:
        """Return what is required and that no text, wherever it may belong, could give."""
        positionals = {number for number, option in enumerate(self._parser.options) if not option.names}
        named = self._seen - positionals
        for number, option in enumerate(self._parser.options):
            if any(may_name(word, name) for word in words(self._texts) for name in option.names):
                named.add(number)
        return self._missing(named | positionals)

    def _missing(self, seen: set[int]) -> list[Finding]:
        findings = [
            Finding("missing-option" if option.names else "missing-argument", None, option)
            for number, option in enumerate(self._parser.options)
            if option.required and number not in seen
        ]
        for group in self._parser.groups:
            if group.required and (seen - self._empty).isdisjoint(group.members):
                members = [self._parser.options[number] for number in group.members]
                labels = tuple(option.label for option in members)
                findings.append(Finding("missing-option", None, members[0], labels))
        return findings

    def _tell(self, code: str, at: Text | None, number: int | None, *detail: object) -> None:
        self.findings.append(Finding(code, at, None if number is None else self._parser.options[number], detail))


_PATTERNS = {"?": "(-*A?-*)", "*": "(-*[A-]*)", "+": "(-*A[A-]*)", REST: "([-AO]*)", COMMAND: "(-*A[-AO]*)"}


def _pattern(option: Option) -> str:
    """Return the regular expression of the letters that an option's values make."""
    pattern = _PATTERNS.get(option.nargs) or f"(-*{'-*'.join('A' * int(option.nargs))}-*)"
    return pattern.replace("-*", "").replace("-", "") if option.names else pattern
