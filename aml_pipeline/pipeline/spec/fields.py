"""The types of values in pipeline.yaml and the base of its mappings: what is allowed, problems, and JSON Schema."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    Strict,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from aml_pipeline.pipeline.spec import names, places
from aml_pipeline.pipeline.yaml.scalars import written


class Model(BaseModel):
    """A mapping of the file with known keys: frozen, strict, unknown keys forbidden.

    Models check single values. What several places say about each other (references, order) is checked in the plan;
    what concerns the disk is checked in ``project``. Errors are raised by ``fail`` and reach the user only through the
    loader.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, defer_build=True)


class Shown:
    """Sets the JSON Schema of a value, as WithJsonSchema does, which changed its schema before pydantic 2.11."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema, handler
        return {**self._schema}


class Ready:
    """The type of a value as a finished core schema and JSON Schema; pydantic would build both for every field anew."""

    def __init__(self, core: CoreSchema, schema: dict[str, Any]) -> None:
        self._core, self._schema = core, schema

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        del source, handler
        return {**self._core}

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema, handler
        return {**self._schema}


class OrShort:
    """Sets the JSON Schema of a short form that replaces a whole mapping (``compute: NAME``)."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{**self._schema}, handler(schema)]}


def fail(code: str, message: str, cure: str, *, at: str | None = None) -> PydanticCustomError:
    """A mistake; ``at`` is the key whose value it is about, or "" for the whole mapping, reported at its own key."""
    return PydanticCustomError(code, "{text}", {"text": message, "cure": cure, "at": at})


def named(noun: str, fault: Callable[[str], str | None]) -> AfterValidator:
    """A name without ``fault``, or one of those in the context, which have already been reported."""

    def check(name: str, info: ValidationInfo) -> str:
        wrong = fault(name)
        if wrong and name not in (info.context or ()):
            raise fail("bad-name", f'{noun} "{name}" {wrong}.', name_cure(name, noun))
        return name

    return AfterValidator(check)


def name_cure(name: str, noun: str) -> str:
    """Return the cure for the invalid ``name`` of such a thing."""
    if len(name) > names.LONGEST:
        return "Shorten it."
    joiner = "_" if noun in {"input", "output", "parameter", "dataset", "axis"} else "-"
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower())
    if not words or not words[0][0].isalpha() or joiner.join(words) == name:
        words = ["my", *words]
    return f'Write it like "{joiner.join(words)}".'


def _names(pattern: str, words: str) -> dict[str, Any]:
    """The keys of a mapping, for editors; ``<<`` is YAML's merge key."""
    return {"title": "name", "pattern": f"^(<<|{pattern})$", "patternErrorMessage": words, "maxLength": names.LONGEST}


STEP_NAMES: dict[str, Any] = {
    "propertyNames": _names(names.STEP_NAME, "Write lower-case letters and digits, in words joined by -.")
}
WORD_NAMES: dict[str, Any] = {
    "propertyNames": _names(
        rf"(?!({'|'.join(sorted(names.TAKEN))})$){names.WORD_NAME}",
        "Write lower-case letters and digits, in words joined by _, and no name that Azure ML reserves.",
    )
}

StepName = Annotated[str, named("step", names.step_name_fault)]
ProfileName = Annotated[str, named("profile", names.step_name_fault)]
ScheduleName = Annotated[str, named("schedule", names.step_name_fault)]
InputName = Annotated[str, named("input", names.word_name_fault)]
OutputName = Annotated[str, named("output", names.word_name_fault)]
ParameterName = Annotated[str, named("parameter", names.word_name_fault)]
DatasetName = Annotated[str, named("dataset", names.word_name_fault)]


def _text(value: object) -> object:
    """A number where a string is expected (``version: 2``) is the text that it was written with."""
    return written(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _not_empty(value: str) -> str:
    if not value.strip():
        raise fail("empty-value", "this value is empty.", "Write a value, or delete the key.")
    return value


EMPTY = {"patternErrorMessage": "Write a value, or delete the key."}
TEXT_SCHEMA = {"type": ["string", "number"], "pattern": r"\S", **EMPTY}
_WRITTEN = core_schema.no_info_before_validator_function(_text, core_schema.str_schema())
Text = Annotated[str, Ready(core_schema.no_info_after_validator_function(_not_empty, _WRITTEN), TEXT_SCHEMA)]
# YAML has lists; frozen models contain tuples.
Texts = Annotated[tuple[Text, ...], Strict(strict=False)]
Integers = Annotated[tuple[int, ...], Strict(strict=False)]


def relative(value: str) -> str:
    """A path that leads from the folder of the pipeline file."""
    if value.startswith(("/", "~")) or "\\" in value or value[1:3] == ":/":
        raise fail("absolute-path", f'"{value}" is not a path relative to the pipeline file.',
                   "Write it relative to the folder of the pipeline file, with / between folders.")  # fmt: skip
    return value


PATH_SCHEMA = {
    "type": "string",
    "pattern": r"^(?![/~]|.:/)[^\\]*[^\s\\][^\\]*$",
    "patternErrorMessage": "Write a path relative to the folder of this file, with / between folders.",
}
ProjectPath = Annotated[str, AfterValidator(_not_empty), AfterValidator(relative), Shown(PATH_SCHEMA)]


def _scalar(value: object) -> object:
    if not isinstance(value, (str, int, float)):
        kind = "null" if value is None else "a list or a mapping"
        raise fail("not-a-value", f"a parameter must be a string, a number or a boolean, not {kind}.",
                   "Write a single value; a script can split a string itself.")  # fmt: skip
    return value


SCALAR_SCHEMA: dict[str, Any] = {"type": ["string", "number", "boolean"]}
Value = Annotated[Any, AfterValidator(_scalar), Shown(SCALAR_SCHEMA)]
_GIVEN_SCHEMA = {**SCALAR_SCHEMA, "description": "The value of this parameter.", "examples": [10]}
GivenValue = Annotated[Any, AfterValidator(_scalar), Shown(_GIVEN_SCHEMA)]
Values = Annotated[tuple[Value, ...], Strict(strict=False)]


def _remote(value: str) -> str:
    if places.keys_of(value) is None or places.is_local(value):
        raise fail("dataset-place", f'"{value}" is not a place in Azure ML.', places.CURE)
    return value


_URL_CURE = "Write the address of a file, like https://HOST/FILE."


def _web_address(value: str) -> str:
    if not re.fullmatch(places.WEB_ADDRESS, value):
        raise fail("dataset-place", f'"{value}" is not the web address of a file.', _URL_CURE)
    return value


_URL_SCHEMA = {"type": "string", "pattern": f"^{places.WEB_ADDRESS}$", "patternErrorMessage": _URL_CURE}
WebAddress = Annotated[str, AfterValidator(_web_address), Shown(_URL_SCHEMA)]

_REMOTE_SCHEMA = {
    "type": "string",
    "pattern": "^(azureml:|https?://)",
    "patternErrorMessage": places.CURE,
    "description": "The place of this dataset: a registered one, a path on a datastore, or a web address.",
    "examples": ["azureml:archive:3"],
}
RemotePlace = Annotated[str, AfterValidator(_remote), Shown(_REMOTE_SCHEMA)]


def _bound(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise fail("wrong-type", "a bound must be a number.", "Write it like 0.5, or delete the key.")
    return value


Bound = Annotated[Any, AfterValidator(_bound), Shown({"type": "number"})]

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DURATION = r"([1-9][0-9]{0,6})([smh])"


def _duration(value: object) -> int:
    match = re.fullmatch(_DURATION, value) if isinstance(value, str) else None
    if not match:
        shown = written(value) if isinstance(value, (str, int, float)) else "this"
        raise fail("bad-duration", f"{shown} is not a valid duration.", "Write it like 90s, 10m or 2h.")
    return int(match[1]) * _SECONDS[match[2]]


Duration = Annotated[
    int,
    BeforeValidator(_duration),
    Shown({"type": "string", "pattern": f"^{_DURATION}$", "patternErrorMessage": "Write it like 90s, 10m or 2h."}),
]

_MEMORY = "[1-9][0-9]*[bkmg]"  # as Docker and azure-ai-ml read it


def _memory(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(_MEMORY, value):
        shown = written(value) if isinstance(value, (str, int, float)) else "this"
        raise fail("wrong-value", f"{shown} is not a valid size of memory.", "Write it like 512m or 8g.")
    return value


MemorySize = Annotated[
    str,
    BeforeValidator(_memory),
    Shown({"type": "string", "pattern": f"^{_MEMORY}$", "patternErrorMessage": "Write it like 512m or 8g."}),
]

_BYTES = {"kB": 1000, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = r"([1-9][0-9]{0,5}) ?(kB|MB|GB|TB)"
UPLOAD_BYTES = 10 * 10**9


def _upload(value: object) -> int:
    """The most bytes that may be uploaded."""
    if isinstance(value, bool):
        return UPLOAD_BYTES if value else 0
    match = re.fullmatch(_SIZE, value) if isinstance(value, str) else None
    if not match:
        shown = written(value) if isinstance(value, (str, int, float)) else "this"
        raise fail("bad-size", f"{shown} is neither a boolean nor a size.",
                   "Write true to allow 10 GB, or a larger limit like 50 GB.")  # fmt: skip
    return int(match[1]) * _BYTES[match[2]]


_UPLOAD_SCHEMA = {
    "type": ["boolean", "string"],
    "pattern": f"^{_SIZE}$",
    "patternErrorMessage": "Write true to allow 10 GB, or a larger limit like 50 GB.",
}
Upload = Annotated[int, BeforeValidator(_upload), Shown(_UPLOAD_SCHEMA)]
