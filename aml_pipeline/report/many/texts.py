"""Records of many runs → their code: the files of each, and each text once, as far as there is room."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.core.secrets import by_name
from aml_pipeline.core.text import visible
from aml_pipeline.report.causes import environment_name, snapshot_of
from aml_pipeline.runs import environment_changes
from aml_pipeline.runs.contents import Contents, content
from aml_pipeline.runs.record import RunRecord

Parts = Mapping[str, Any]
Code = tuple[tuple[str, str], ...]
# A compressed text takes a third more as base64.
_AS_BASE64 = 4 / 3
_ENVIRONMENT = "environment:"


def texts_of(records: Sequence[RunRecord], contents: Contents, room: int) -> dict[str, Any]:
    """Return the code of runs: ``of``, the number of each run's code, or None; ``code``, paths with the numbers of
    their texts; ``texts``, as many as fit in ``room`` bytes, those of most runs first; None in place of the others.
    """  # noqa: D205 - one thought
    runs = code_of(records, contents)
    codes = {files: place for place, files in enumerate(dict.fromkeys(filter(None, runs)))}
    used = Counter(digest for files in runs for path, digest in files if not by_name(path))
    texts = _that_fit([digest for digest, _ in used.most_common()], contents, room)
    numbers = {
        digest: place for place, digest in enumerate(dict.fromkeys(pair[1] for files in codes for pair in files))
    }
    return {
        "of": [codes.get(files) for files in runs],
        "code": [[[visible(path), numbers[digest]] for path, digest in files] for files in codes],
        "texts": [texts.get(digest) for digest in numbers],
    }


def code_of(records: Iterable[RunRecord], contents: Contents) -> list[Code]:
    """Return the files and environments of each run, with their digests."""
    parts = cache(lambda key: contents.parts(key) or {})
    return [tuple(sorted(_files(record, parts).items())) for record in records]


def _files(record: RunRecord, parts: Callable[[str], Parts]) -> dict[str, str]:
    """Return the digests of the files and environments of a run, by path or name."""
    header, sent = record.read_header(), record.parts
    steps = map(mapping, sequence(mapping(header.get("plan")).get("steps")))
    declared = {str(step.get("name")): step for step in steps}
    files: dict[str, str] = {}
    for name, row in mapping(header.get("steps")).items():
        made_from = sent.get(name) or parts(str(mapping(row).get("key")))
        files.update(_of_step(declared.get(name, {}), made_from))
    return files


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
