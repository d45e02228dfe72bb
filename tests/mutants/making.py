"""The text of a module → a sample of its mutants: ``python -m tests.mutants.making COUNT FILE...``, as JSON.

The changes are those of mutmut, which is installed in ``.mutants`` only. The digest of a change decides whether it is
in the sample: an edit elsewhere in the file leaves the rest of the sample as it was.
"""

# ruff: noqa: T201 - printing is its job
from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

SEED = "2026-11-28"

# What says nothing to Python, what the decorated function is not without, and what fails at once with any other word.
_LEFT_OUT = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)
_CALLS_LEFT_OUT = {"len", "isinstance", "TypeVar"}


class _Changes(cst.CSTVisitor):
    """Collects each change: where it is, the node, and what takes its place."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, int, cst.CSTNode, cst.CSTNode]] = []
        self._scopes: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, _LEFT_OUT) or _is_left_out(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._scopes.append(node.name.value)
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                line = self.get_metadata(PositionProvider, node).start.line
                self.found += [(".".join(self._scopes), line, node, other) for other in operator(node)]
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._scopes.pop()


def _is_left_out(node: cst.CSTNode) -> bool:
    """Whether it is a docstring, the alias of a type, or a call that fails with any other argument."""
    if isinstance(node, cst.Expr):
        return isinstance(node.value, cst.BaseString)
    if isinstance(node, cst.AnnAssign):
        return isinstance(node.annotation.annotation, cst.Name) and node.annotation.annotation.value == "TypeAlias"
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in _CALLS_LEFT_OUT


def sample(text: str, count: int) -> Iterator[dict[str, str | int]]:
    """Yield ``count`` mutants of ``text``: id, function, line, the changed lines was and now, and the whole text."""
    module = cst.parse_module(text)
    changes = _Changes()
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    wrapper.visit(changes)
    seen: Counter[str] = Counter()
    keyed = []
    for function, line, node, other in changes.found:
        key = "\n".join((SEED, function, module.code_for_node(node), module.code_for_node(other)))
        seen[key] += 1
        keyed.append((hashlib.sha256(f"{key}\n{seen[key]}".encode()).hexdigest()[:8], function, line, node, other))
    texts = {ast.dump(ast.parse(text))}
    for name, function, line, node, other in sorted(keyed, key=lambda row: row[0]):
        mutated = module.deep_replace(node, other).code
        tree = ast.dump(ast.parse(mutated))
        if tree not in texts:
            texts.add(tree)
            was, now = _changed(text, mutated)
            yield {"id": name, "function": function, "line": line, "was": was, "now": now, "text": mutated}
        if len(texts) > count:
            return


def _changed(text: str, mutated: str) -> tuple[str, str]:
    """Return the lines that differ, before and after."""
    rows = [*unified_diff(text.splitlines(), mutated.splitlines(), n=0, lineterm="")][3:]
    was, now = ([row[1:].strip() for row in rows if row[0] == mark] for mark in "-+")
    return " ".join(was), " ".join(now)


if __name__ == "__main__":
    print(json.dumps({file: [*sample(Path(file).read_text("utf-8"), int(sys.argv[1]))] for file in sys.argv[2:]}))
