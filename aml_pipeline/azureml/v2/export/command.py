"""The shell command of a step. v2 inserts the values of inputs as text, and bash runs the result.

So each binding is in single quotes, in which the shell interprets nothing except the quote itself; a value with a quote
is refused (``problems``). Microsoft's own components do the same (azureml-assets pull request 1370). It was not
measured that the service only inserts values and does not change the line otherwise.
"""

from __future__ import annotations

import posixpath
import shlex

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.v2.export import names
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Literal, Output, Token

# v1's launcher puts the root of the code on the module search path, v2 does not (azure-sdk-for-python#29724).
_FROM_ROOT = 'PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"'


def line(plan: Plan, step: Step) -> str:
    """Return the command of ``step``, which runs its script with its arguments."""

    def bind(token: Token) -> str:
        if isinstance(token, Literal):
            return quoted(token.text)
        return binding("outputs" if isinstance(token, Output) else "inputs", names.port(step, token))

    kept = [one for one in step.arguments if not sendable.dataset_left_out(plan, one)]
    in_subfolder = bool(posixpath.dirname(posixpath.normpath(step.script)))
    words = [*([_FROM_ROOT] if in_subfolder else []), "python", quoted(step.script), *tokens.render(kept, bind)]
    if names.needs_order(plan, step):
        words.append(f"&& echo done > {binding('outputs', names.ORDER)}/done")
    return " ".join(words)


def quoted(text: str) -> str:
    """Return ``text`` as one shell word.

    v2 interprets ``${{`` and ``$[[`` anywhere in a command, so they are split by an empty pair of quotes.
    """
    return shlex.quote(text).replace("${{", "$''{{").replace("$[[", "$''[[")


def binding(kind: str, port: str) -> str:
    """Return the expression that v2 replaces by the value or path of a port, as one word."""
    return f"'${{{{{kind}.{port}}}}}'"
