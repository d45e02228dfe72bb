"""Words of a command that a shell would change, if Azure ML joined them: SDK v1 does not quote them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Literal, by_option

# The same words with a shell and without one. A CommandStep sends them one by one (command_step.py), a run of its own
# joined by spaces (_run_config_modification in azureml-core, _execution/_commands.py), and a shell reads those: `&&`
# works in them (azureml-cheatsheets issue 16). What the service does with those of a pipeline is not documented.
_PLAIN = re.compile(r"[\w@%+=:,./-]+")
_SCRIPT = "Write this line into a script, `command: [bash, run.sh]`"


def problems(plan: Plan, step: Step) -> Iterator[Problem]:
    """Yield the words of ``step`` that SDK v1 may not pass on as they are; it quotes those of a script."""
    if step.script is not None:
        return
    for text, place in _texts(plan, step):
        if not _PLAIN.fullmatch(text):
            shown = json.dumps(text, ensure_ascii=False)
            message = f'step "{step.name}" passes {shown} to a command, but SDK v1 does not quote it for the shell.'
            is_line = place[:3] == step.place and " " in text
            cure = _SCRIPT if is_line else "Use only letters, digits and @ % + = : , . / - _"
            yield Problem("shell-word", message, f"{cure}, or use v2: `sdk: v2` in the file.", place)


def _texts(plan: Plan, step: Step) -> Iterator[tuple[str, Path]]:
    yield from ((argument.option, argument.place) for argument in step.arguments if argument.option is not None)
    for _, token, place in by_option((*step.word_arguments, *step.arguments)):
        if isinstance(token, Literal):
            yield token.text, place
    for name in step.parameters:
        value = plan.parameters[name]
        yield from ((text, ("parameters", name)) for text in dict.fromkeys((value.default, value.text)))
        for schedule, about in plan.schedules.items():
            if name in about.parameters:
                yield about.parameters[name], ("schedules", schedule, "parameters", name)
