"""A step: what it runs, in how many processes, its arguments, and settings of its own."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from itertools import takewhile
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from aml_pipeline.pipeline.spec import names
from aml_pipeline.pipeline.spec.data import Output
from aml_pipeline.pipeline.spec.fields import (
    PATH_SCHEMA,
    SCALAR_SCHEMA,
    TEXT_SCHEMA,
    WORD_NAMES,
    InputName,
    Model,
    OutputName,
    ProjectPath,
    Shown,
    Texts,
    fail,
)
from aml_pipeline.pipeline.spec.names import STEP_NAME, WORD_NAME
from aml_pipeline.pipeline.spec.settings import RunSettings

MOST = 1000  # nodes, and processes on each


class Distribution(Model):
    """Several processes of a script that train together."""

    type: Literal["pytorch", "mpi", "tensorflow"] = Field(
        description="How the processes find each other, by the framework of the script.", examples=["pytorch"]
    )
    nodes: int = Field(
        1, ge=1, le=MOST, description="Number of nodes in Azure ML; a local run is always on one node.", examples=[2]
    )
    processes_per_node: int = Field(
        1, ge=1, le=MOST, description="Number of processes on each node, usually one for each GPU.", examples=[4]
    )

    @model_validator(mode="after")
    def _one_worker_per_node(self) -> Distribution:
        if self.type == "tensorflow" and self.processes_per_node > 1:
            raise fail("wrong-value", "TensorFlow starts one worker per node, which uses all GPUs of the node.",
                       "Delete `processes_per_node`, and write the number of workers as `nodes`.",
                       at="processes_per_node")  # fmt: skip
        return self

    @property
    def processes(self) -> int:
        """The number of processes on all nodes."""
        return self.nodes * self.processes_per_node


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


_PLAIN_SCHEMA: dict[str, Any] = {"type": ["string", "number"]}
_OPTIONS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [SCALAR_SCHEMA, {"type": "array", "items": _PLAIN_SCHEMA}],
        "description": "Value of this option: a string, a number, a list of them, an expression, or true for a bare "
        "flag.",
        "examples": [
            "${{ parameters.epochs }}",
            "${{ outputs.model }}",
            "${{ steps.prepare-data.outputs.images }}",
            "${{ datasets.archive }}",
            "${{ matrix.learning_rate }}",
        ],
    },
}
_ARGUMENTS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _OPTIONS_SCHEMA,
        {"type": "array", "items": {"anyOf": [_PLAIN_SCHEMA, _OPTIONS_SCHEMA]}},
        {"type": "null"},
    ]
}
_DATA_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": rf"^\s*\$\{{\{{\s*(datasets\.{WORD_NAME}|steps\.{STEP_NAME}\.outputs\.{WORD_NAME})\s*\}}\}}\s*$",
    "patternErrorMessage": "Write ${{ datasets.NAME }} or ${{ steps.STEP.outputs.NAME }}.",
    "description": "The data that the step reads under this name.",
    "examples": ["${{ datasets.archive }}", "${{ steps.prepare-data.outputs.images }}"],
}


_COMBINATIONS_SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {**SCALAR_SCHEMA, "description": "The value of this axis.", "examples": [0.01]},
    },
}
MATRIX_SCHEMA: dict[str, Any] = {
    "title": "Matrix",
    "type": "object",
    "minProperties": 1,
    "properties": {
        "include": {
            **_COMBINATIONS_SCHEMA,
            "description": "Adds its other values to the combinations that agree with an entry; if none does, the "
            "entry is a combination of its own.",
            "examples": [[{"learning_rate": 0.1, "batch_size": 64}]],
        },
        "exclude": {
            **_COMBINATIONS_SCHEMA,
            "description": "Leaves out the combinations that have all values of an entry.",
            "examples": [[{"learning_rate": 0.01, "batch_size": 4}]],
        },
    },
    "propertyNames": WORD_NAMES["propertyNames"],
    "additionalProperties": {
        "type": "array",
        "items": SCALAR_SCHEMA,
        "minItems": 1,
        "description": "The values of this axis. An argument reads its own as ${{ matrix.AXIS }}.",
        "examples": [[0.001, 0.01]],
    },
}


# Programs that start several processes of a script themselves.
LAUNCHERS = ("torchrun", "torch.distributed.run", "torch.distributed.launch", "mpirun", "mpiexec", "horovodrun",
             "deepspeed", "accelerate")  # fmt: skip


def launcher(command: Iterable[str] | None) -> str | None:
    """Return the program in a command that starts several processes itself, if any."""
    return next((word for word in command or () if word in LAUNCHERS), None)


def two_launchers(launcher: str) -> tuple[str, str, str]:
    """Return the code, message and cure for a distribution of such a command."""
    cure = "Delete `distribution`, or replace `command` by the script itself: `script: train.py`."
    return "two-launchers", f"{launcher} starts several processes, and so does `distribution`.", cure


class Step(RunSettings):
    """A program and its arguments, which declare what the step reads and writes."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in PROGRAMS]})

    script: Script = Field(
        None,
        description="The Python script, relative to `source_directory`. It runs with the arguments below.",
        examples=["train.py"],
    )
    module: Module = Field(
        None,
        description="Instead of a script: a module of `source_directory`, run as `python -m` with the arguments below.",
        examples=["package.train"],
        validate_default=True,
    )
    command: Command = Field(
        None,
        description="Instead of a script: a program and its first words, one list item each. No shell reads them. "
        "The arguments below follow.",
        examples=[["bash", "prepare.sh"], ["torchrun", "train.py"]],
        validate_default=True,
    )
    arguments: Annotated[Any, Shown(_ARGUMENTS_SCHEMA)] = Field(
        None,
        description="Options and their values, in order; or a list, for positional values and repeated options.",
        examples=[{"--epochs": "${{ parameters.epochs }}", "--output": "${{ outputs.model }}"}],
    )
    matrix: Annotated[Any, Shown(MATRIX_SCHEMA)] = Field(
        None,
        description="Several values: the step runs once for each combination of them, as its variants. An argument "
        "reads a value as ${{ matrix.AXIS }}.",
        examples=[{"learning_rate": [0.001, 0.01], "batch_size": [4, 16]}],
    )
    inputs: dict[InputName, Annotated[Any, Shown(_DATA_SCHEMA)]] = Field(
        default_factory=dict,
        description="Data that the step reads, by the name that it has in Azure ML. Only for names that do not follow "
        "from the options, and for data that no argument names. An argument reads one as ${{ inputs.NAME }}.",
        examples=[{"training": "${{ datasets.archive }}"}],
        json_schema_extra=WORD_NAMES,
    )
    outputs: dict[OutputName, Output] = Field(
        default_factory=dict,
        description="Settings of outputs, by name; the outputs themselves are declared by the arguments.",
        examples=[{"model": {"mode": "mount"}}],
        json_schema_extra=WORD_NAMES,
    )
    after: Texts = Field(
        (), description="Steps that must run first, even if their outputs are not read.", examples=[["prepare-data"]]
    )
    source_directory: ProjectPath | None = Field(
        None, description="Folder of this step's script; replaces the pipeline's.", examples=["steps"]
    )
    allow_reuse: bool | None = Field(
        None,
        description="If false, the step always runs: for results that depend on more than its arguments show.",
        examples=[False],
    )
    distribution: Distribution | None = Field(
        None,
        description="Several processes of the script that train together.",
        examples=[{"type": "pytorch", "nodes": 2, "processes_per_node": 4}],
    )
    retries: int | None = Field(
        None, ge=0, le=100, description="Number of retries after a failure (local runs only).", examples=[2]
    )

    @field_validator("distribution")
    @classmethod
    def _is_the_launcher(cls, value: Distribution | None, info: ValidationInfo) -> Distribution | None:
        program = launcher(info.data.get("command"))
        if value is not None and program:
            raise fail(*two_launchers(program), at="")
        return value

    @field_validator("module", "command")
    @classmethod
    def _is_the_program(cls, value: object, info: ValidationInfo) -> object:
        key = str(info.field_name)
        others = [other for other in PROGRAMS if other != key and info.data.get(other) is not None]
        if value is not None and others:
            raise fail("two-programs", f"a step runs one program, but this one has `{others[0]}` and `{key}`.",
                       "Delete one of them.")  # fmt: skip
        # One that was itself refused is not in the data.
        if key == PROGRAMS[-1] and value is None and not others and {*PROGRAMS[:-1]} <= info.data.keys():
            raise fail("missing-key", "this step has nothing to run.", "Add `script:`, `module:` or `command:`.")
        return value
