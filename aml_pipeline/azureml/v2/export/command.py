"""A step → the words of its command for a shell.

v2 inserts the values of inputs into the command as text, and bash runs the result. So each port is in single quotes, in
which the shell interprets nothing except the quote itself; a value with a quote is refused (``problems``). Microsoft's
own components do the same (azureml-assets pull request 1370). It was not measured that the service only inserts values
and does not change the line otherwise.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from aml_pipeline.azureml.v2.export.input_types import narrowest
from aml_pipeline.azureml.v2.export.ports import Port
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.ports import value_names
from aml_pipeline.pipeline.plan.tokens import Literal, Text, Token

# v1's launcher puts the root of the code on the module search path, v2 does not (azure-sdk-for-python#29724).
_FROM_ROOT = 'PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"'
# What a value of an input cannot contain: the quote around it, and the beginnings of expressions.
MARKS = ("'", "${{", "$[[")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the shell reads it; the literal ``text`` can also be the value of the input ``name``, if it has one."""

    shell: str
    text: str = ""
    name: str = ""


def lines(step: Step, ports: Sequence[Port]) -> list[list[Word]]:
    """Return the command of ``step``, which runs it with its arguments: what it runs, then a line for each option.

    Where a line begins depends on nothing but the words, so that an import, which sees only them, is exported alike.
    """
    bindings = {port.token: port.binding for port in ports}
    names = iter(value_names(step))

    def bind(token: Token) -> str | None:
        if isinstance(token, Text):
            return tokens.join(token, bind)  # in a shell, words side by side are one
        return quoted(token.text) if isinstance(token, Literal) else bindings[token]

    def word(token: Token) -> Word:
        shell, name = str(bind(token)), next(names)
        return Word(shell, token.text, name) if isinstance(token, Literal) and _is_value(token.text) else Word(shell)

    in_subfolder = step.script is not None and posixpath.dirname(posixpath.normpath(step.script))
    rows = [[*([Word(_FROM_ROOT)] if in_subfolder else []), *(Word(quoted(text)) for text in step.words)], []]
    for argument in step.arguments:
        option = [] if argument.option is None else [Word(quoted(argument.option))]
        for one in [*option, *map(word, argument.values)]:
            if _is_option(one.shell.lstrip("'")):
                rows.append([])
            rows[-1].append(one)
    done = (port for port in ports if port.kind == "outputs" and port.token is None)
    return [*filter(None, rows), *([Word(f"&& echo done > {port.binding}/done")] for port in done)]


def quoted(text: str) -> str:
    """Return ``text`` as one shell word.

    v2 interprets ``${{`` and ``$[[`` anywhere in a command, so they are split by an empty pair of quotes.
    """
    return shlex.quote(text).replace("${{", "$''{{").replace("$[[", "$''[[")


def _is_value(text: str) -> bool:
    """Whether a literal can be the value of an input; an option cannot, which also says how the next word is named."""
    is_plain = text.isprintable() and text == text.strip() != "" and not any(mark in text for mark in MARKS)
    return is_plain and not _is_option(text)


def _is_option(text: str) -> bool:
    return text.startswith("-") and narrowest([text]) == "string"
