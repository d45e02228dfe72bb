"""Mutations that know lines and words: what single bytes would take hours to hit upon. Chance is passed in."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from aml_pipeline.pipeline.spec.schema import json_schema

# Words of YAML, of the expressions, of values that something makes much of, and of what conda and pip read.
_WORDS = (Path(__file__).parent / "words.txt").read_text(encoding="utf-8").split()
_CONTROLS = [
    "é",
    "漢",
    "🙂",
    "\u0301",
    "\t",
    "\r",
    "\r\n",
    "\n",
    " ",
    "  ",
    "\0",
    "\x85",
    "\u2028",
    "\ufeff",
    "\x1b",
    "\x7f",
    "\ufffe",
]


def words() -> list[str]:
    """Return the dictionary: the words above and every key of the schema."""
    keys: set[str] = set()

    def collect(node: object) -> None:
        if isinstance(node, dict):
            keys.update(f"{key}:" for key in node.get("properties", {}))
            for child in node.values():
                collect(child)
        elif isinstance(node, list):
            for child in node:
                collect(child)

    collect(json_schema())
    return [*_WORDS, *_CONTROLS, *sorted(keys)]


def as_dictionary(entries: Sequence[str]) -> str:
    """Return ``entries`` as libFuzzer reads them from a file."""
    rows = ("".join(f"\\x{byte:02x}" for byte in entry.encode()) for entry in entries)
    return "".join(f'"{row}"\n' for row in rows)


class Mutator:
    """Changes a text by one to four mistakes; ``pool`` are lines that it may put in."""

    def __init__(self, pool: Sequence[bytes]) -> None:
        self._pool = list(pool) or [b""]
        self._words = [word.encode() for word in words()]
        self._kinds: list[Callable[[list[bytes], random.Random], None]] = [
            self._drop, self._repeat, self._swap, self._insert, self._indent, self._word, self._word, self._insert_word,
            self._insert_word, self._number, self._join, self._cut, self._byte, self._nest, self._copy_value,
        ]  # fmt: skip

    def mutated(self, raw: bytes, chance: random.Random) -> bytes:
        """Return ``raw`` with some mistakes in it."""
        lines = raw.split(b"\n")
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
            chance.choice(self._kinds)(lines, chance)
            lines = lines or [b""]
        return b"\n".join(lines)

    @staticmethod
    def _at(lines: Sequence[bytes], chance: random.Random) -> int:
        return chance.randrange(len(lines))

    def _drop(self, lines: list[bytes], chance: random.Random) -> None:
        at = self._at(lines, chance)
        del lines[at : at + chance.choice((1, 1, 1, 2, 5))]

    def _repeat(self, lines: list[bytes], chance: random.Random) -> None:
        at = self._at(lines, chance)
        block = lines[at : at + chance.choice((1, 1, 2, 4))]
        lines[at:at] = block * chance.choice((1, 1, 1, 2, 3, 40))

    def _swap(self, lines: list[bytes], chance: random.Random) -> None:
        one, other = self._at(lines, chance), self._at(lines, chance)
        lines[one], lines[other] = lines[other], lines[one]

    def _insert(self, lines: list[bytes], chance: random.Random) -> None:
        lines.insert(self._at(lines, chance), chance.choice(self._pool))

    def _indent(self, lines: list[bytes], chance: random.Random) -> None:
        at = self._at(lines, chance)
        count = chance.choice((1, 1, 2, 3, 8))
        depth = chance.choice((-4, -2, -1, 1, 2, 4))
        for index in range(at, min(len(lines), at + count)):
            lines[index] = b" " * depth + lines[index] if depth > 0 else lines[index][-depth:]

    def _word(self, lines: list[bytes], chance: random.Random) -> None:
        """Put another word of the text, or of the dictionary, in the place of one."""
        at = self._at(lines, chance)
        found = list(_WORD.finditer(lines[at]))
        if found:
            one = chance.choice(found)
            others = _WORD.findall(lines[self._at(lines, chance)]) if chance.random() < 0.5 else []
            other = chance.choice(others or self._words)
            lines[at] = lines[at][: one.start()] + other + lines[at][one.end() :]

    def _insert_word(self, lines: list[bytes], chance: random.Random) -> None:
        at = self._at(lines, chance)
        place = chance.randint(0, len(lines[at]))
        lines[at] = lines[at][:place] + chance.choice(self._words) + lines[at][place:]

    def _number(self, lines: list[bytes], chance: random.Random) -> None:
        at = self._at(lines, chance)
        number = chance.choice((b"0", b"-1", b"1e400", b"9" * 40, b"9" * 5000, b"0.1", b".5", b"1_0", b"0x10"))
        lines[at] = re.sub(rb"[0-9]+", lambda _: number, lines[at], count=1)

    def _join(self, lines: list[bytes], chance: random.Random) -> None:
        at = self._at(lines, chance)
        lines[at : at + 2] = [chance.choice((b" ", b"", b", ")).join(lines[at : at + 2])]

    def _cut(self, lines: list[bytes], chance: random.Random) -> None:
        at = self._at(lines, chance)
        place = chance.randint(0, len(lines[at]))
        lines[at : at + 1] = [lines[at][:place], b" " * chance.randrange(8) + lines[at][place:]]

    def _byte(self, lines: list[bytes], chance: random.Random) -> None:
        at = self._at(lines, chance)
        place = chance.randint(0, len(lines[at]))
        byte = bytes([chance.randrange(256)]) if chance.random() < 0.7 else b""
        lines[at] = lines[at][:place] + byte + lines[at][place + chance.randrange(2) :]

    def _nest(self, lines: list[bytes], chance: random.Random) -> None:
        at = self._at(lines, chance)
        key, colon, value = lines[at].partition(b":")
        depth = chance.choice((1, 2, 10, 60))
        opening, closing = chance.choice(((b"[", b"]"), (b"{a: ", b"}"), (b"(", b")"), (b"- ", b""), (b"-", b"")))
        lines[at] = key + colon + b" " + opening * depth + value + closing * depth

    def _copy_value(self, lines: list[bytes], chance: random.Random) -> None:
        one, other = self._at(lines, chance), self._at(lines, chance)
        key, colon, _ = lines[one].partition(b":")
        lines[one] = key + colon + lines[other].partition(b":")[2]


_WORD = re.compile(rb"[\w.]+|\$\{\{[^}]*\}\}|[^\w\s]")
