"""Which recorded run is meant by what people type of its name."""

from __future__ import annotations

import pytest

from aml_pipeline.cli.recorded import chosen
from aml_pipeline.core.errors import UsageError
from aml_pipeline.runs.record import RunRecord

IDS = ("2026-11-26T23-59-58-001-b61e", "2026-11-27T17-04-09-123-0b61", "2026-11-27T17-05-00-456-b6ff")
AZURE = "5c1f8e2a-3f61-4a5e-9f0f-2f6f2b1f8d55"


def records() -> list[RunRecord]:
    found = [RunRecord(run, "/nowhere", {"state": "done"}) for run in IDS]
    found[1] = RunRecord(IDS[1], "/nowhere", {"state": "submitted", "azureml": {"run": AZURE}})
    return found


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (IDS[1], 1),
        ("b61e", 0),  # the part that no other run shares
        ("b61", 0),  # its beginning, though it stands within another run's too
        ("0", 1),
        ("2026-11-26", 0),
        ("11-26", 0),
        ("17-05", 2),
        ("T17-04-09", 1),
        ("123-0b61", 1),
        ("61e", 0),
        (AZURE, 1),
        (AZURE[:8], 1),
    ],
)
def test_any_part_of_its_name_that_no_other_has_means_a_run(name: str, place: int) -> None:
    assert chosen(records(), name).id == IDS[place]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("b6", f'"b6" matches 2 runs: {IDS[2]}, {IDS[0]}. Give more of its id.'),
        ("2026-11-27", f'"2026-11-27" matches 2 runs: {IDS[2]}, {IDS[1]}. Give more of its id.'),
        ("", f'Unknown run "". Known: {", ".join(IDS)}.'),
        ("b6ef", 'Unknown run "b6ef". Known: '),
    ],
)
def test_what_means_several_runs_or_none_is_told_with_those_there_are(name: str, said: str) -> None:
    with pytest.raises(UsageError) as told:
        chosen(records(), name)
    assert str(told.value).startswith(said)


def test_of_many_candidates_the_newest_are_listed() -> None:
    many = [RunRecord(f"2026-11-27T17-04-{number:02}-000-{number:04x}", "/nowhere", {}) for number in range(12)]
    with pytest.raises(UsageError) as told:
        chosen(many, "2026")
    assert str(told.value).startswith('"2026" matches 12 runs, newest first: 2026-11-27T17-04-11-000-000b, ')
    assert str(told.value).endswith("-0007 and 7 more. Give more of its id.")
