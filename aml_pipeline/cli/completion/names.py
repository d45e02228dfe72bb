"""The names in a pipeline file and of its recorded runs, read for a Tab: fast, and none where something is wrong."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Word = tuple[str, str]

_STATE = ".aml_pipeline"  # project.folder, which takes too long to import
_MOST_BYTES = 1 << 20
_MOST_RUNS = 200


class Names:
    """The names that the file at ``path`` (default: ./pipeline.yaml) and its state folder have, each with a note."""

    def __init__(self, path: str, profile: str) -> None:
        self._file = os.path.abspath(os.path.expanduser(path or "pipeline.yaml"))
        self._profile = profile
        self._data = b""
        self._top: dict[str, Any] | None = None

    def steps(self, word: str) -> Iterator[Word]:
        """Yield the steps, and the variants of the one that ``word`` names."""
        steps = self._mapping("steps")
        for name, step in steps.items():
            runs = next((step[key] for key in ("script", "module", "command") if step.get(key)), "")
            yield name, _text(step.get("description")) or _text(runs)
        name = word.partition("[")[0]
        if "matrix" in steps.get(name, {}):
            yield from self._variants(name)

    def _variants(self, step: str) -> Iterator[Word]:
        """Yield the titles of the variants of a step, which only the loader knows; it takes a few times as long."""
        from aml_pipeline.pipeline import loader

        plan = loader.load(self._data, self._file).plan
        for variant in plan.steps if plan else ():
            if variant.declared == step:
                yield variant.title, ""

    def profiles(self) -> Iterator[Word]:
        """Yield the profiles."""
        for name in self._mapping("profiles"):
            yield name, ""

    def parameters(self, word: str) -> Iterator[Word]:
        """Yield ``NAME=`` of each parameter; once a name is typed, ``NAME=VALUE`` of each choice."""
        typed, equals, _ = word.partition("=")
        for name, parameter in self._section("parameters").items():
            settings = parameter if isinstance(parameter, dict) else {"default": parameter}
            default = _text(settings.get("default"))
            if not equals:
                yield f"{name}=", _text(settings.get("description"))
            elif name == typed:
                choices = settings.get("choices") or (["true", "false"] if default in {"true", "false"} else [])
                for choice in choices:
                    yield f"{name}={choice}", "default" if choice == default else ""

    def datasets(self) -> Iterator[Word]:
        """Yield ``NAME=`` of each dataset."""
        for name, dataset in self._mapping("datasets").items():
            yield f"{name}=", _text(dataset.get("description")) or _text(dataset.get("local"))

    def schedules(self) -> Iterator[Word]:
        """Yield the schedules of the file, and those of the profile that is given."""
        profile = self._mapping("profiles").get(self._profile, {})
        for name, schedule in {**self._mapping("schedules"), **_mappings(profile.get("schedules"))}.items():
            yield name, _text(schedule.get("cron"))

    def runs(self, word: str) -> Iterator[Word]:
        """Yield the recorded runs whose ids begin with ``word``, newest first, as many as a person may read."""
        found = sorted((name for name in self._recorded() if name.startswith(word)), reverse=True)
        for name in found[:_MOST_RUNS]:
            yield name, ""

    def columns(self) -> Iterator[Word]:
        """Yield the parameters of the file and the metrics of the latest run."""
        import json

        for name in self._section("parameters"):
            yield name, "parameter"
        for run in sorted(self._recorded())[-1:]:
            with open(os.path.join(self._state(), "runs", run, "short.json"), "rb") as stream:
                metrics = json.load(stream).get("metrics", {})
            for step, values in metrics.items():
                for name in values:
                    yield f"{step}.{name}", "metric"

    def _recorded(self) -> list[str]:
        folder = os.path.join(self._state(), "runs")
        return os.listdir(folder) if os.path.isdir(folder) else []

    def _state(self) -> str:
        return os.path.join(os.path.dirname(self._file), _STATE, _text(self._outline().get("name")))

    def _mapping(self, key: str) -> dict[str, dict[str, Any]]:
        return _mappings(self._outline().get(key))

    def _section(self, key: str) -> dict[str, Any]:
        found = self._outline().get(key)
        return found if isinstance(found, dict) else {}

    def _outline(self) -> dict[str, Any]:
        if self._top is None and os.path.isfile(self._file):  # nothing that could block
            from aml_pipeline.pipeline.yaml.outline import outline

            with open(self._file, "rb") as stream:
                self._data = stream.read(_MOST_BYTES)
            self._top = outline(self._data)
        return self._top or {}


def _mappings(found: object) -> dict[str, dict[str, Any]]:
    """Return the values of a mapping that are mappings."""
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: value if isinstance(value, dict) else {} for name, value in pairs}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
