"""Folders of code → the same files in a project."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.core import folders
from aml_pipeline.core.digests import Digests
from aml_pipeline.project.snapshot.source import SourceFolder


def copied(code: Mapping[str, str], target: str) -> list[Loss]:
    """Copy each folder of ``code``, whose values are absolute paths, to its name below ``target``.

    What its ignore file excludes is not copied, and neither are caches and histories, which no script reads. Virtual
    environments are lost. Links become what they lead to.
    """
    losses: list[Loss] = []
    for name, path in code.items():
        place, source = os.path.join(target, name), SourceFolder(path, Digests())
        os.makedirs(place, exist_ok=True)
        for file in _files(source, name, losses):
            copy = os.path.join(place, file)
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copy(os.path.join(path, file), copy)
    return losses


def _files(source: SourceFolder, name: str, losses: list[Loss]) -> list[str]:
    """Return the files to copy into the folder ``name``; appends to ``losses``."""

    def skips(file: str, entry: os.DirEntry[str]) -> bool:
        reason = source.skipped(file, entry)
        if reason == "virtual environment":
            why = "it belongs to this machine. Declare its packages in `environment`."
            losses.append(Loss(name, f"the virtual environment {file}", why))
        return reason is not None

    return [file for file, _ in folders.walk(source.path, skips) if not file.endswith("/")]
