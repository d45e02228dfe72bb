"""The arguments of a step held against a script's contract → problems, in our words."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from aml_pipeline.core.problems import Path, Problem, Severity, suggest
from aml_pipeline.pipeline.plan.model import OtherValue, Plan, Step
from aml_pipeline.pipeline.plan.tokens import Argument, Dataset, Literal, Parameter, Token
from aml_pipeline.project.contract.matching import Finding, Reading, match
from aml_pipeline.project.contract.model import COMMAND, FLAG, Contract, Option, Parser
from aml_pipeline.project.contract.recognition import Text


def faults(contract: Contract, step: Step, plan: Plan, unknown: Container[str] = ()) -> list[Problem]:
    """Return what the script of ``step`` refuses in its arguments, as far as that is certain.

    Nothing is said of the values of parameters in ``unknown``.
    """
    if contract.parser is None:
        return []
    found = [one for one in _findings(contract, step, plan) if not _is_about_a_parameter(one, step, unknown)]
    wording = _Wording(step, contract.parser)
    return list(dict.fromkeys(wording.problem(one) for one in found))


_MOST_VALUES = 200  # of other runs, for one step: each is matched anew


def other_faults(contract: Contract, step: Step, plan: Plan, others: Sequence[OtherValue]) -> list[Problem]:
    """Return what the script of ``step`` refuses of the values that parameters get in other runs."""
    used = [one for one in others if one.parameter in step.parameters][:_MOST_VALUES]
    if contract.parser is None or not used:
        return []
    now = _findings(contract, step, plan)
    wording = _Wording(step, contract.parser)
    found = []
    for one in used:
        value = replace(plan.parameters[one.parameter], text=one.text)
        then = _findings(contract, step, replace(plan, parameters={**plan.parameters, one.parameter: value}))
        new = [each for each in then if each not in now and _is_about_a_parameter(each, step, {one.parameter})]
        found += [replace(wording.problem(each), path=one.place, on_key=False) for each in new]
    return list(dict.fromkeys(found))


def _findings(contract: Contract, step: Step, plan: Plan) -> list[Finding]:
    optional = frozenset(number for number, one in enumerate(step.arguments) if _may_be_absent(one, plan))
    texts = [text for number, one in enumerate(step.arguments) for text in _texts(number, one, plan)]
    found = _certain(contract, texts)
    if optional:
        without = _certain(contract, [one for one in texts if one.argument not in optional])
        found = [one for one in found if one in without or _is_about(one, optional)]
    return found


def _may_be_absent(argument: Argument, plan: Plan) -> bool:
    names = [one.name for one in argument.values if isinstance(one, Dataset)]
    return any(plan.datasets[name].optional for name in names)


# What is wrong with an argument whether or not others are given.
_OWN = frozenset({"unknown-option", "ambiguous-option", "option-values", "option-type", "option-choice",
                  "too-many-arguments", "option-abbreviated"})  # fmt: skip


def _is_about(finding: Finding, arguments: frozenset[int]) -> bool:
    return finding.at is not None and finding.at.argument in arguments and finding.code in _OWN


def _is_about_a_parameter(finding: Finding, step: Step, names: Container[str]) -> bool:
    if finding.at is None or finding.at.place < 0:
        return False
    token = step.arguments[finding.at.argument].values[finding.at.place]
    return isinstance(token, Parameter) and token.name in names


def _certain(contract: Contract, texts: Sequence[Text]) -> list[Finding]:
    """Return what both readings find; see ``matching``."""
    if contract.parser is None or (contract.bare and not texts):
        return []
    early, late = (
        match(contract.parser, texts, Reading(contract.strict, contract.intermixed, waits)) for waits in (False, True)
    )
    return [one for one in early if one in late]


def _texts(number: int, argument: Argument, plan: Plan) -> Iterator[Text]:
    if argument.option is not None:
        yield Text(argument.option, number, -1)
    for index, token in enumerate(argument.values):
        yield Text(_text(token, plan), number, index)


def _text(token: Token, plan: Plan) -> str | None:
    if isinstance(token, Literal):
        return token.text
    return plan.parameters[token.name].text if isinstance(token, Parameter) else None


_NUMBERS = {"int": "a whole number", "float": "a number", "complex": "a number"}
_COUNTS = {"?": "one value or none", "*": "any number of values", "+": "one value or more", FLAG: "no value"}


class _Wording:
    """Says what was found about one step."""

    def __init__(self, step: Step, parser: Parser) -> None:
        self._step = step
        self._parser = parser
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

    def problem(self, finding: Finding) -> Problem:
        """Return a finding as a problem with its place."""
        code = finding.code
        if code == "too-many-arguments" and finding.at and self._step.arguments[finding.at.argument].option:
            code = "option-values"
            message, cure = self._surplus(finding)
        else:
            message, cure = self._say[code](finding)
        severity: Severity = "warning" if code in {"option-twice", "option-abbreviated"} else "error"
        path, on_key = self._namesake(finding) or self._place(finding.at)
        return Problem(code, f'step "{self._step.name}": {message}', cure, path, on_key=on_key, severity=severity)

    def _place(self, at: Text | None) -> tuple[Path, bool]:
        if at is None:
            return ("steps", self._step.name, "arguments"), True
        argument = self._step.arguments[at.argument]
        if at.place < 0:
            return argument.place, True
        return (argument.place if len(argument.values) == 1 else (*argument.place, at.place)), False

    def _namesake(self, finding: Finding) -> tuple[Path, bool] | None:
        """Return the place of a parameter's value if it is that which is wrong, and not that it stands here.

        ``--learning-rate: ${{ parameters.learning_rate }}`` is right whatever the value.
        """
        if finding.code not in {"option-type", "option-choice"} or finding.at is None or finding.at.place < 0:
            return None
        argument = self._step.arguments[finding.at.argument]
        token = argument.values[finding.at.place]
        if not isinstance(token, Parameter) or (argument.option or "").lstrip("-").replace("-", "_") != token.name:
            return None
        return ("parameters", token.name, "default"), False

    def _shown(self, at: Text | None) -> str:
        """Return a value as messages quote it: its text, or where it comes from."""
        text = "" if at is None else at.text
        token = None
        if at is not None and at.place >= 0:
            token = self._step.arguments[at.argument].values[at.place]
        if text is None:
            return "a path"
        return f'the parameter {token.name}, "{text}",' if isinstance(token, Parameter) else f'"{text}"'

    def _line(self, option: Option | None) -> str:
        return f"{self._step.script}:{option.line}" if option and option.line else self._step.script

    def _unknown(self, finding: Finding) -> tuple[str, str]:
        text = (finding.at.text if finding.at else "") or ""
        name = text.partition("=")[0]
        leaves = {each for one in self._parser.options if one.exits for each in one.names}  # --help, --version
        known = [str(one) for one in finding.detail if one not in {*leaves, "-h", "--help"}]
        if self._is_value(finding.at):
            cure = f"Python's argument parser takes what begins with {name[:1]} for an option."
            return f"{self._step.script} has no option {name}, and here it can be no value.", cure
        return f"{self._step.script} has no option {name}.", suggest(name, known, noun="option")

    def _is_value(self, at: Text | None) -> bool:
        return at is not None and at.place >= 0 and self._step.arguments[at.argument].option is not None

    def _ambiguous(self, finding: Finding) -> tuple[str, str]:
        text = (finding.at.text if finding.at else "") or ""
        names = ", ".join(str(one) for one in finding.detail)
        return f"{text} may stand for {names} in {self._step.script}.", "Write the option out."

    def _abbreviated(self, finding: Finding) -> tuple[str, str]:
        text = ((finding.at.text if finding.at else "") or "").partition("=")[0]
        name = finding.detail[0]
        message = f"{text} stands for {name} in {self._line(finding.option)} only until another option begins like it."
        return message, f"Write {name}."

    def _twice(self, finding: Finding) -> tuple[str, str]:
        label = finding.option.label if finding.option else ""
        message = f"{label} is given a second time, and {self._line(finding.option)} keeps only the last."
        return message, "Delete one of them."

    def _exclusive(self, finding: Finding) -> tuple[str, str]:
        label = finding.option.label if finding.option else ""
        other = finding.detail[0]
        return f"{self._line(finding.option)} takes {label} or {other}, not both.", "Delete one of them."

    def _missing_option(self, finding: Finding) -> tuple[str, str]:
        names = [str(one) for one in finding.detail]
        if names:
            message = f"{self._line(finding.option)} needs one of {', '.join(names)}, and none is given."
            return message, "Add one of them under `arguments:`."
        label = finding.option.label if finding.option else ""
        message = f"{self._line(finding.option)} needs {label}, and it is not given."
        return message, f"Add `{label}:` under `arguments:`."

    def _missing_argument(self, finding: Finding) -> tuple[str, str]:
        option = finding.option
        label = option.label if option else ""
        what = "a subcommand" if option and option.nargs == COMMAND else f"the positional value {label}"
        message = f"{self._line(option)} needs {what}, and it is not given."
        return message, "Write `arguments:` as a list, and give it as an item."

    def _too_many(self, finding: Finding) -> tuple[str, str]:
        takes = any(not one.names for one in self._parser.options)
        what = "no positional value more, such as" if takes else "no positional values, such as"
        cure = self._split((finding.at.text if finding.at else "") or "") or "Delete it, or name its option."
        return f"{self._step.script} takes {what} {self._shown(finding.at)}.", cure

    def _split(self, text: str) -> str | None:
        """Return the cure of an item that holds an option and its value as one text."""
        name, _, value = text.partition(" ")
        known = any(name in one.names for one in self._parser.options)
        return f"Write the option as a key: `{name}: {value.strip()}`." if known and value else None

    def _surplus(self, finding: Finding) -> tuple[str, str]:
        at = finding.at
        name = (self._step.arguments[at.argument].option if at else "") or ""
        name = name.partition("=")[0]
        option = next((one for one in self._parser.options if name in one.names), None)
        if option is None:
            return f"{self._shown(at)} is a value too many for {name}.", "Delete it."
        cure = f"Write `{name}: true`." if option.nargs == FLAG else "Delete what is too many."
        if at and option.nargs == FLAG and isinstance(self._step.arguments[at.argument].values[at.place], Parameter):
            change = '`choices=["true", "false"]` in place of `action="store_true"`'
            cure = f"A boolean parameter is a value: let the script take one ({change}), or write `{name}: true`."
        return f"{self._line(option)} takes {_count(option)} for {name}, and {self._shown(at)} is too many.", cure

    def _type(self, finding: Finding) -> tuple[str, str]:
        option = finding.option
        what = _NUMBERS.get(option.kind, "another value") if option else ""
        label = option.label if option else ""
        message = f"{self._line(option)} takes {what} for {label}, and {self._shown(finding.at)} is none."
        return message, f"Give {what}."

    def _choice(self, finding: Finding) -> tuple[str, str]:
        option = finding.option
        label = option.label if option else ""
        message = f"{self._line(option)} takes a choice for {label}, and {self._shown(finding.at)} is none."
        choices = option.choices if option else ()
        if isinstance(choices, range):
            return message, f"Choose from {_span(choices)}."
        return message, suggest(str(finding.detail[0] or ""), [str(one) for one in choices or ()], noun="choice")

    def _values(self, finding: Finding) -> tuple[str, str]:
        option, (kind, value) = finding.option, finding.detail
        label = option.label if option else ""
        takes = _count(option) if option else ""
        name = (self._step.arguments[finding.at.argument].option if finding.at else None) or label
        if kind == "glued":
            return f'{self._line(option)} takes {takes} for {label}, and "{value}" is given.', "Write the option alone."
        if kind == "looks" and finding.at:
            message = (
                f'"{finding.at.text}" begins like an option, so {self._line(option)} is given no value for {label}.'
            )
            return message, f'Write both as one: `"{name}={finding.at.text}": true`.'
        given = f"{value or 'none'} {'are' if value and value != 1 else 'is'} given"
        cure = f"Write `{name}:` with its value{'' if takes == 'one value' else 's in a list'}."
        return f"{self._line(option)} takes {takes} for {label}, and {given}.", cure

    def _command(self, finding: Finding) -> tuple[str, str]:
        name = (finding.at.text if finding.at else "") or ""
        message = f'{self._line(finding.option)} has no subcommand "{name}".'
        return message, suggest(name, [str(one) for one in finding.detail], noun="subcommand")


def _count(option: Option) -> str:
    if option.nargs == "1":
        return "one value"
    return _COUNTS.get(option.nargs, f"{option.nargs} values")


def _span(span: range) -> str:
    return f"{span.start} to {span[-1]}" if span.step == 1 and span else ", ".join(map(str, span[:10]))
