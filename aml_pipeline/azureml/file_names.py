"""Names that files cannot have in Azure ML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aml_pipeline.core.problems import Path, Problem

# Names of blobs (learn.microsoft.com, naming-and-referencing-containers--blobs--and-metadata), less our folder.
_BLOB = re.compile(r"(?s)(?!.*\.(?:/|$))[^\\]{1,900}")
_RULE = "names must be UTF-8"
_RULE_OF_BLOBS = f"{_RULE}, have at most 900 characters and no backslash, and not end with a dot"


def faults(names: Iterable[str], of: str, cure: str, place: Path, *, blobs: bool = False) -> Iterator[Problem]:
    """Yield what is wrong with the first of ``names`` that cannot be sent; ``blobs``: each becomes that of a blob."""
    wrong = next((name for name in names if shown(name) != name or (blobs and not _BLOB.fullmatch(name))), None)
    if wrong is not None:
        message = f'the file "{shown(wrong)}" of {of} cannot have that name in Azure ML.'
        yield Problem("file-name", message, f"{cure}: {_RULE_OF_BLOBS if blobs else _RULE}.", place)


def shown(name: str) -> str:
    """Return a name with ``?`` in place of what is not UTF-8."""
    return name.encode("utf-8", "replace").decode()
