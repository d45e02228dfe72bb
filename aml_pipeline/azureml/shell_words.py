"""Words of a command that a shell would change, if Azure ML joined them: SDK v1 does not quote them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Literal, parts, with_options

# The same words with a shell and without one. A CommandStep sends them one by one (command_step.py), a run of its own
# joined by spaces (_run_config_modification in azureml-core, _execution/_commands.py), and a shell reads those: `&&`
# works in them (azureml-cheatsheets issue 16). What the service does with those of a pipeline is not documented.
_PLAIN = re.compile(r"[\w@%+=:,./-]+")
_SCRIPT = "Write this line into a script, `command: [bash, run.sh]`"


def is_plain(text: str) -> bool:
    """Whether a shell passes on a text as it is."""
    return _PLAIN.fullmatch(text) is not None


def problems(plan: Plan, step: Step) -> Iterator[Problem]:
    """Yield the words of ``step`` that SDK v1 may not pass on as they are; it quotes those of a script."""
    if step.script is not None:
        return
    for text, shown, place in _changed(plan, step):
        quoted = json.dumps(shown, ensure_ascii=False)
        message = f'step "{step.declared}" passes {quoted} to a command, but SDK v1 does not quote it for the shell.'
        is_line = place[:3] == step.place and " " in text
        cure = _SCRIPT if is_line else "Use only letters, digits and @ % + = : , . / - _"
        yield Problem("shell-word", message, f"{cure}, or use v2: `sdk: v2` in the file.", place)


def _changed(plan: Plan, step: Step) -> Iterator[tuple[str, str, Path]]:
    """Yield each text that a shell would change, the same without secrets, and its place in the file."""
    for argument in step.arguments:
        if argument.option is not None and not is_plain(argument.option):
            yield argument.option, argument.option, argument.place
    for option, token, place in with_options((*step.word_arguments, *step.arguments)):
        shown = parts(redaction.value(option, token))
        for part, hidden in zip(parts(token), shown, strict=True):
            if isinstance(part, Literal) and isinstance(hidden, Literal) and not is_plain(part.text):
                yield part.text, hidden.text, place
    for name in step.parameters:
        for text, place in _values(plan, name):
            if not is_plain(text):
                yield text, redaction.parameter(plan, name, text), place


def _values(plan: Plan, name: str) -> Iterator[tuple[str, Path]]:
    """Yield the values that a parameter has, in the file, in this run and in schedules."""
    value = plan.parameters[name]
    yield from ((text, ("parameters", name)) for text in dict.fromkeys((value.default, value.text)))
    for key, schedule in plan.schedules.items():
        if name in schedule.parameters:
            yield schedule.parameters[name], ("schedules", key, "parameters", name)
