"""Single mistakes in the shipped pipeline.yaml and in a richer one, of a fixed seed; see ``tests/mutations``."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.mutations.__main__ import CAUGHT, PLACED, lists, shares, table
from tests.mutations.churn import CHURN
from tests.mutations.judge import SAME, Bench, Verdict, harmless, said
from tests.mutations.mutants import Mutant, chosen, everything
from tests.mutations.shipped import SHIPPED


@pytest.mark.parametrize("number", [30, pytest.param(400, marks=pytest.mark.more)])
def test_of_mistakes_in_a_richer_file_nearly_all_are_told(tmp_path: Path, number: int) -> None:
    bench = Bench(tmp_path, CHURN)
    assert bench.told(bench.text) == ()
    verdicts = [bench.judge(mutant) for mutant in chosen(bench.text, 1, number)]
    caught, placed = shares(verdicts)
    assert caught >= CAUGHT, "\n".join(lists(verdicts))
    assert placed >= PLACED, "\n".join(lists(verdicts))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("mutations"), SHIPPED)


def test_the_file_itself_is_without_a_fault(bench: Bench) -> None:
    assert bench.told(bench.text) == ()


@pytest.mark.parametrize("number", [50, pytest.param(300, marks=pytest.mark.more)])
def test_of_many_mistakes_nearly_all_are_told_where_they_are(bench: Bench, number: int) -> None:
    mutants = chosen(bench.text, 1, number)
    assert len({one.text for one in mutants}) == number
    assert chosen(bench.text, 1, number) == mutants
    verdicts = [bench.judge(one) for one in mutants]
    caught, placed = shares(verdicts)
    assert caught >= CAUGHT, "\n".join(lists(verdicts))
    assert placed >= PLACED, "\n".join(lists(verdicts))
    assert table(verdicts)[-1].split()[:2] == ["all", str(number)]


def test_a_wrong_parameter_is_not_held_against_the_script_too(bench: Bench) -> None:
    """A placeholder stands for it, and the script was said to refuse that."""
    told = bench.told(bench.text.replace("choices: [cifar10", "choices: [cifar100"))
    assert [(one.code, one.position and one.position.line) for one in told] == [("bad-parameter", 19)]


def test_there_are_mistakes_in_every_line(bench: Bench) -> None:
    lines = bench.text.splitlines()
    chance = random.Random(1)  # noqa: S311 - always the same
    hit = {line for one in everything(bench.text, chance) for line in one.lines}
    assert hit >= {number for number, line in enumerate(lines, 1) if line and not line.startswith("#")}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("local: data", "local:   data # here", SAME),
        ("{default: 2, minimum: 1}", "{minimum: 1, default: 2}", SAME),
        ('cron: "0 2 * * *"', 'cron: "0 3 * * *"', "any other time"),
        ('cron: "0 2 * * *"', 'cron: "0 30 * * *"', ""),
        ("seed: 0", "seed: 1", "another value that the script accepts"),
        ("seed: 0", "seed: -1", ""),
        ("seed: 0", "seed: one", ""),
        ("nightly:", "weekly:", "a schedule may be called anything"),
        ("nightly:", "Nightly:", ""),
        ("    after: [train]\n", "", "the order of steps that share no data is free"),
        ("after: [train]", "after: [trian]", ""),
        ("outputs.model", "outputs.network", "an output that no step reads may be called anything"),
        ("      --output: ${{ outputs.images }}", "      --output: ${{ outputs.image }}", ""),
        ("steps:", "steps", ""),
    ],
)  # fmt: skip
def test_what_does_harm(bench: Bench, old: str, new: str, reason: str) -> None:
    assert bench.text.count(old) == 1
    assert harmless(SHIPPED, said(bench.text), said(bench.text.replace(old, new))) == reason


def test_a_mistake_that_shows_elsewhere_is_placed_by_its_name(bench: Bench) -> None:
    renamed = bench.text.replace("outputs.images }}\n\n", "outputs.pictures }}\n\n")
    verdict = bench.judge(Mutant("", renamed, frozenset({32}), "", ("images",)))
    assert (verdict.caught, verdict.on_the_line, verdict.by_name, verdict.placed) == (True, False, True, True)
    assert not Verdict(Mutant("", renamed, frozenset({1}), "", ("image",)), "", verdict.found).placed


def test_a_copy_of_the_project_is_judged(bench: Bench) -> None:
    assert bench.folder != Path.cwd()
    assert (bench.folder / "steps" / "train.py").exists()
