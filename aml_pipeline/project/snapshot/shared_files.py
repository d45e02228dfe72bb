"""The files of a source folder that steps share: the result of a pattern or of the whole folder, computed once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Literal

from aml_pipeline.core import files

Rule = Literal["script", "import", "named", "pattern", "folder"]
_MOST_GLOBS = 10


@dataclass(eq=False)
class Files:
    """Files of ``folder`` with their digests; steps with the same files share this object.

    ``kept``: their texts have been stored for the records.
    """

    folder: str
    digests: dict[str, str]
    kept: bool = False

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The size of each file."""
        looks = ((name, files.look(os.path.join(self.folder, name))) for name in self.digests)
        return {name: look.size if look else 0 for name, look in looks}

    @cached_property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(self.sizes.values())


class Chosen:
    """The files that a ``rule`` includes; ``imported`` are the outside modules, by the file that imports them.

    The answers for a step omit its ``own`` files, which are included by another rule; only those cost time.
    """

    def __init__(self, names: Iterable[str], rule: Rule) -> None:
        self.rules: dict[str, Rule] = dict.fromkeys(names, rule)
        self.imported: dict[str, set[str]] = {}

    @cached_property
    def _users(self) -> Counter[str]:
        return Counter(module for modules in self.imported.values() for module in modules)

    @cached_property
    def _modules(self) -> frozenset[str]:
        return frozenset(self._users)

    def modules(self, own: Iterable[str]) -> frozenset[str]:
        """Return the outside modules that files import, dotted if a part of one is imported."""
        users = Counter(module for name in own for module in self.imported.get(name, ()))
        return self._modules - {module for module, count in users.items() if count == self._users[module]}

    @cached_property
    def _globs(self) -> list[tuple[tuple[int, str], int]]:
        return sorted(Counter(glob for name in self.rules if (glob := _glob(name))).items())

    def globs(self, own: Iterable[str]) -> list[str]:
        """Return patterns for these files: data at the top, else in folders, else code; the first ten."""
        fewer = Counter(glob for name in own if name in self.rules and (glob := _glob(name)))
        left = (glob for glob, count in self._globs if count > fewer[glob])
        first = next(left, None)
        if first is None:
            return []
        kind, text = first
        return [text, *islice((more for other, more in left if other == kind), _MOST_GLOBS - 1)]


def _glob(name: str) -> tuple[int, str] | None:
    """Return how likely a file is read by a script next to it, and a pattern of its kind."""
    top, slash, _ = name.partition("/")
    if name.startswith("."):
        return None
    if name.endswith(".py"):
        return 2, "*.py"
    return (1, f"{top}/**") if slash else (0, f"*{os.path.splitext(name)[1]}" if "." in name else name)
