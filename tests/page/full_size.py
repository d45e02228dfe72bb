"""A real run on SYNTHETIC images, as many as CIFAR-10 has: two epochs of 12,500 batches, some 40 s of one core.

It is made on first use and kept, images and all (180 MB), until what a run and its record come from has changed.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from tests.page import shipped

SOURCES = ("pipeline.yaml", "constraints.txt", "steps/*.py", "aml_pipeline/local/*.py", "aml_pipeline/runs/events.py",
           "aml_pipeline/runs/metrics.py", "aml_pipeline/runs/record.py")  # fmt: skip


def project(folder: Path) -> Path:
    """Return the project in ``folder`` that holds the run."""
    note = folder / "made-from"
    sources = _digest()
    if not note.is_file() or note.read_text() != sources:
        shutil.rmtree(folder, ignore_errors=True)
        shipped.command(shipped.copy(folder), "run", "--param", "dataset=synthetic")
        note.write_text(sources)  # last: a run that was cut short is made again
    return folder / "cifar10"


def page(project: Path) -> Path:
    """Write the page of the run, as the code makes it now."""
    return Path(shipped.command(project, "report"))


def _digest() -> str:
    """Return the digest of the files that the run and its record come from."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        found = sorted(shipped.ROOT.glob(pattern))
        assert found, pattern
        for path in found:
            digest.update(f"{path.relative_to(shipped.ROOT)} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()
