"""Records of many runs → their code: the files of each, and each text once, as far as there is room."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.core.secrets import by_name
from aml_pipeline.core.text import visible
from aml_pipeline.report.causes import environment_name, snapshot_of
from aml_pipeline.runs import environment_changes
from aml_pipeline.runs.contents import Contents, content
from aml_pipeline.runs.record import RunRecord

Parts = Mapping[str, Any]


class Code(NamedTuple):
    """The code of a run: each file as path, digest and declared steps that use it; and the steps without code."""

    files: tuple[tuple[str, str, tuple[str, ...]], ...]
    without: tuple[str, ...]


# A compressed text takes a third more as base64.
_AS_BASE64 = 4 / 3
_ENVIRONMENT = "environment:"


def texts_of(records: Sequence[RunRecord], contents: Contents, room: int) -> dict[str, Any]:
    """Return the code of runs: ``of``, the number of each run's code, or None; ``code``, its files (path, number
    of the text, steps) and the steps without code; ``texts``, as many as fit in ``room`` bytes, those of most runs
    first; None in place of the others.
    """  # noqa: D205 - one thought
    runs = code_of(records, contents)
    codes = {code: place for place, code in enumerate(dict.fromkeys(code for code in runs if code.files))}
    used = Counter(digest for code in runs for path, digest, _ in code.files if not by_name(path))
    texts = _that_fit([digest for digest, _ in used.most_common()], contents, room)
    numbers = {
        digest: place for place, digest in enumerate(dict.fromkeys(file[1] for code in codes for file in code.files))
    }
    return {
        "of": [codes.get(code) for code in runs],
        "code": [
            {
                "files": [
                    [visible(path), numbers[digest], list(map(visible, steps))] for path, digest, steps in code.files
                ],
                "without": list(map(visible, code.without)),
            }
            for code in codes
        ],
        "texts": [texts.get(digest) for digest in numbers],
    }


def code_of(records: Iterable[RunRecord], contents: Contents) -> list[Code]:
    """Return the files and environments of each run, with their digests."""
    parts = cache(lambda key: contents.parts(key) or {})
    return [_of_run(record, parts) for record in records]


def _of_run(record: RunRecord, parts: Callable[[str], Parts]) -> Code:
    header, sent = record.read_header(), record.parts
    steps = map(mapping, sequence(mapping(header.get("plan")).get("steps")))
    declared = {str(step.get("name")): step for step in steps}
    rows = mapping(header.get("steps"))
    digests: dict[str, str] = {}
    steps_of: dict[str, dict[str, None]] = {}
    without = {str(step.get("declared") or name): None for name, step in declared.items()}
    for name, row in rows.items():
        step = declared.get(name, {})
        for path, digest in _of_step(step, sent.get(name) or parts(str(mapping(row).get("key")))):
            digests[path] = digest
            title = str(step.get("declared") or name)
            steps_of.setdefault(path, {})[title] = None
            without.pop(title, None)
    files = ((path, digest, tuple(steps_of[path])) for path, digest in sorted(digests.items()))
    return Code(tuple(files), tuple(without))


def _of_step(declared: Parts, parts: Parts) -> Iterator[tuple[str, str]]:
    yield from snapshot_of(declared, parts).items()
    if environment := parts.get("environment"):
        yield environment_name(declared), f"{_ENVIRONMENT}{environment}"


def _that_fit(digests: Sequence[str], contents: Contents, room: float) -> dict[str, str]:
    texts = {}
    for digest in digests:
        text = _text(digest, contents)
        if text is None:
            continue
        size = len(zlib.compress(text.encode("utf-8", "replace"))) * _AS_BASE64
        if size <= room:
            room -= size
            texts[digest] = text
    return texts


def _text(digest: str, contents: Contents) -> str | None:
    """Return the text of a file, or the definition of an environment in lines; None if it is not stored."""
    if digest.startswith(_ENVIRONMENT):
        definition = contents.definition(digest.removeprefix(_ENVIRONMENT))
        return None if definition is None else "\n".join(environment_changes.lines(definition))
    data = contents.read(content(digest))
    return None if data is None else visible(data.decode("utf-8", "replace"))
