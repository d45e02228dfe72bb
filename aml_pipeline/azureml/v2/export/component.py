"""A step → a command component: what to run and with which ports, independent of where.

v2 inserts the values of inputs into the command as text, and bash runs the result. So each port is in single quotes, in
which the shell interprets nothing except the quote itself; a value with a quote is refused (``problems``). Microsoft's
own components do the same (azureml-assets pull request 1370). It was not measured that the service only inserts values
and does not change the line otherwise.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from aml_pipeline.azureml.v2.export import assets, yaml_text
from aml_pipeline.azureml.v2.export.ports import Port
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.ports import node
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.pipeline.plan.tokens import Literal, Text, Token

# v1's launcher puts the root of the code on the module search path, v2 does not (azure-sdk-for-python#29724).
_FROM_ROOT = 'PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"'


def text(step: Step, ports: Sequence[Port], registered: Mapping[Environment, str]) -> str:
    """Return the component file of ``step``; ``registered`` are the environments that the export registers."""
    assert step.environment is not None  # noqa: S101 - else it would have been a problem
    data: dict[str, Any] = {
        "type": "command",
        "name": node(step.name),
        "display_name": step.name,
    }
    if not step.allow_reuse:
        data["is_deterministic"] = False
    for port in ports:
        data.setdefault(port.kind, {})[port.name] = dict(port.declared)
    data |= {
        "code": f"../code/{step.name}",
        "environment": registered.get(step.environment) or assets.existing(step.environment),
    }
    return yaml_text.text(data, "commandComponent", _command(step, ports))


def _command(step: Step, ports: Sequence[Port]) -> list[str]:
    """Return the command of ``step``, one line for each argument."""
    bindings = {port.token: port.binding for port in ports}

    def bind(token: Token) -> str | None:
        if isinstance(token, Text):
            return tokens.join(token, bind)  # in a shell, words side by side are one
        return quoted(token.text) if isinstance(token, Literal) else bindings[token]

    in_subfolder = step.script is not None and posixpath.dirname(posixpath.normpath(step.script))
    lines = [" ".join([*([_FROM_ROOT] if in_subfolder else []), *map(quoted, step.words)])]
    lines += (" ".join(words) for argument in step.arguments if (words := tokens.render([argument], bind)))
    return [
        *lines,
        *(f"&& echo done > {port.binding}/done" for port in ports if port.kind == "outputs" and not port.token),
    ]


def quoted(text: str) -> str:
    """Return ``text`` as one shell word.

    v2 interprets ``${{`` and ``$[[`` anywhere in a command, so they are split by an empty pair of quotes.
    """
    return shlex.quote(text).replace("${{", "$''{{").replace("$[[", "$''[[")
