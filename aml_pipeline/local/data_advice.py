"""Data of the project that a script opens by a path of its own → the dataset to declare, as lines of YAML."""

from __future__ import annotations

import json
import os
import re
from itertools import islice

from aml_pipeline import files, names
from aml_pipeline.local.evaluate import Context
from aml_pipeline.plan import Step
from aml_pipeline.project import STATE
from aml_pipeline.tokens import Dataset

_SUFFIXES = frozenset({
    ".arrow", ".avro", ".bin", ".bmp", ".bz2", ".csv", ".db", ".dta", ".feather", ".gif", ".gz", ".h5", ".hdf5",
    ".jpeg", ".jpg", ".joblib", ".jsonl", ".mat", ".mp3", ".mp4", ".nc", ".ndjson", ".npy", ".npz", ".orc",
    ".parquet", ".pickle", ".pkl", ".png", ".pt", ".pth", ".rds", ".sav", ".sqlite", ".tar", ".tgz", ".tif", ".tiff",
    ".tsv", ".wav", ".xls", ".xlsx", ".xz", ".zarr", ".zip", ".zst",
})  # fmt: skip
_LARGE_BYTES = 1 << 20
_MOST_LOOKED_AT = 1000
_PLAIN = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*")


def is_of_project(context: Context, step: Step, place: str) -> bool:
    """Whether a file or folder is there, below the project, and neither our own state nor what holds the scripts."""
    if not os.path.exists(place):
        return False
    project = context.project
    inside = project.holds(project.folder, place) and not project.holds(place, project.source(step).path)
    return inside and STATE not in os.path.relpath(place, project.folder).split(os.sep)


def is_data(context: Context, place: str) -> bool:
    """Whether a file or folder is declared as data, or looks like that: by the endings of its names, or its size."""
    if _declared(context, place):
        return True
    found = files.walk(place) if os.path.isdir(place) else iter([])
    paths = [entry.path for _, entry in islice(found, _MOST_LOOKED_AT)] or [place]
    sizes = (os.path.getsize(one) for one in paths if os.path.isfile(one))
    return any(os.path.splitext(one)[1].lower() in _SUFFIXES for one in paths) or sum(sizes) >= _LARGE_BYTES


def cure(context: Context, step: Step, place: str) -> str:
    """Return how a script gets what is at ``place``: as a dataset, declared where none holds it yet."""
    here = os.path.relpath(place, context.project.folder)
    why = f"{here} is in the project, but not in the step's snapshot, which is all that a step sees of it."
    option = _option(step)
    name = _declared(context, place)
    if name:
        rest = os.path.relpath(place, context.project.path(str(context.plan.datasets[name].local)))
        passed = step.option_of(Dataset(name))
        if passed:
            return f"{why} Dataset {name} holds it, and {passed} gives its path: let the script {_read(rest, passed)}."
        lines = _lines(step, option, name)
        return f"{why} Dataset {name} holds it. Pass its path, and let the script {_read(rest, option)}:\n{lines}"
    local = _local(context, step, place)
    name = _name(context, local)
    rest = os.path.relpath(place, context.project.path(local))
    lines = f"    datasets:\n      {name}:\n        local: {_text(local)}\n{_lines(step, option, name)}"
    file = os.path.basename(context.plan.file)
    return f"{why} Declare it in {file}, and let the script {_read(rest, option)}:\n{lines}"


def _declared(context: Context, place: str) -> str:
    """Return the dataset that holds what is at ``place``, or ""."""
    locals_ = ((name, one.local) for name, one in context.plan.datasets.items() if one.local)
    return next((name for name, local in locals_ if context.project.holds(context.project.path(local), place)), "")


def _local(context: Context, step: Step, place: str) -> str:
    """Return what to declare: the folder of a file, if that holds no scripts, for it seldom lies there alone."""
    folder = place if os.path.isdir(place) else os.path.dirname(place)
    scripts = [os.path.join(context.project.source(step).path, name) for name in context.project.snapshot(step).digests]
    if any(context.project.holds(folder, one) for one in (*scripts, context.plan.file)):
        folder = place
    return os.path.relpath(folder, context.project.folder)


def _name(context: Context, local: str) -> str:
    """Return a name for a dataset that is free."""
    words = re.findall(r"[a-z0-9]+", os.path.splitext(os.path.basename(local))[0].lower())
    name = "_".join(words)
    if names.word_name_fault(name):
        name = "_".join(["data", *words])
    taken = context.plan.datasets
    return next(one for one in (name, *(f"{name}_{number}" for number in range(2, 999))) if one not in taken)


def _option(step: Step) -> str:
    given = {one.option for one in step.arguments}
    return next((one for one in ("--data", "--input-data") if one not in given), "--more-data")


def _lines(step: Step, option: str, name: str) -> str:
    """Return the lines that pass a dataset; the arguments of a step may be a list."""
    in_list = any(isinstance(one.place[3], int) for one in step.arguments if len(one.place) > 3)  # noqa: PLR2004
    argument = f"{'- ' if in_list else ''}{option}: ${{{{ datasets.{name} }}}}"
    return f"    steps:\n      {step.name}:\n        arguments:\n          {argument}"


def _read(rest: str, option: str) -> str:
    return f"open what {option} gives" if rest == os.curdir else f"open {rest} in the folder that {option} gives"


def _text(local: str) -> str:
    return local if _PLAIN.fullmatch(local) else json.dumps(local, ensure_ascii=False)
