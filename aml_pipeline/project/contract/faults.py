"""The arguments of a step compared with a script's contract → problems."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.model import OtherValue, Plan, Step
from aml_pipeline.pipeline.plan.tokens import Argument, Dataset, Literal, Parameter, Token
from aml_pipeline.project.contract.matching import Finding, match
from aml_pipeline.project.contract.messages import Words
from aml_pipeline.project.contract.model import Contract, Parser
from aml_pipeline.project.contract.recognition import Text

_MOST_VALUES = 200  # of other runs, for one step: each is matched anew
# What is wrong with an argument whether or not others are given.
_OWN = frozenset({"unknown-option", "ambiguous-option", "option-values", "option-type", "option-choice",
                  "too-many-arguments", "option-abbreviated"})  # fmt: skip


def faults(contract: Contract, step: Step, plan: Plan, unknown: Container[str] = ()) -> list[Problem]:
    """Return what the script of ``step`` refuses in its arguments, as far as that is certain.

    Nothing is said of the values of parameters in ``unknown``.
    """
    if contract.parser is None:
        return []
    findings = [
        finding for finding in _findings(contract, step, plan) if not _is_about_a_parameter(finding, step, unknown)
    ]
    return list(dict.fromkeys(_problem(finding, step, plan, contract.parser) for finding in findings))


def other_faults(contract: Contract, step: Step, plan: Plan, others: Sequence[OtherValue]) -> list[Problem]:
    """Return what the script of ``step`` refuses of the values that parameters get in other runs."""
    used = [other for other in others if other.parameter in step.parameters][:_MOST_VALUES]
    if contract.parser is None or not used:
        return []
    now = _findings(contract, step, plan)
    problems = []
    for other in used:
        value = replace(plan.parameters[other.parameter], text=other.text)
        then = _findings(contract, step, replace(plan, parameters={**plan.parameters, other.parameter: value}))
        for finding in then:
            if finding not in now and _is_about_a_parameter(finding, step, {other.parameter}):
                problem = _problem(finding, step, plan, contract.parser)
                problems.append(replace(problem, path=other.place, on_key=False))
    return list(dict.fromkeys(problems))


def _findings(contract: Contract, step: Step, plan: Plan) -> list[Finding]:
    optional = frozenset(number for number, argument in enumerate(step.arguments) if _may_be_absent(argument, plan))
    texts = [text for number, argument in enumerate(step.arguments) for text in texts_of(number, argument, plan)]
    findings = _certain(contract, texts)
    if optional:
        without = _certain(contract, [text for text in texts if text.argument not in optional])
        findings = [finding for finding in findings if finding in without or _is_about(finding, optional)]
    return findings


def _may_be_absent(argument: Argument, plan: Plan) -> bool:
    names = [part.name for part in argument.parts if isinstance(part, Dataset)]
    return any(plan.datasets[name].optional for name in names)


def _is_about(finding: Finding, arguments: frozenset[int]) -> bool:
    return finding.at is not None and finding.at.argument in arguments and finding.code in _OWN


def _is_about_a_parameter(finding: Finding, step: Step, names: Container[str]) -> bool:
    if finding.at is None or finding.at.place < 0:
        return False
    token = step.arguments[finding.at.argument].values[finding.at.place]
    return any(isinstance(part, Parameter) and part.name in names for part in tokens.parts(token))


def _certain(contract: Contract, texts: Sequence[Text]) -> list[Finding]:
    """Return what both readings find; see ``matching``."""
    if contract.parser is None:
        return []
    early, late = (match(contract.parser, texts, strict=contract.strict, waits=waits) for waits in (False, True))
    return [finding for finding in early if finding in late]


def texts_of(number: int, argument: Argument, plan: Plan) -> Iterator[Text]:
    """Yield the texts that a step's argument puts on the command line."""
    if argument.option is not None:
        yield Text(argument.option, number, -1)
    for index, token in enumerate(argument.values):
        yield Text(_text(token, plan), number, index)


def _text(token: Token, plan: Plan) -> str | None:
    if isinstance(token, tokens.Text):
        return _mixed_text(token, plan)
    if isinstance(token, Literal):
        return token.text
    return plan.parameters[token.name].text if isinstance(token, Parameter) else None


def _mixed_text(text: tokens.Text, plan: Plan) -> str | None:
    """Return a text if it is known, or if it is an option with its value: ``--data=${{datasets.images}}``."""
    known = tokens.join(text, lambda part: _text(part, plan))
    first = text.parts[0]
    if known is None and isinstance(first, Literal) and first.text.startswith("-"):
        return tokens.join(text, lambda part: _text(part, plan) or f"${{{{{tokens.written(part)}}}}}")
    return known


def _problem(finding: Finding, step: Step, plan: Plan, parser: Parser) -> Problem:
    code = finding.code
    if code == "too-many-arguments" and finding.at and step.arguments[finding.at.argument].option:
        code = "option-values"
    message, cure = Words(step, plan, parser, finding).said()
    path, on_key = _namesake(finding, step) or _place(finding.at, step)
    is_warning = code in {"option-twice", "option-abbreviated"}
    return Problem(code, f'step "{step.declared}": {message}', cure, path, on_key=on_key,
                   severity="warning" if is_warning else "error")  # fmt: skip


def _place(at: Text | None, step: Step) -> tuple[Path, bool]:
    if at is None:
        return ("steps", step.declared, "arguments"), True
    argument = step.arguments[at.argument]
    if at.place < 0:
        return argument.place, True
    return argument.place_of(at.place), False


def _namesake(finding: Finding, step: Step) -> tuple[Path, bool] | None:
    """Return the place of a parameter's value if it is that which is wrong, and not that it stands here.

    ``--learning-rate: ${{ parameters.learning_rate }}`` is right whatever the value.
    """
    if finding.code not in {"option-type", "option-choice"} or finding.at is None or finding.at.place < 0:
        return None
    argument = step.arguments[finding.at.argument]
    token = argument.values[finding.at.place]
    if not isinstance(token, Parameter) or (argument.option or "").lstrip("-").replace("-", "_") != token.name:
        return None
    return ("parameters", token.name, "default"), False
