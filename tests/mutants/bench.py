"""A copy of the working tree in a sandbox: which tests reach which lines there, and which test fails of a mutant.

Mutants remove folders and send signals. In the sandbox (bubblewrap) all other processes are out of reach, and the disk
is read-only but for a copy, which stands where the working tree is, and /tmp.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.chosen import LOG, TESTS

ROOT = Path(__file__).parents[2]
# A mutant hangs if its tests take so many seconds more, and times as long.
_START, _TIMES = 60, 5
_LONG = 0.3  # seconds of a test
_LOGS = ROOT / "mutant_logs"  # in the sandbox
_TMP = "/tmp"  # noqa: S108 - the sandbox's own

# Writes each line that a test reaches, once in each process.
_PROBE = f"""
import os as _os
_seen = set()
def _reached(line, file=__file__):
    test = _os.environ.get("PYTEST_CURRENT_TEST", "")
    if (test, line) not in _seen:
        _seen.add((test, line))
        log = _os.open({str(_LOGS / "reached")!r}, _os.O_WRONLY | _os.O_APPEND | _os.O_CREAT)
        _os.write(log, f"{{file}}\\t{{line}}\\t{{test}}\\n".encode())
        _os.close(log)
"""


@dataclass(frozen=True)
class Mutant:
    """A change of a module: the function and the line, the changed lines before and after, the whole text after it."""

    id: str
    module: str
    file: str
    function: str
    line: int
    was: str
    now: str
    text: str

    @property
    def package(self) -> str:
        """The folder of its module, and of the tests that must notice it."""
        return self.module.partition("/")[0]

    @property
    def statement(self) -> int:
        """The line on which the innermost statement around the change starts."""
        tree = ast.walk(ast.parse((ROOT / self.file).read_text("utf-8")))
        lines = ((one.lineno, one.end_lineno or 0) for one in tree if isinstance(one, ast.stmt))
        return max(first for first, last in lines if first <= self.line <= last)


@dataclass
class Reach:
    """How many seconds each test of a package takes, which ones fail, and which ones reach a line of a file."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    failed: set[str] = field(default_factory=set)
    by_line: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))

    def tests(self, one: Mutant) -> list[str]:
        """Return the tests that reach the changed statement, the quickest first; without a probe, those of the file."""
        reached = self.by_line.get((one.file, one.statement))
        reached = reached or set[str]().union(*(tests for (file, _), tests in self.by_line.items() if file == one.file))
        names = {test for test in self.seconds if test in reached or _file(test) in reached}
        return sorted(names - self.failed, key=lambda test: (self.seconds[test], test))


def _file(test: str) -> str:
    return test.partition("::")[0]


class _Probes(ast.NodeTransformer):
    """Puts a probe before each statement of a function, unless that is cached: only the first test would reach it."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if any("cache" in ast.unparse(decorator) for decorator in getattr(node, "decorator_list", ())):
            return node
        inside = isinstance(node, ast.FunctionDef) or getattr(node, "inside", False)
        for child in ast.iter_child_nodes(node):
            setattr(child, "inside", inside)  # noqa: B010
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if inside and isinstance(block, list):
                probed = ((ast.parse(f"_reached({one.lineno})").body[0], one) for one in block)
                setattr(node, name, [one for pair in probed for one in pair])
        return node


def _probed(text: str) -> str:
    """Return a module that writes down which of its lines are reached."""
    tree = _Probes().visit(ast.parse(text))
    first = next(place for place, one in enumerate(tree.body) if not isinstance(one, ast.Expr | ast.ImportFrom))
    tree.body[first:first] = ast.parse(_PROBE).body
    return ast.unparse(ast.fix_missing_locations(tree))


@contextmanager
def bench() -> Iterator[Bench]:
    """Make a copy of the working tree, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder, "copy")
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
            if name and (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
        (copy / ".venv").mkdir()
        yield Bench(copy, Path(folder, "tmp"))


@dataclass(frozen=True)
class Bench:
    """The copy, and the folder that is its /tmp."""

    copy: Path
    temporary: Path

    def reach(self, package: str, files: Sequence[str]) -> Reach:
        """Run all tests of a package once, unchanged but for the probes in ``files``."""
        for file in files:
            self._write(file, _probed((ROOT / file).read_text("utf-8")))
        self._pytest([f"tests/{package}"])
        reach = Reach()
        for name, duration, failed in self._log():
            reach.seconds[name] += duration
            reach.failed |= {name} if failed else set()
        for row in (self.copy / _LOGS.name / "reached").read_text("utf-8").splitlines():
            file, line, test = row.split("\t")
            name, _, phase = test.rpartition(" ")
            # What a fixture reaches, other tests of the file may live on.
            name = _file(name) if phase == "(setup)" else name
            reach.by_line[os.path.relpath(file, ROOT), int(line)].add(name)
        for file in files:
            self._write(file, (ROOT / file).read_text("utf-8"))
        return reach

    def killer(self, one: Mutant, reach: Reach) -> str:
        """Return the test that fails of a mutant; "" if none does.

        The file with most of the tests comes first, since all files of chosen tests are imported before any test runs.
        """
        tests = reach.tests(one)
        nearest = Counter(map(_file, tests)).most_common(1)[0][0]
        self._write(one.file, one.text)
        try:
            for near in (True, False):
                rest = [test for test in tests if (_file(test) == nearest) == near]
                while rest and (failed := self._failed(rest, reach)):
                    # A test that takes long is run again alone: on a busy machine it may fail once.
                    if failed not in reach.seconds or reach.seconds[failed] < _LONG or self._failed([failed], reach):
                        return failed
                    rest = rest[rest.index(failed) + 1 :]
            return ""
        finally:
            self._write(one.file, (ROOT / one.file).read_text("utf-8"))

    def _failed(self, tests: Sequence[str], reach: Reach) -> str:
        """Run the tests; return the first that fails, else "", or why none could."""
        limit = _START + _TIMES * sum(reach.seconds[test] for test in tests)
        status = self._pytest([*dict.fromkeys(map(_file, tests))], tests, limit)
        failed = [name for name, _, failed in self._log() if failed]
        return "" if status == 0 else failed[0] if failed else "it hangs" if status is None else "no test can start"

    def _write(self, file: str, text: str) -> None:
        path = self.copy / file
        path.write_text(text, "utf-8")
        # Python tells texts of one second and one size apart by nothing.
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            compiled.unlink()

    def _log(self) -> list[tuple[str, float, bool]]:
        log = self.copy / _LOGS.name / "tests"
        return [json.loads(row) for row in log.read_text("utf-8").splitlines()] if log.exists() else []

    def _pytest(
        self, files: Sequence[str], tests: Sequence[str] | None = None, seconds: float | None = None
    ) -> int | None:
        """Run the tests, up to the first that fails if they are chosen; return the exit status, None if it hangs."""
        logs = self.copy / _LOGS.name
        for folder in (self.temporary, logs, self.copy / ".hypothesis"):
            shutil.rmtree(folder, ignore_errors=True)
        self.temporary.mkdir()
        logs.mkdir()
        (logs / "chosen").write_text(json.dumps(tests), "utf-8")
        sandbox = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind", self.temporary, _TMP]
        sandbox += ["--bind", self.copy, ROOT, "--ro-bind", ROOT / ".venv", ROOT / ".venv", "--chdir", ROOT]
        sandbox += ["--unshare-pid", "--die-with-parent", "--new-session", "--setenv", "HOME", _TMP]
        sandbox += ["--setenv", "TMPDIR", _TMP, "--setenv", TESTS, _LOGS / "chosen", "--setenv", LOG, _LOGS / "tests"]
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutants.chosen", "-p", "no:cacheprovider"]
        words = [*map(str, sandbox), *pytest, "--hypothesis-seed=1", *(["-x"] if tests else []), *files]
        with open(logs / "output", "w", encoding="utf-8") as output:
            try:
                return subprocess.run(words, stdout=output, stderr=output, timeout=seconds, check=False).returncode
            except subprocess.TimeoutExpired:
                return None
