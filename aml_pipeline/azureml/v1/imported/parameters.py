"""The parameters of a pipeline → `parameters:`, with types that all their known values have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from aml_pipeline.azureml.v1.imported.found import Found
from aml_pipeline.azureml.v1.imported.graph import Node, each
from aml_pipeline.azureml.v1.imported.naming import Naming
from aml_pipeline.azureml.v1.imported.notes import INTO_THE_VAULT, Notes
from aml_pipeline.core.masking import MASK, is_secret
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.spec import parameters as spec
from aml_pipeline.pipeline.yaml import scalars

_UNSET = "unset"


def documents(found: Found, naming: Naming, nodes: Collection[Node], notes: Notes) -> dict[str, Any]:
    """Return `parameters:`; a run's are its values."""
    received = {word.value for node in nodes for word in node.words if word.kind == "parameter"}
    entries = {}
    for entity in each(found.interface.get("Parameters")):
        name = str(entity.get("Name"))
        if name not in received:
            notes.lose(f"parameter {name}", "No argument of an imported step receives it.")
            continue
        default = _default(found, name, entity.get("DefaultValue"), notes)
        entries[naming.parameters[name]] = document(default, [*_scheduled(found, name)])
    return entries


def _default(found: Found, name: str, default: object, notes: Notes) -> str:
    text = found.assignments.get(name, "" if default is None else str(default))
    if is_secret(name, text):
        notes.lose(f"parameter {name}", f"Its default looks like a secret. {INTO_THE_VAULT}")
        return MASK
    if spec.fault(text, "string"):
        notes.lose(f"parameter {name}", f"Its default is not a value that Azure ML accepts. Replace `{_UNSET}`.")
        return _UNSET
    return text


def _scheduled(found: Found, name: str) -> Iterator[str]:
    for schedule in found.schedules:
        given = mapping(mapping(schedule.get("PipelineSubmissionInfo")).get("ParameterAssignments"))
        if name in given:
            yield str(given[name])


def document(default: str, others: Collection[str] = ()) -> Any:  # noqa: ANN401 - a value of the file
    """Return a default as the file has it: a number or a boolean if ``others``, its known values, are such too."""
    value = value_of(default)
    kinds = {type_of(text) for text in (default, *others)}
    if kinds <= {"integer", "number"} and kinds != {"number"} and len(kinds) > 1:
        return {"type": "number", "default": value}
    return value if len(kinds) == 1 else default


def type_of(text: str) -> str:
    """Return the type of a value that is written as ``text``."""
    return spec.type_of(value_of(text))


def value_of(text: str) -> Any:  # noqa: ANN401 - a value of the file
    """Return a text as a value of the file that becomes this text again."""
    value = scalars.resolve(text)
    if value is None or spec.fault(value, spec.type_of(value)) or scalars.written(value) != text:
        return text
    return value


def values(given: Mapping[str, str], entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a schedule gives to parameters, by their names here, in the types of ``entries``."""
    return {name: text if isinstance(entries[name], str) else value_of(text) for name, text in given.items()}
