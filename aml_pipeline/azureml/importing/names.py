"""Names of Azure ML → names that pipeline.yaml allows, each given once, with a list of those that changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from aml_pipeline.azureml.importing.draft import Renamed
from aml_pipeline.pipeline.spec import names

# Things whose names are words joined by -; all others are joined by _.
_HYPHENATED = frozenset({"pipeline", "step", "schedule", "profile"})


@dataclass(slots=True)
class Names:
    """Gives names: the same thing always gets the same name, and no two things of a scope share one."""

    given: dict[tuple[str, str, str], str] = field(default_factory=dict)  # by noun, scope and old name

    def give(self, what: str, old: str, scope: str = "", key: str = "") -> str:
        """Return the name of the thing ``what`` (a noun: ``step``, ``output``, …) that was called ``old``.

        ``scope`` separates names that may be equal, such as those of outputs of different steps; ``key`` separates
        things of one old name, such as two steps called ``train``.
        """
        known = (what, scope, f"{old}\0{key}")
        if known not in self.given:
            taken = {name for (kind, where, _), name in self.given.items() if (kind, where) == (what, scope)}
            self.given[known] = _unique(_valid(what, old), taken, "-" if what in _HYPHENATED else "_")
        return self.given[known]

    @property
    def renamed(self) -> tuple[Renamed, ...]:
        """The names that changed, in the order in which they were given."""
        found = (Renamed(what, old.rpartition("\0")[0], new, scope) for (what, scope, old), new in self.given.items())
        return tuple(dict.fromkeys(one for one in found if one.old != one.new))


def _valid(what: str, old: str) -> str:
    """Return the valid name that is most like ``old``: ``TrainModel v2`` becomes ``train-model-v2``."""
    joint = "-" if what in _HYPHENATED else "_"
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", old)
    words = re.findall(r"[a-z0-9]+", parted.lower())
    text = joint.join(words)
    if not text[:1].isalpha():
        text = f"{what}{joint}{text}".rstrip(joint)
    text = text[: names.LONGEST - 10].rstrip(joint)
    reserved = joint == "_" and text in names.TAKEN
    return f"{text}_{what}" if reserved else text


def _unique(text: str, taken: set[str], joint: str) -> str:
    number = 2
    unique = text
    while unique in taken:
        unique, number = f"{text}{joint}{number}", number + 1
    return unique
