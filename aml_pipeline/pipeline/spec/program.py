"""What a step runs: a script, a module, or the words of a command."""

from __future__ import annotations

import json
import re
import shlex
from itertools import takewhile
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from aml_pipeline.pipeline.spec import names
from aml_pipeline.pipeline.spec.fields import PATH_SCHEMA, TEXT_SCHEMA, ProjectPath, Shown, Texts, fail

# What a step runs is given by exactly one of these keys.
PROGRAMS = ("script", "module", "command")


def _module_name(value: str) -> str:
    if re.fullmatch(names.MODULE_NAME, value) and not value.endswith(".py"):
        return value
    meant = value.removesuffix(".py").replace("/", ".")
    cure = "Write it like package.train, without the suffix .py."
    if re.fullmatch(names.MODULE_NAME, meant):
        cure = f"Write `module: {meant}`, or `script: {value}`."
    raise fail("bad-module", f'"{value}" is not the name of a module.', cure)


_MODULE_SCHEMA = {
    "type": "string",
    "pattern": rf"^(?!.*\.py$){names.MODULE_NAME}$",
    "patternErrorMessage": "Write the name of a module, such as package.train.",
}
ModuleName = Annotated[str, AfterValidator(_module_name)]


def _listed_words(value: object) -> object:
    """Refuse a command line in one string: its words, here and in Azure ML, would be a matter of quotes."""
    if isinstance(value, str) and value.strip():
        raise fail("wrong-type", "a command must be a list of words, not a string.", f"Write {_as_words(value)}.")
    if value == []:
        raise fail("empty-value", "this command has no words.", "Write it like [bash, prepare.sh].")
    return value


_OF_A_SHELL = re.compile(r"[|&;<>$`\n]")


def _as_words(line: str) -> str:
    """Return the list of words that a command line means; what follows its first option may be for the arguments."""
    start, expression, _ = line.partition("${{")
    try:
        if expression:
            words = list(takewhile(lambda word: not word.startswith("-"), shlex.split(start)))
        else:
            words = ["bash", "-c", line] if _OF_A_SHELL.search(line) else shlex.split(line)
    except ValueError:  # an open quote
        words = []
    if not words:
        return "it like [bash, prepare.sh]"
    plain = re.compile(r"(?!(?:true|false|null)$)[A-Za-z./_-][\w./=+-]*")
    shown = f"[{', '.join(word if plain.fullmatch(word) else json.dumps(word) for word in words)}]"
    return f"{shown}, and what follows under `arguments:`" if expression else shown


def _program(words: tuple[str, ...]) -> tuple[str, ...]:
    first = words[0]
    if "=" in first:
        raise fail("bad-command", f'"{first}" is not a program.',
                   "Set variables under `environment_variables:`.")  # fmt: skip
    if "/" in first and not first.startswith("/"):
        raise fail("bad-command", f"Azure ML does not keep the permission to run {first}.",
                   "Write the program that runs it first, for example [bash, prepare.sh].")  # fmt: skip
    return words


_COMMAND_SCHEMA = {"type": "array", "items": TEXT_SCHEMA, "minItems": 1}
CommandWords = Annotated[Texts, BeforeValidator(_listed_words), AfterValidator(_program)]

# One of these is given, and editors say so: null is none of their values.
Script = Annotated[ProjectPath | None, Shown(PATH_SCHEMA)]
Module = Annotated[ModuleName | None, Shown(_MODULE_SCHEMA)]
Command = Annotated[CommandWords | None, Shown(_COMMAND_SCHEMA)]
