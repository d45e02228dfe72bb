"""Pipelines and source folders: many steps, many files, large files."""

from benchmarks.scale.case import Case

CASES: list[Case] = []
