"""The benchmarks work; what they measure is no test's business."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks import durability, environments, variants
from benchmarks.bench import QUICK
from benchmarks.measure import Cost, Program, above, medians, rounds
from benchmarks.table import GOALS, HEAD, Row, Yardstick
from benchmarks.tools import NAMES

PEERS = ("doit", "Snakemake", "DVC")  # make is where PATH has it
ROWS = [
    "cold run, 2 steps: a step above the shell loop",
    "cold run, 3 steps: a step above the shell loop",
    "its processor time, likewise",
    "its peak memory",
    "nothing to do, 2 steps",
    "nothing to do, 3 steps",
    "its peak memory",
    "one edit, 3 steps: the last one's script, so it alone runs, with every tool",
    "plan after that edit, 3 steps",
    "check of a changed file, 3 steps",
    "`--version`",
    "`--help`",
    "3 × 100000 bytes read by one step, first: above three files of a byte",
    "again",
    "a folder of 20 small files read by one step, again",
    "the page of a run of 3 steps",
    "the same, with a step that logged 100,000 values and 1 GB",
    "a list of 4 runs",
]


@pytest.mark.more
def test_the_benchmarks_work_where_no_peer_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environments, "FOLDER", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick"])
    program.main()
    printed = capsys.readouterr().out
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in printed.splitlines() if line.startswith("|")
    ]
    assert [row[0] for row in rows] == ROWS, printed
    ours, *peers = (head.index(name) for name in ("aml-pipeline", *PEERS))
    for row in rows:
        assert len(row) == len(head)
        assert re.fullmatch(r"-?[\d.]+ (ms|s|MiB), -?[\d.]+ P(: met|: missed)?", row[ours]), row
        assert (": m" in row[ours]) == (row[head.index("goal")] != "–"), row
        assert {row[peer] for peer in peers} == {"not here"}, row


@pytest.mark.more
def test_what_fsync_costs_is_measured() -> None:
    _, *rows = durability.table(1, 1)
    assert [row.split(" | ")[0] for row in rows] == ["| a chain of 1 trivial steps", "| one output of 1 MiB"]


@pytest.mark.more
def test_what_a_variant_costs_is_measured() -> None:
    *_, ours = (row for row in variants.table(QUICK) if row.startswith("| aml-pipeline"))
    assert ours.endswith(" ms | 1 |")


def test_a_peer_that_cannot_be_installed_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "PEERS", {"doit": [str(tmp_path / "missing")]})
    told: list[str] = []
    environments.install_peers(str(tmp_path), told.append)
    assert told[0].startswith("installing doit")
    assert "missing" in told[1]
    assert environments.found(str(tmp_path), "doit") is None


def test_a_peer_is_installed_once_and_again_when_its_range_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(environments, "PEERS", {"doit": []})
    monkeypatch.setattr(environments, "_installed", lambda _path, requirements, _tell: requirements != ["gone"])
    for _ in range(2):
        environments.install_peers(str(tmp_path), told.append)
    assert len(told) == 1
    assert environments.found(str(tmp_path), "doit") == str(tmp_path / "doit" / "bin" / "doit")
    monkeypatch.setattr(environments, "PEERS", {"doit": ["gone"]})
    environments.install_peers(str(tmp_path), told.append)
    assert len(told) == 2
    assert environments.found(str(tmp_path), "doit") is None


@pytest.mark.parametrize(
    ("key", "figure", "yardstick", "met"),
    [
        ("idle 30", 0.030, 0, True),
        ("idle 30", 0.031, 0, False),
        ("cold 300", 0.0015, 0.012, True),
        ("cold 300", 0.0016, 0.012, False),
        ("large first", 2.2, 2.0, True),
        ("large first", 2.21, 2.0, False),
        ("large again", 0.014, 0.012, True),
        ("large again", 0.0141, 0.012, False),
    ],
)
def test_a_goal_is_met_up_to_its_limit(key: str, figure: float, yardstick: float, met: bool) -> None:  # noqa: FBT001
    assert GOALS[key].met(figure, floor=0.010, yardstick=yardstick) is met


def test_a_row_shows_multiples_of_p_and_who_ran_less_often() -> None:
    figures = {"aml-pipeline": 0.025, "make": 0.004, "DVC": 3.9}
    row = Row("idle", "idle 30", 0.010, figures, {"aml-pipeline": 9, "make": 9, "DVC": 2}, Yardstick("small", 0.02))
    assert row.line(["aml-pipeline", "make", "Snakemake", "DVC"]) == (
        "| idle | 10.0 ms | small 20.0 ms | ≤ 3 P | 25.0 ms, 2.5 P: met | 4.00 ms, 0.4 P | not here | – | "
        "3.90 s, 390.0 P | 9, DVC 2 |"
    )
    assert {line.count("|") for line in [*HEAD.splitlines(), row.line(NAMES)]} == {11}


def test_a_program_is_not_repeated_once_it_took_too_long(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "pass"]
    programs = {"slow": Program(command, str(tmp_path), patience=1e-9), "ours": Program(command, str(tmp_path))}
    costs = medians(rounds(programs, 3, {}))
    assert {name: cost.runs for name, cost in costs.items()} == {"slow": 1, "ours": 3}


def test_a_program_that_fails_ends_it_with_its_own_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such thing')"]
    with pytest.raises(SystemExit, match="no such thing"):
        rounds({"ours": Program(command, str(tmp_path))}, 1, {})


def test_a_difference_is_taken_within_a_round_for_the_machine_drifts() -> None:
    loop = [Cost(seconds, 0, 0) for seconds in (1.0, 2.0, 3.0)]
    tired = [Cost(1.5, 0, 0), Cost(2.5, 0, 0)]
    assert above(tired, loop, lambda cost: cost.seconds) == 0.5
