"""YAML files of Azure ML v2 → their values with places, which know what was taken of them.

What nobody took is a loss: so no key of a file can be lost silently.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.core import files, paths
from aml_pipeline.core.errors import PipelineError, UsageError
from aml_pipeline.core.masking import without_secrets
from aml_pipeline.core.problems import errors
from aml_pipeline.core.secrets import by_variable, in_addresses, in_text
from aml_pipeline.core.wording import listed
from aml_pipeline.pipeline.yaml import older, source


def has_secret(text: str) -> bool:
    """Whether a text has a secret in it; stricter than what is hidden on screen, such as the word after "Basic"."""
    assigned = re.findall(r"([\w-]+)[\"']?\s*[=:]\s*[\"']?([^\s\"',;&]+)", text)
    return bool(in_text(text.encode()) or in_addresses(text) or any(by_variable(*pair) for pair in assigned))


@dataclass(slots=True, eq=False)
class Part:
    """A value of the file ``path``, at ``line``, with the parts of a mapping or a list by key or index.

    ``taken`` has the keys that were asked for. ``base`` is the folder from which places of losses are shown.
    """

    value: Any
    path: str
    line: int
    base: str
    parts: dict[str, Part] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @property
    def where(self) -> str:
        """The place for the reader: ``train.yml:14``."""
        return f"{paths.relative(self.path, self.base)}:{self.line}"

    @property
    def is_mapping(self) -> bool:
        """Whether the value has keys."""
        return isinstance(self.value, dict)

    def __contains__(self, key: str) -> bool:
        return key in self.parts

    def get(self, key: str) -> Part | None:
        """Take ``key``, and return its part; what is below it must be taken too."""
        self.taken.add(key)
        return self.parts.get(key)

    def data(self, key: str) -> Any:  # noqa: ANN401 - plain data
        """Take ``key`` with all that is below it, and return the value; None if there is none."""
        part = self.get(key)
        return part.whole() if part is not None else None

    def whole(self) -> Any:  # noqa: ANN401 - plain data
        """Take everything of this value, and return it."""
        self.taken.update(self.parts)
        for part in self.parts.values():
            part.whole()
        return self.value

    def text(self, key: str) -> str:
        """Take ``key``, and return its value as a text, "" if it has none."""
        value = self.data(key)
        return "" if value is None else str(value)

    def prose(self, key: str, losses: list[Loss]) -> str:
        """Take ``key``, and return its text without secrets; appends to ``losses`` if it has some."""
        text = self.text(key)
        if not has_secret(text):
            return text
        losses.append(
            self.parts[key].lost(f"a part of the {key}", "it looks like a secret. Write it without the secret.")
        )
        return without_secrets(text)

    def items(self, key: str) -> list[tuple[str, Part]]:
        """Take ``key``, and return what its mapping has; nothing if it has none."""
        part = self.get(key)
        if part is None or not part.is_mapping:
            return []
        part.taken.update(part.parts)
        return list(part.parts.items())

    def beside(self, path: str) -> str:
        """Return the absolute path of what this file calls ``path``."""
        return os.path.normpath(os.path.join(os.path.dirname(self.path), path))

    def lost(self, what: str, why: str) -> Loss:
        """Return the loss of ``what`` at this place, without secrets."""
        return Loss(self.where, without_secrets(what), without_secrets(why))


def read(path: str, base: str) -> Part:
    """Read the YAML file ``path``. Raises UsageError if there is no such file, PipelineError if it is not YAML."""
    if not files.is_file(path):
        raise UsageError(f"{path} was not found. Name the YAML file of a pipeline job.")
    text, undecodable = source.decode(files.read(path))
    document = source.parse(text)
    problems = errors([*([undecodable] if undecodable else []), *document.problems])
    if problems:
        raise PipelineError([replace(problem, file=path) for problem in problems], {path: text})
    try:
        return _part(older.parse(text), path, base)
    except older.OlderError as error:
        why = "YAML 1.1, which azure-ai-ml reads, does not allow this value. Quote it."
        raise UsageError(f"{path}:{error.line}: {why}") from error


def _part(value: older.Value, path: str, base: str) -> Part:
    parts = {key: _part(inner, path, base) for key, inner in value.inner.items()}
    return Part(value.value, path, value.line, base, parts)


# Why a key that was understood as what it is has no place in pipeline.yaml.
_REASONS = {
    (
        "description",
        "tags",
        "display_name",
        "name",
        "version",
    ): "only a pipeline can have this, not a step. Keep it as a comment.",
    ("services",): "nobody connects to a step of a pipeline. Submit the job alone to look inside.",
}
_UNKNOWN = "pipeline.yaml cannot express it. Check whether the pipeline needs it."


def left(part: Part) -> Iterator[Loss]:
    """Yield the losses of what was not taken of ``part``: one for the keys of a mapping that share a reason."""
    rest = [key for key in part.parts if key not in part.taken and key != "$schema"]
    for keys, why in _REASONS.items():
        yield from _left_of(part, [key for key in rest if key in keys], why)
    known = {key for keys in _REASONS for key in keys}
    yield from _left_of(part, [key for key in rest if key not in known], _UNKNOWN)
    for key, inner in part.parts.items():
        if key in part.taken:
            yield from left(inner)


def _left_of(part: Part, keys: list[str], why: str) -> Iterator[Loss]:
    if keys:
        yield part.parts[keys[0]].lost(listed(keys), why)
