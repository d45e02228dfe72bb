"""Recorded runs → a store of MLflow: a folder, a database or a server. Needs the package mlflow, when it is called."""

from __future__ import annotations

import contextlib
import io
import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import import_module
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.masking import without_secrets
from aml_pipeline.report.mlflow_runs import TAG, Entry, entry_of
from aml_pipeline.report.recorded_run import RecordedRun

# Limits of a request (mlflow/utils/validation.py).
_MOST_VALUES, _MOST_NAMES = 1_000, 100
# For the first answer of a server.
_PATIENCE_SECONDS = 10
_OPEN = frozenset({"running", "submitted", "unreadable"})
Item = TypeVar("Item")
# MLflow has types, but is not there where ours are checked.
Client = Any


class Written(NamedTuple):
    """The ids of the runs that were written, of those that were there already, and of those that have no end yet."""

    new: list[str]
    present: list[str]
    unfinished: list[str]


def write(runs: Iterable[RecordedRun], address: str, *, busy: bool = True) -> Written:
    """Write the parameters, metrics and tags of runs into the store at ``address``, each run once.

    ``busy``: a run is in progress, which may be one without an end; otherwise it was killed. Raises MachineError if
    MLflow is not installed or refuses.
    """
    try:
        mlflow = import_module("mlflow")
    except ImportError as error:
        raise MachineError("mlflow is not installed in this Python. Install it: pip install mlflow.") from error
    skipped = _OPEN if busy else _OPEN - {"running"}
    # MLflow prints addresses, two lines for each run, and logs how it makes a database.
    # It also refuses folders unless a variable says otherwise: who names one wants one.
    allowed = _with_variables(mlflow, {"MLFLOW_ALLOW_FILE_STORE": True})
    with allowed, _without_information(), contextlib.redirect_stdout(io.StringIO()):
        with _asking():
            client = mlflow.MlflowClient(tracking_uri=address)
            _require_answer(mlflow, client, address)
        return _write(mlflow, client, runs, skipped)


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """Raise MachineError for whatever MLflow raises: errors of its database and its requests are not all its own."""
    try:
        yield
    except MachineError:
        raise
    except Exception as error:
        text = " ".join(without_secrets(str(error)).split())
        # SQLAlchemy adds the statement, and a page about the error.
        said = re.split(r" \[SQL: | \(Background on this error", text)[0] or type(error).__name__
        raise MachineError(f"MLflow refused: {said}") from error


def _require_answer(mlflow: Client, client: Client, address: str) -> None:
    """Raise MachineError if a server cannot be reached; MLflow would try for four minutes (MLflow 3.17)."""
    if not address.startswith(("http://", "https://")):
        return
    quick = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": 1, "MLFLOW_HTTP_REQUEST_TIMEOUT": _PATIENCE_SECONDS}
    try:
        with _with_variables(mlflow, quick):
            client.get_experiment_by_name("Default")
    except Exception as error:
        if not isinstance(error.__cause__ or error.__context__, OSError):  # of requests: there was no answer
            raise
        what = f"The MLflow server at {without_secrets(address)} cannot be reached ({_reason(error)})."
        raise MachineError(f"{what} Check the address, and that the server is running.") from error


def _reason(error: BaseException) -> str:
    """Return what the operating system says about a request that failed, if that is known."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    texts = [cause.strerror for cause in reversed(causes) if isinstance(cause, OSError) and cause.strerror]
    return next(iter(texts), f"no answer within {_PATIENCE_SECONDS} s")


@contextlib.contextmanager
def _with_variables(mlflow: Client, values: Mapping[str, object]) -> Iterator[None]:
    """Set variables of MLflow that this version has and the user did not set."""
    known = {name: getattr(mlflow.environment_variables, name, None) for name in values}
    unset = {name: variable for name, variable in known.items() if variable is not None and not variable.is_set()}
    for name, variable in unset.items():
        variable.set(values[name])
    try:
        yield
    finally:
        for variable in unset.values():
            variable.unset()


@contextlib.contextmanager
def _without_information() -> Iterator[None]:
    """Log warnings and errors only."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)


def _write(mlflow: Client, client: Client, runs: Iterable[RecordedRun], skipped: Collection[str]) -> Written:
    written = Written([], [], [])
    ended = []
    for run in runs:
        if run.state in skipped:
            written.unfinished.append(run.id)
        else:
            ended.append(run)
    ids = {run.id for run in ended}
    known: dict[str, tuple[str, set[str]]] = {}  # by experiment: its id, and our runs in it
    for run in ended:
        entry = entry_of(run)
        if entry.experiment not in known:
            with _asking():
                known[entry.experiment] = _experiment(client, entry.experiment, ids)
        experiment, there = known[entry.experiment]
        if run.id in there:
            written.present.append(run.id)
            continue
        with _asking():
            _write_run(mlflow, client, experiment, entry)
        written.new.append(run.id)
    return written


def _experiment(client: Client, name: str, ids: Collection[str]) -> tuple[str, set[str]]:
    """Return the id of an experiment, created if there is none, and which of our runs it has.

    A run without an end is one that an interrupted call left: it is deleted if it is among ``ids``, which will be
    written again.
    """
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name)), set()
    there = set()
    token = None
    while True:
        page = client.search_runs([found.experiment_id], page_token=token)
        for run in page:
            ours = run.data.tags.get(TAG)
            if ours in ids and run.info.status == "RUNNING":
                client.delete_run(run.info.run_id)
            elif ours and run.info.status != "RUNNING":
                there.add(ours)
        token = page.token
        if not token:
            return str(found.experiment_id), there


def _write_run(mlflow: Client, client: Client, experiment: str, entry: Entry) -> None:
    """Write a run; its end comes last."""
    entities = mlflow.entities
    run = client.create_run(experiment, entry.started, {TAG: entry.run}, run_name=entry.run).info.run_id
    for params in _pieces([entities.Param(*pair) for pair in entry.parameters.items()], _MOST_NAMES):
        client.log_batch(run, params=params)
    for tags in _pieces([entities.RunTag(*pair) for pair in entry.tags.items()], _MOST_NAMES):
        client.log_batch(run, tags=tags)
    for values in _pieces(entry.values, _MOST_VALUES):
        client.log_batch(run, [entities.Metric(value.name, value.value, value.time, value.step) for value in values])
    client.set_terminated(run, entry.status, entry.ended)


def _pieces(items: Iterable[Item], most: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while piece := list(islice(rest, most)):
        yield piece
