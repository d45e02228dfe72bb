"""Records, logs and pages: many runs, long logs, many values."""

from benchmarks.scale.case import Case

CASES: list[Case] = []
