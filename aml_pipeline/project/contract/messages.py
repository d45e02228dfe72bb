"""What a script refuses in a step's arguments → a message and its cure."""

from __future__ import annotations

from collections.abc import Sequence

from aml_pipeline.core.problems import nearest, suggest
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Input, Parameter, parts
from aml_pipeline.project.contract.matching import Finding
from aml_pipeline.project.contract.model import COMMAND, FLAG, ONE, REST, Option, Parser

_KINDS = {"int": "an integer", "float": "a number", "complex": "a number"}
_COUNTS = {ONE: "one value", "?": "at most one value", "*": "any number of values", "+": "at least one value",
           FLAG: "no value", REST: "any number of values", COMMAND: "at least one value"}  # fmt: skip
_MOST_CHOICES = 10
_SEVERAL = 'Declare it with nargs="+" in the script, or give this step a matrix with the same axes.'


class Words:
    """Says what was found about a step's arguments."""

    def __init__(self, step: Step, plan: Plan, parser: Parser, finding: Finding) -> None:
        self._step = step
        self._plan = plan
        self._parser = parser
        self._code, self._at, option, self._detail = finding
        self._option = option or Option((), "", 0)
        self._where = f"{step.script}:{self._option.line}" if self._option.line else step.script
        self._text = (self._at and self._at.text) or ""
        self._argument = step.arguments[self._at.argument] if self._at else None
        self._written = (self._argument and self._argument.option) or ""  # the option in the file
        token = self._argument.values[self._at.place] if self._argument and self._at and self._at.place >= 0 else None
        self._place = self._argument.place_of(self._at.place) if self._argument and self._at and token else ()
        self._parameter = token if isinstance(token, Parameter) else None
        self._say = {
            "unknown-option": self._unknown,
            "ambiguous-option": self._ambiguous,
            "option-abbreviated": self._abbreviated,
            "option-twice": self._twice,
            "exclusive-options": self._exclusive,
            "missing-option": self._missing_option,
            "missing-argument": self._missing_argument,
            "too-many-arguments": self._too_many,
            "option-type": self._type,
            "option-choice": self._choice,
            "option-values": self._values,
            "subcommand-choice": self._command,
        }

    def said(self) -> tuple[str, str]:
        """Return the message and the cure."""
        return self._say[self._code]()

    def _label(self) -> str:
        """Return the option and where the script declares it."""
        return f"{self._option.label} ({self._where})"

    def _value(self) -> str:
        if self._at is None or self._at.text is None:
            return "a path"
        return f'"{self._text}"' + (f' (value of parameter "{self._parameter.name}")' if self._parameter else "")

    def _unknown(self) -> tuple[str, str]:
        name = self._text.partition("=")[0]
        message = f"{self._step.script} has no option {name}."
        if self._written and self._at and self._at.place >= 0:
            return message, 'Python\'s argument parser reads a text that begins with "-" as an option, not as a value.'
        exits = {name for option in self._parser.options if option.exits for name in option.names}
        known = [str(known) for known in self._detail if known not in exits]
        return message, suggest(name, known, noun="option")

    def _ambiguous(self) -> tuple[str, str]:
        names = " or ".join(map(str, self._detail))
        return f"{self._text} is ambiguous in {self._step.script}: {names}.", "Write the full name."

    def _abbreviated(self) -> tuple[str, str]:
        short, name = self._text.partition("=")[0], self._detail[0]
        return f"{short} means {name} ({self._where}) only until another option begins with it.", f"Write {name}."

    def _twice(self) -> tuple[str, str]:
        return f"{self._label()} is given twice; only the last one counts.", "Delete one of them."

    def _exclusive(self) -> tuple[str, str]:
        return f"{self._label()} cannot be combined with {self._detail[0]}.", "Delete one of them."

    def _missing_option(self) -> tuple[str, str]:
        if not self._detail:
            return f"{self._label()} is required.", f"Add `{self._option.label}:` under `arguments:`."
        names = ", ".join(map(str, self._detail))
        return f"one of {names} is required ({self._where}).", "Add one of them under `arguments:`."

    def _missing_argument(self) -> tuple[str, str]:
        what = "a subcommand" if self._option.nargs == COMMAND else f"the positional value {self._option.label}"
        return f"{what} is required ({self._where}).", "Write `arguments:` as a list, and add it as an item."

    def _too_many(self) -> tuple[str, str]:
        if self._written:
            return self._surplus()
        if variants := self._variants():
            return f"{self._step.script} would get {variants} here, which are too many positional values.", _SEVERAL
        accepted = "no more" if any(not option.names for option in self._parser.options) else "no"
        message = f"{self._step.script} accepts {accepted} positional values, got {self._value()}."
        name, _, value = self._text.partition(" ")
        if value and any(name in option.names for option in self._parser.options):
            return message, f"Write the option as a key: `{name}: {value.strip()}`."
        return message, "Delete it, or name its option."

    def _surplus(self) -> tuple[str, str]:
        name = self._written.partition("=")[0]
        option = next((option for option in self._parser.options if name in option.names), None)
        message = f"{self._value()} is one value too many for {name}"
        if option is None:
            return f"{message}.", "Delete it."
        if (variants := self._variants()) and option.nargs != FLAG:
            where = f"{name} ({self._step.script}:{option.line})"
            return f"{where} expects {_count(option)}, but would get {variants}.", _SEVERAL
        message = f"{message} ({self._step.script}:{option.line}), which expects {_count(option)}."
        if option.nargs == FLAG and self._parameter:
            change = '`choices=["true", "false"]` in place of `action="store_true"`'
            cure = f"A boolean parameter is a value: let the script accept one ({change}), or write `{name}: true`."
            return message, cure
        return message, f"Write `{name}: true`." if option.nargs == FLAG else "Delete it."

    def _variants(self) -> str:
        """Return which variants the refused value is one of, if one expression in the file became several values."""
        places = [(token, argument.place_of(index)) for argument in self._step.arguments
                  for index, token in enumerate(argument.values)]  # fmt: skip
        steps = {part.step for token, place in places if place == self._place
                 for part in parts(token) if isinstance(part, Input)}  # fmt: skip
        return f'{len(steps)} variants of step "{self._plan.step(min(steps)).declared}"' if len(steps) > 1 else ""

    def _axis(self) -> str:
        """Return the axis that the refused value is from, if any."""
        if self._place[2:3] != ("matrix",):
            return ""
        return next(key for key in reversed(self._place) if isinstance(key, str))  # others are indices

    def _type(self) -> tuple[str, str]:
        kind = _KINDS.get(self._option.kind, "another value")
        return f"{self._label()} expects {kind}, got {self._value()}.", f"Give {kind}."

    def _choice(self) -> tuple[str, str]:
        choices = self._option.choices or ()
        message = f"{self._label()} does not accept {self._value()}; choices: {_listed(choices)}."
        near = None if isinstance(choices, range) else nearest(self._text, map(str, choices))
        return message, f'Did you mean "{near}"?' if near else "Use one of the choices."

    def _values(self) -> tuple[str, str]:
        kind, value = self._detail
        expected = f"{self._label()} expects {_count(self._option)}"
        if kind == "glued":
            return f'{expected}, got "{value}".', "Write the option alone."
        name = self._written or self._option.label
        if kind == "looks":
            message = f'{expected}, but "{self._text}" begins with "-" and is read as an option.'
            if axis := self._axis():
                item = f"- {name}=${{{{ matrix.{axis} }}}}"
                return message, f"Write `arguments:` as a list, with both as one item: `{item}`."
            return message, f'Write both as one: `"{name}={self._text}": true`.'
        plural = "" if self._option.nargs == ONE else "s in a list"
        return f"{expected}, got {value or 'none'}.", f"Write `{name}:` with its value{plural}."

    def _command(self) -> tuple[str, str]:
        message = f'unknown subcommand "{self._text}" ({self._where}).'
        return message, suggest(self._text, map(str, self._detail), noun="subcommand")


def _count(option: Option) -> str:
    return _COUNTS.get(option.nargs) or counted(int(option.nargs), "value")


def _listed(choices: Sequence[object]) -> str:
    if isinstance(choices, range) and choices.step == 1 and choices:
        return f"{choices[0]} to {choices[-1]}"
    return ", ".join(map(str, choices[:_MOST_CHOICES])) + (", …" if len(choices) > _MOST_CHOICES else "")
