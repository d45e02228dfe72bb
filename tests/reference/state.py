"""``state.md``: the files of ``.aml_pipeline/``; a test runs pipelines and compares the tree with the table."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.reference import headed, table

# Path → what it is, who writes it, what is lost if you delete it. A part in capitals stands for a name; … for anything.
FILES = {
    ".gitignore": ("`*`: git ignores the folder", "every run", "nothing; the next run writes it"),
    ".interpreter…": ("facts about a Python of the steps", "`plan`, `run`, `validate`", "nothing; it is asked again"),
    ".memo/…": ("answers of runs and plans with nothing to do", "`plan`, `run`", "nothing; they are worked out again"),
    "PIPELINE/format": (
        "number of the state's format",
        "`run`, `submit`",
        "nothing, unless a newer version wrote the state",
    ),
    "PIPELINE/lock": ("lock of the run in progress", "`run`, `clean`", "nothing, unless a run is in progress"),
    "PIPELINE/recording": (
        "lock while records are created or removed",
        "`submit`, `wait`, `clean`",
        "nothing, unless one is in progress",
    ),
    "PIPELINE/digests": ("cached digests of files", "`run`, `plan`", "nothing; files are read again"),
    "PIPELINE/salt": ("random bytes for storing secrets as digests", "`run`", "steps with secrets run again"),
    "PIPELINE/index": ("cached summaries of records", "`runs`, `report`", "nothing; records are read again"),
    "PIPELINE/steps/STEP/attempt.ID/…": (
        "outputs of an attempt",
        "`run`",
        "the result: the step runs again when it is needed",
    ),
    "PIPELINE/steps/STEP/result.KEY": (
        "manifest of a result",
        "`run`",
        "the result: the step runs again when it is needed",
    ),
    "PIPELINE/steps/STEP/last": (
        "the last attempt and how it ended",
        "`run`",
        "the reason that `plan` shows, and what is left of a killed run",
    ),
    "PIPELINE/outputs/STEP/OUTPUT": ("link to the output in use", "`run`", "nothing; the next run links it again"),
    "PIPELINE/models/MODEL/VERSION/…": (
        "a version of a model: a copy",
        "`run`",
        "the version; its number is not used again",
    ),
    "PIPELINE/models/MODEL/about.VERSION": ("what the version is", "`run`", "the version"),
    "PIPELINE/mlruns/…": ("what steps log with MLflow", "the steps", "what was logged; records keep the metrics"),
    "PIPELINE/code/DIGEST": (
        "a text that records refer to",
        "`run`, `submit`",
        "`compare --code` of the runs that have it",
    ),
    "PIPELINE/runs.html": ("page of many runs", "`report --all`", "the page"),
    "PIPELINE/runs/RUN/run.json": (
        "record of a run",
        "`run`, `submit`, `wait`",
        "the run, for `runs`, `report` and `compare`",
    ),
    "PIPELINE/runs/RUN/short.json": (
        "the record without its long parts",
        "`run`, `submit`, `wait`",
        "nothing; run.json is read",
    ),
    "PIPELINE/runs/RUN/events.jsonl": ("events as they happened", "`run`, `wait`", "curves and times on the page"),
    "PIPELINE/runs/RUN/steps/STEP.rank-N.log": ("what a process of a distributed step printed", "`run`", "the log"),
    "PIPELINE/runs/RUN/steps/STEP.log": ("what a step printed", "`run`, `wait`", "the log"),
    "PIPELINE/runs/RUN/steps/STEP/…": ("files that a step wrote into `outputs/` and `logs/`", "`run`", "these files"),
    "PIPELINE/runs/RUN/notes.json": ("note and tags", "`runs --note`, `--tag`", "note and tags"),
    "PIPELINE/runs/RUN/pinned": ("the run is pinned", "`runs --pin`", "the protection from `clean`"),
    "PIPELINE/runs/RUN/report.html": ("page of the run", "`report`", "the page"),
    "PIPELINE/runs/RUN/compared-with-RUN.html": ("page of a comparison", "`compare --page`", "the page"),
}
_PARTS = {
    "…": ".*", "PIPELINE": "[a-z][a-z0-9-]*", "STEP": "[^/]+", "ID": "[^/]+", "KEY": "[0-9a-f]{64}",
    "DIGEST": "[0-9a-f]{64}", "OUTPUT": "[^/]+", "MODEL": "[^/]+", "VERSION": "[0-9]+", "RUN": "[^/]+", "N": "[0-9]+",
}  # fmt: skip


def unmatched(paths: Iterable[str]) -> tuple[list[str], set[str]]:
    """Return the paths of files that no row describes, and the rows that describe none of them."""
    left, unknown = dict.fromkeys(FILES), []
    for path in paths:
        row = next((row for row in FILES if re.fullmatch(_pattern(row), path)), None)
        unknown += [path] if row is None else []
        left.pop(row or "", None)
    return unknown, set(left)


def _pattern(row: str) -> str:
    parts = re.split(f"({'|'.join(_PARTS)})", row)
    return "".join(_PARTS.get(part) or re.escape(part) for part in parts)


def page() -> str:
    """Return the page."""
    rows = [(f"`{path}`", *words) for path, words in FILES.items()]
    text = f"""
Everything that a run keeps is in `.aml_pipeline/` beside the file. Nothing in it is needed to read the project:
delete the whole folder, and the next run starts from the beginning. [`aml-pipeline clean`](local-runs.md#disk-space)
removes what is no longer in use; [what is trusted](local-runs.md#what-is-stored-and-how-far-it-is-trusted) says what
protects these files.

{table(("file", "what it is", "written by", "lost if you delete it"), *rows)}

The pages of `report` and `compare` are there unless `-o` names another place.
A folder `PIPELINE.format-N` is a state of a newer version, which `run` put aside.
"""
    return headed("Files of the state", "a table, which a test compares with the files of runs", text)
