"""Files of the project that no step receives → whether they are data, and what to write so that a step gets them."""

from __future__ import annotations

import json
import os
import re
from itertools import islice

from aml_pipeline.core import files, folders, paths
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Literal
from aml_pipeline.pipeline.spec import names
from aml_pipeline.project.folder import Project

_SUFFIXES = frozenset({
    ".arrow", ".avro", ".bin", ".bmp", ".bz2", ".csv", ".db", ".dta", ".feather", ".gif", ".gz", ".h5", ".hdf5",
    ".jpeg", ".jpg", ".joblib", ".jsonl", ".mat", ".mp3", ".mp4", ".nc", ".ndjson", ".npy", ".npz", ".orc",
    ".parquet", ".pickle", ".pkl", ".png", ".pt", ".pth", ".rds", ".sav", ".sqlite", ".tar", ".tgz", ".tif", ".tiff",
    ".tsv", ".wav", ".xls", ".xlsx", ".xz", ".zarr", ".zip", ".zst",
})  # fmt: skip
_LARGE_BYTES = 1 << 20
_MOST_LOOKED_AT = 1000
_PLAIN = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*")


def is_data(plan: Plan, project: Project, path: str) -> bool:
    """Whether a file or folder is declared as data, or probably data: by its suffixes or its size."""
    if holder(plan, project, path):
        return True
    inside = folders.walk(path) if files.is_folder(path) else iter([])
    places = [entry.path for _, entry in islice(inside, _MOST_LOOKED_AT)] or [path]
    looks = (files.look(place) for place in places)
    suffixes = (os.path.splitext(place)[1].lower() for place in places)
    return any(suffix in _SUFFIXES for suffix in suffixes) or sum(look.size for look in looks if look) >= _LARGE_BYTES


def holder(plan: Plan, project: Project, path: str) -> str:
    """Return the dataset that contains ``path``, or ""."""
    locals_ = ((name, dataset.local) for name, dataset in plan.datasets.items() if dataset.local)
    return next((name for name, local in locals_ if project.holds(project.path(local), path)), "")


def to_declare(plan: Plan, project: Project, step: Step, path: str) -> str:
    """Return what to write as ``local``: the folder of a file, if it contains no scripts: files are rarely alone."""
    folder = path if files.is_folder(path) else os.path.dirname(path)
    scripts = [os.path.join(project.source(step).path, name) for name in project.snapshot(step).digests]
    if any(project.holds(folder, place) for place in (*scripts, plan.file)):
        folder = path
    return paths.relative(folder, project.folder)


def as_yaml(local: str) -> str:
    """Return a path in YAML, quoted if it could be read as something else."""
    return local if _PLAIN.fullmatch(local) else json.dumps(local, ensure_ascii=False)


def free_name(plan: Plan, local: str) -> str:
    """Return an unused name for a dataset of ``local``."""
    words = re.findall(r"[a-z0-9]+", os.path.splitext(os.path.basename(local))[0].lower())
    name = "_".join(words)
    if names.word_name_fault(name):
        name = "_".join(["data", *words])
    return next(
        choice for choice in (name, *(f"{name}_{number}" for number in range(2, 999))) if choice not in plan.datasets
    )


def option_with(step: Step, project: Project, path: str) -> str | None:
    """Return the option whose value or default is ``path``, so that a dataset can replace it."""
    contract = project.contract(step)
    declared = contract.parser.options if contract and contract.parser else ()
    given = [
        (argument.option, token.text)
        for argument in step.arguments
        for token in argument.values
        if isinstance(token, Literal)
    ]
    defaults = [
        (option.names[-1], option.default) for option in declared if option.names and isinstance(option.default, str)
    ]
    folders = (project.source(step).path, project.folder)
    for option, text in (*given, *defaults):
        if option and path in {os.path.normpath(os.path.join(folder, str(text))) for folder in folders}:
            return option
    return None


def free_option(step: Step) -> str:
    """Return an unused option of the step for a dataset."""
    given = {argument.option for argument in step.arguments}
    return next((option for option in ("--data", "--input-data") if option not in given), "--more-data")


def snapshot_line(step: Step, name: str) -> str:
    """Return the line that adds ``name``, which ends in a slash for a folder, to the snapshot of ``step``."""
    pattern = f"{name}**" if name.endswith("/") else name
    patterns = ", ".join(f'"{text}"' for text in (*(step.snapshot or ()), pattern))
    return f"`snapshot: [{patterns}]`"
