"""What a step prints and logs while it runs → events."""

from __future__ import annotations

import codecs
import os
import time
from collections.abc import Callable

from aml_pipeline.runs.events import Event, MetricLogged, OutputWritten, StepTicked
from aml_pipeline.runs.metrics import MetricReader
from aml_pipeline.runs.mlflow_files import MlflowReader

Tell = Callable[[Event], None]
_PIECE_BYTES = 1 << 20
# Limit of metric names per step: a script may put a counter into the name by mistake.
MOST_NAMES = 10_000
# How long to read a running step at a time: one that writes faster must not keep others waiting.
_READ_SECONDS = 0.05
# How often MLflow's files are read while a step runs.
_MLFLOW_SECONDS = 0.5


class Follower:
    """Reads what a step adds to its log, and emits lines and metrics, including those logged to MLflow."""

    def __init__(self, log: str, step: str, tell: Tell, mlflow: MlflowReader) -> None:
        self.descriptor = os.open(log, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        self.start = self._at = os.fstat(self.descriptor).st_size  # after what an earlier attempt wrote
        self._closed = False
        self._step = step
        self._tell = tell
        self._metrics = MetricReader()
        self._mlflow = mlflow
        self._mlflow_read = time.monotonic()
        # A metric may be both printed and logged to MLflow: only the source that had it first counts.
        self._printed: set[str] = set()
        self._logged: set[str] = set()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun, self._started = time.monotonic(), time.time()

    def read(self, *, end: bool = False) -> None:
        """Emit what is new; ``end``: no more will follow."""
        if self._closed:
            return
        begun = time.monotonic()
        # Unlike read, pread does not move the place where the process writes.
        while piece := os.pread(self.descriptor, _PIECE_BYTES, self._at):
            self._at += len(piece)
            self._take(self._decoder.decode(piece))
            if not end and time.monotonic() - begun > _READ_SECONDS:
                break
        if end:
            self._take(self._decoder.decode(b"", final=True), end=True)
        if end or time.monotonic() - self._mlflow_read > _MLFLOW_SECONDS:
            self._take_logged(end=end)
        if end:
            os.close(self.descriptor)
            self._closed = True
        self._tell(StepTicked(self._step, time.monotonic() - self._begun))

    def _take(self, text: str, *, end: bool = False) -> None:
        if text:
            self._tell(OutputWritten(self._step, text))
        for metric in self._metrics.feed(text, end=end):
            is_new = metric.name not in self._printed
            if metric.name in self._logged or (is_new and len(self._printed) >= MOST_NAMES):
                continue
            self._printed.add(metric.name)
            self._tell(MetricLogged(time.time(), self._step, metric.name, metric.kind, metric.value))

    def _take_logged(self, *, end: bool = False) -> None:
        """Emit what was logged to MLflow, with the script's own times if it gave them."""
        while rows := self._mlflow.new():
            for at, metric in rows:
                if metric.name not in self._printed:
                    self._logged.add(metric.name)
                    moment = min(max(at, self._started), time.time())
                    self._tell(MetricLogged(moment, self._step, metric.name, metric.kind, metric.value, metric.at))
            if not end:
                break
        self._mlflow_read = time.monotonic()
