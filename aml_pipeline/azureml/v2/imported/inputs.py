"""Inputs of a v2 pipeline and of its nodes → parameters, datasets and expressions of pipeline.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.importing.names import Names
from aml_pipeline.azureml.importing.proving import STAND_INS
from aml_pipeline.azureml.v2.export.assets import TYPES
from aml_pipeline.azureml.v2.imported.files import Part, has_secret
from aml_pipeline.azureml.v2.imported.unsayable import Unsayable
from aml_pipeline.core import files, paths
from aml_pipeline.core.masking import is_secret
from aml_pipeline.pipeline.spec import places
from aml_pipeline.pipeline.spec.names import word_name_fault
from aml_pipeline.pipeline.yaml.scalars import resolve

PARENT = re.compile(r"\$\{\{\s*parent\.(inputs\.[\w-]+|outputs\.[\w-]+|jobs\.[\w-]+\.outputs\.[\w-]+)\s*\}\}")
VALUES = frozenset({"string", "integer", "number", "boolean"})
OF_V2 = {v2: ours for ours, v2 in TYPES.items()}
MODELS = frozenset({"custom_model", "mlflow_model", "triton_model"})
_MODES = {"": "mount", "ro_mount": "mount", **{mode: mode for mode in ("download", "eval_mount", "eval_download")}}
_WHOLE_ADDRESS = re.compile(r"azureml://subscriptions/.*?/(datastores/[^/\s]+/paths/.*)")
_EMPTY = "Azure ML does not support empty values of parameters, so it is written into the steps."


@dataclass(frozen=True, slots=True)
class Bound:
    """What an input receives.

    A ``parameter`` has its ``name`` and ``text``, its default; a ``text`` is itself; ``data`` has the part with its
    place, and its ``name`` as an input; an ``output`` has the ``source``: the path of a node, and an output of it.
    """

    kind: Literal["parameter", "text", "data", "output", "absent"]
    part: Part
    name: str = ""
    text: str = ""
    source: tuple[tuple[str, ...], str] = ((), "")
    mode: str = ""


def scalar(value: object) -> str | int | float:
    """Return a value as pipeline.yaml has it, with the text that azure-ai-ml sends: ``True`` for a boolean."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return _number(str(value)) if is_number else str(value)


def _number(text: str) -> str | int | float:
    """Return the number that a text is; the text itself, if it is none."""
    value = resolve(text)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else text


def is_data(declared: Part | None) -> bool:
    """Whether an input is declared as data."""
    kind = declared.parts.get("type") if declared is not None and declared.is_mapping else None
    return kind is not None and str(kind.value) not in VALUES


@dataclass(slots=True)
class Datasets:
    """The datasets of the pipeline: data of the same place and mode is one. Local paths are relative to ``folder``."""

    names: Names
    folder: str
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, list[str]] = field(default_factory=dict)  # by input of the pipeline
    losses: list[Loss] = field(default_factory=list)

    def of(self, bound: Bound) -> list[str]:
        """Return the names of the datasets that an input of the pipeline is."""
        return self.users.get(bound.part.where + bound.name, [])

    def give(self, bound: Bound, declared: Part | None) -> str:
        """Return the name of the dataset that ``bound`` is for an input that is ``declared``. Raises Unsayable."""
        name = self._named(bound.name, self.place(bound.part, declared, bound.mode))
        users = self.users.setdefault(bound.part.where + bound.name, [])
        users.extend({name} - {*users})
        return name

    def local(self, name: str, declared: Part | None, *place: str) -> str:
        """Return the name of a dataset that is only on this machine, for an input called ``name``."""
        kind = OF_V2.get(_type_of(declared), "folder")
        return self._named(name, {"type": kind, "local": "/".join((STAND_INS, *place))})

    def _named(self, wanted: str, keys: dict[str, Any]) -> str:
        same = next((name for name, known in self.keys.items() if known == keys), None)
        if same is not None:
            return same
        old = wanted.removeprefix("data__")
        name = self.names.give("dataset", old)
        if name in self.keys:
            name = self.names.give("dataset", old, key=str(len(self.keys)))
        self.keys[name] = keys
        return name

    def place(self, part: Part, declared: Part | None, mode: str) -> dict[str, Any]:
        """Return the keys of a dataset in the place that ``part`` has."""
        kind = part.text("type") or _type_of(declared) or "uri_folder"
        mode = mode or part.text("mode") or (declared.text("mode") if declared is not None else "")
        keys = _remote(part, part.text("path"), kind) or self._local(part)
        if mode.startswith("eval_") and "registered" in keys:
            return {**keys, "mode": _MODES[mode]}
        return {"type": self._type(part, kind), **keys, **self._mode(part, mode)}

    def _type(self, part: Part, kind: str) -> str:
        if kind not in OF_V2:
            why = "a step gets a model as the folder or file that it is."
            self.losses.append(part.lost(f"type {kind}", why))
        return OF_V2.get(kind, "folder")

    def _mode(self, part: Part, mode: str) -> dict[str, str]:
        if mode not in _MODES:
            why = "data is mounted or downloaded. The script gets the path of a folder or a file."
            self.losses.append(part.lost(f"mode {mode}", why))
        ours = _MODES.get(mode, "mount").removeprefix("eval_")
        return {} if ours == "mount" else {"mode": ours}

    def _local(self, part: Part) -> dict[str, Any]:
        path = part.beside(part.text("path").removeprefix("file:"))
        if files.look(path) is None:
            self.losses.append(part.lost(f"data {part.text('path')}", "it was not found. Put it there."))
        return {"local": paths.relative(path, self.folder), "upload": True}


def _remote(part: Part, path: str, kind: str) -> dict[str, str] | None:
    """Return the keys of a place in Azure ML or on the web, None for one on this machine. Raises Unsayable."""
    whole = _WHOLE_ADDRESS.fullmatch(path)
    keys = places.keys_of(f"azureml://{whole[1]}" if whole else path) if path else {}
    if keys is None or path.startswith("azureml://registries/"):
        raise Unsayable(f"{part.where}: data at {path} needs a datastore. Write azureml://datastores/NAME/paths/PATH.")
    if not keys:
        raise Unsayable(f"{part.where}: the data has no path. Write one.")
    if "registered" in keys and kind in MODELS:
        raise Unsayable(f"{part.where}: the step reads the registered model {path}. Download it in the script.")
    if is_secret("url", path):
        raise Unsayable(f"{part.where}: the address contains a key. Let a datastore of the workspace keep it.")
    if "url" in keys and kind != "uri_file":
        raise Unsayable(f"{part.where}: {path} is read as {kind}, but a web address names one file. Upload the data.")
    if keys.get("version") == "latest":
        keys = {"registered": keys["registered"]}
    return None if "local" in keys else keys


def _type_of(declared: Part | None) -> str:
    part = declared.parts.get("type") if declared is not None else None
    return "" if part is None else str(part.value)


@dataclass(slots=True)
class Parameters:
    """The parameters of the pipeline, and the inputs that receive each, which may limit its values."""

    names: Names
    parts: dict[str, Part] = field(default_factory=dict)
    users: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)

    def call(self, inputs: Iterable[str]) -> None:
        """Give ``inputs`` their names: first those that are valid, so that they stay."""
        for name in sorted(inputs, key=lambda name: word_name_fault(name) is not None):
            self.names.give("parameter", name)

    def bind(self, name: str, part: Part, value: Part) -> Bound:
        """Return what input ``name`` of the pipeline is, whose value is plain."""
        text = str(value.value)
        if not text.strip():
            self.losses.append(part.lost(f'the empty value of input "{name}"', _EMPTY))
            return Bound("text", part, name, text)
        new = self.names.give("parameter", name)
        self.parts[new] = value
        return Bound("parameter", part, new, text)

    def used(self, name: str, declared: Part) -> None:
        """Note that an input that is ``declared`` receives the parameter ``name``."""
        self.users.setdefault(name, []).append(declared.value)

    def document(self) -> dict[str, Any]:
        """Return the parameters as pipeline.yaml has them."""
        return {name: self._parameter(name, part) for name, part in self.parts.items()}

    def _parameter(self, name: str, part: Part) -> Any:  # noqa: ANN401 - plain data
        default = scalar(part.value)
        if is_secret(name, str(default)):
            why = "it looks like a secret, and pipeline.yaml is no place for one. Keep it in the key vault."
            self.losses.append(part.lost(f"the default of parameter {name}", why))
            return {"default": "secret", "description": "A secret: its value was not imported."}
        limits = self._limits(name, part)
        kind = str(limits.pop("type", ""))
        if kind in {"integer", "number"} and isinstance(default, str):
            default = _number(default)
        if (kind, _kind(default)) in _WIDER:
            limits = {"type": kind, **limits}
        if isinstance(default, str) and (bounds := limits.keys() & {"minimum", "maximum"}):
            self.losses.append(part.lost(f"limits of parameter {name}", "its value is no number. Write one."))
            limits = {key: value for key, value in limits.items() if key not in bounds}
        return {"default": default, **limits} if limits else default

    def _limits(self, name: str, part: Part) -> dict[str, Any]:
        """Return the type, the limits and the description on which all users agree."""
        users = self.users.get(name, [])
        agreed: dict[str, Any] = {}
        for theirs, ours in _LIMITS.items():
            values = [user.get(theirs) for user in users]
            if values and all(value == values[0] for value in values) and values[0] is not None:
                is_list = isinstance(values[0], list)
                agreed[ours] = [scalar(value) for value in values[0]] if is_list else scalar(values[0])
                if has_secret(str(values[0])):
                    why = "it looks like a secret. Write it without the secret."
                    self.losses.append(self.parts[name].lost(f"{theirs} of parameter {name}", why))
                    del agreed[ours]
            elif any(value is not None for value in values) and theirs != "type":
                why = "the steps that receive it do not agree. Write the limit that you mean."
                self.losses.append(part.lost(f"{theirs} of parameter {name}", why))
        return agreed


_LIMITS = {"type": "type", "description": "description", "enum": "choices", "min": "minimum", "max": "maximum"}
# A declared type, and the type of a default that it allows besides its own.
_WIDER = frozenset({("number", "integer"), ("string", "integer"), ("string", "number")})


def _kind(default: str | float) -> str:
    return "string" if isinstance(default, str) else "integer" if isinstance(default, int) else "number"
