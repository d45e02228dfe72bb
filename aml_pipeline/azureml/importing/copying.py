"""Folders of code → the same files in a project."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.core.digests import Digests
from aml_pipeline.project.snapshot.source import SourceFolder


def copied(code: Mapping[str, str], target: str) -> list[Loss]:
    """Copy each folder of ``code``, whose values are absolute paths, to its name below ``target``; nothing is lost.

    What its ignore file excludes is not copied, and neither are caches and histories: no job would get them. Links
    become what they lead to.
    """
    for name, path in code.items():
        place = os.path.join(target, name)
        os.makedirs(place, exist_ok=True)
        for file in SourceFolder(path, Digests()).all_files:
            copy = os.path.join(place, file)
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copy(os.path.join(path, file), copy)
    return []
