"""No test may say how long something takes: on a machine that is busy with other work it would fail.

Work is counted instead (``tests/work.py``), what happens in its own time is waited for (``tests/patience.py``), and
times are taken in ``benchmarks/``. These checks cannot see a time that something else has taken (a field ``seconds`` of
what is tested, a program that prints one, the number of digits of a time in a pattern), a clock under another name, nor
a test that sleeps where it should wait.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.patience import PATIENCE

TESTS = Path(__file__).parent
CLOCK = re.compile(
    r"\btime\.(?:monotonic|perf_counter|process_time|thread_time|time)(?:_ns)?\b|\bfrom time import|\btimeit\b"
    r"|\b(?:datetime|date)\.(?:now|utcnow|today)\b|\bperformance\.now\b"
)
# What all calls that give up soon have in them: a file without it is not parsed.
SHORT = re.compile(r"\b(?:wait|join|communicate)\s*\(\s*[\d.]|\btimeout\s*=\s*[\d.]")

# What looks at a clock all the same, and what for: nothing of it fails a test for having taken long.
MAY_LOOK = {
    "faults/__main__.py": "says how long the campaign took",
    "faults/breaker.py": "puts the clock of a run back",
    "faults/place.py": "waits, with patience",
    "faults/trials.py": "gives a file a time to come",
    "faults/written.py": "a process that ends by itself should nothing else end it",
    "fuzz/__main__.py": "a campaign takes as long as it is told to",
    "fuzz/engine.py": "a campaign: looks for what is slow",
    "fuzz/large.py": "a campaign: looks for what is slow",
    "key/rows.py": "a row of what the key sees is about the time",
    "loopback/client.py": "a token ends in an hour",
    "loopback_v2/az.py": "a token ends in an hour",
    "loopback_v2/certificate.py": "a certificate is valid from now on",
    "page/browser.py": "waits, with patience",
    "patience.py": "waits, with patience",
    "steps/conftest.py": "a token ends in an hour",
    "test_clocks.py": "names them",
    "azureml/test_export.py": "kills a process at moments between its begin and its end",
    "core/test_files.py": "gives files an age",
    "local/test_stopping.py": "a script that does not end before it is killed",
    "azureml/test_loopback_v2.py": "a token ends in an hour",
    "test_makefile.py": "gives a file a time to come",
    "core/test_memo.py": "waits until files have an age",
    "cli/test_completion.py": "waits, with patience",
    "doctor/test_doctor.py": "a clock that is off is what is found",
    "mutants/__main__.py": "a campaign says what a mutant costs",
    "release/wheel_checks.py": "says how long a newcomer's path took",
    "azureml/test_watch.py": "has its own clock in place of that of what it tests",
}


def _files() -> dict[str, Path]:
    found = {path.relative_to(TESTS).as_posix(): path for path in sorted(TESTS.rglob("*.py"))}
    return {name: path for name, path in found.items() if not name.startswith(("data/", "editor/node_modules/"))}


def test_no_test_looks_at_a_clock() -> None:
    looking = {name for name, path in _files().items() if CLOCK.search(path.read_text(encoding="utf-8"))}
    assert looking - MAY_LOOK.keys() == set(), "count work, or wait for what happens: see the top of this file"
    assert MAY_LOOK.keys() - looking == set(), "these look at no clock any more: take them off the list"


def _short_waits(path: Path) -> Iterator[str]:
    """Give the calls of a file that give up before a busy machine has come to it."""
    text = path.read_text(encoding="utf-8")
    if not SHORT.search(text):
        return
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        waits = isinstance(node.func, ast.Attribute) and node.func.attr in {"wait", "join", "communicate"}
        given = [*node.args[:1]] if waits else []
        given += [keyword.value for keyword in node.keywords if keyword.arg == "timeout"]
        numbers = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, int | float)]
        if any(number < PATIENCE for number in numbers):
            yield f"{path.name}:{node.lineno}: {ast.unparse(node)}"


def test_nothing_is_given_up_soon() -> None:
    found = [call for path in _files().values() for call in _short_waits(path)]
    assert found == [], "wait for PATIENCE seconds: tests/patience.py"


def test_the_checks_find_what_they_look_for(tmp_path: Path) -> None:
    for text in (
        "begun = time.monotonic()",
        "time.process_time_ns()",
        "datetime.now(UTC) - begun",
        "performance.now()",
    ):
        assert CLOCK.search(text), text
    for text in ("time.sleep(1)", "strptime.time", "struct.time_of()", "utcnow"):
        assert not CLOCK.search(text), text
    file = tmp_path / "x.py"
    file.write_text("a.wait(5)\nb.run(timeout=1.5)\nc.communicate(timeout=PATIENCE)\nd.wait()\n'-'.join(['5'])\n")
    assert list(_short_waits(file)) == ["x.py:1: a.wait(5)", "x.py:2: b.run(timeout=1.5)"]
