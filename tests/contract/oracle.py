"""What Python's own argparse says to a script's arguments, and what the contract says: both from the same text."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from unittest import mock

from aml_pipeline.core.problems import Problem, errors
from aml_pipeline.pipeline.plan.model import ParameterValue, Plan, Step
from aml_pipeline.pipeline.plan.settings import DatasetPlace
from aml_pipeline.pipeline.plan.tokens import Argument, Literal
from aml_pipeline.project import contract
from aml_pipeline.project.contract import Contract
from aml_pipeline.project.contract.faults import texts_of
from aml_pipeline.project.contract.matching import Finding, Matcher
from aml_pipeline.project.contract.model import UNKNOWN, Parser
from aml_pipeline.project.contract.recognition import CannotTellError

Written = tuple[str | None, tuple[str, ...]]


def step_of(arguments: Sequence[Argument], script: str = "train.py") -> Step:
    """Return a step that runs a script with these arguments."""
    return Step(
        name="train",
        declared="train",
        script=script,
        source_directory="steps",
        arguments=tuple(arguments),
        outputs={},
        after=(),
        compute=None,
        environment=None,
        environment_variables={},
        snapshot=None,
        allow_reuse=True,
        timeout=None,
        retries=0,
    )


def plan_of(step: Step, parameters: Mapping[str, str] | None = None, *, optional: Iterable[str] = ()) -> Plan:
    """Return a plan of one step; ``optional`` are its optional datasets."""
    place = DatasetPlace(
        local="data", optional=True, datastore=None, path=None, registered=None, version=None, mode="mount"
    )
    values = {name: ParameterValue(text, text, "string") for name, text in (parameters or {}).items()}
    return Plan("p.yaml", "p", None, "p", None, values, dict.fromkeys(optional, place), (step,))


def arguments_of(written: Sequence[Written]) -> list[Argument]:
    """Return (option, values) as the arguments of a mapping or list in the file."""
    return [
        Argument(option, tuple(map(Literal, values)), ("steps", "train", "arguments", number, option or ""))
        for number, (option, values) in enumerate(written)
    ]


def given(texts: Sequence[str]) -> list[Written]:
    """Return a plain command line as one positional text each."""
    return [(None, (text,)) for text in texts]


def reported(found: Contract, written: Sequence[Written]) -> list[Problem]:
    """Return the errors that the contract reports."""
    step = step_of(arguments_of(written))
    return errors(contract.faults(found, step, plan_of(step)))


def read(source: str) -> Contract:
    """Return the contract of a script's text."""
    return contract.read(ast.parse(source))


def is_complete(found: Contract) -> bool:
    """Whether a command line was read fully: each option is known, and all that can be said of it."""
    return found.parser is not None and _is_complete(found.parser)


def _is_complete(parser: Parser) -> bool:
    commands = [command for option in parser.options for command in option.commands or ()]
    is_open = parser.open or any(option.nargs == UNKNOWN or option.commands_open for option in parser.options)
    return not is_open and all(_is_complete(command.parser) for command in commands)


def is_decided(found: Contract, written: Sequence[Written]) -> bool:
    """Whether the texts are read the same by all versions of argparse, and nothing in them was given up."""
    step = step_of(arguments_of(written))
    plan = plan_of(step)
    texts = [text for number, one in enumerate(step.arguments) for text in texts_of(number, one, plan)]
    readings: list[list[Finding]] = []
    for waits in (False, True):
        assert found.parser is not None
        matcher = Matcher(found.parser, texts, strict=found.strict, waits=waits)
        try:
            matcher.run()
        except CannotTellError as error:
            if error.at_all or not matcher.findings:
                return False
        readings.append(matcher.findings)
    return readings[0] == readings[1]


def verdict(source: str, written: Sequence[Written], environment: Mapping[str, str] | None = None) -> str:
    """Return what running the script comes to: accepts, shows (help or version), refuses, or broken."""
    texts = [text for option, values in written for text in (*([] if option is None else [option]), *values)]
    fresh = ["".join(list(text)) for text in texts]
    quiet = io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["train.py", *fresh]),
        mock.patch.dict(os.environ, environment or {}),
        contextlib.redirect_stderr(quiet),
        contextlib.redirect_stdout(quiet),
    ):
        try:
            exec(compile(source, "train.py", "exec"), {"__name__": "__main__"})  # noqa: S102 - that is the oracle
        except SystemExit as end:
            return "shows" if not end.code else "refuses"
        except Exception:  # noqa: BLE001 - whatever breaks a script of ours
            return "broken"
    return "accepts"
