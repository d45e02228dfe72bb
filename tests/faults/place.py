"""A small project in a folder of its own, the command line run in it, and what is left afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.written import FILES
from tests.patience import PATIENCE

BREAKER = Path(__file__).with_name("breaker.py")
_TRIAL = "FAULT_TRIAL"


@dataclass
class Told:
    """What one command came to: its exit status and all it printed."""

    status: int
    text: str


@dataclass
class Place:
    """A project in ``folder``; ``complaints`` is what a trial found wrong in it."""

    folder: Path
    complaints: list[str] = field(default_factory=list)

    def write(self) -> None:
        for name, text in FILES.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    @property
    def state(self) -> Path:
        return self.folder / ".aml_pipeline"

    def start(
        self,
        *words: str,
        broken: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
        output: int = subprocess.PIPE,
    ) -> subprocess.Popen[str]:
        """Start a command; ``broken`` are the moment and the action of the breaker."""
        # Unbuffered output, if the caller has it so, would hide what is lost in a buffer.
        plain = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        program = [str(BREAKER), *broken] if broken else ["-m", "aml_pipeline"]
        return subprocess.Popen(
            [sys.executable, *program, *words],
            cwd=self.folder,
            env={**plain, _TRIAL: str(self.folder), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output == subprocess.PIPE else subprocess.PIPE,
            text=True,
            errors="replace",
            preexec_fn=before,  # noqa: PLW1509 - it sets a limit, or closes a descriptor
        )

    def end(self, run: subprocess.Popen[str], *statuses: int) -> Told:
        """Wait for a command; complain about a traceback, and of a status that is none of ``statuses`` (if given)."""
        try:
            out, err = run.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            run.kill()
            out, err = run.communicate()
            self.complaints.append("it hung")
        told = Told(run.returncode, (out or "") + (err or ""))
        if "Traceback (most recent call last)" in told.text:
            self.complaints.append(f"a traceback: {told.text[-1500:]}")
        elif statuses and told.status not in statuses:
            self.complaints.append(f"exit status {told.status}: {told.text[-600:]}")
        return told

    def run(self, *words: str, statuses: Sequence[int] = (0,), environ: Mapping[str, str] | None = None) -> Told:
        """Run a command to its end."""
        return self.end(self.start(*words, environ=environ), *statuses)

    def outputs(self) -> dict[str, bytes]:
        """Return the bytes of every accepted output, as people reach them; what mischief wrote does not count."""
        top = self.state / "small" / "outputs"
        found = {}
        for folder, folders, names in os.walk(top, followlinks=True):
            folders[:] = [name for name in folders if name != "late"]
            for name in names:
                file = Path(folder, name)
                if not name.endswith(".tmp") and file.is_file():
                    found[str(file.relative_to(top))] = file.read_bytes()
        return found

    def leftovers(self) -> list[int]:
        """Return the processes that belong to this project: by a variable, or by a path on their command line."""
        place = os.fsencode(self.folder)
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != os.getpid():
                try:
                    words = Path("/proc", name, "cmdline").read_bytes()
                    variables = Path("/proc", name, "environ").read_bytes()
                except OSError:
                    continue
                if place in words or _TRIAL.encode() + b"=" + place + b"\0" in variables:
                    found.append(int(name))
        return found

    def recovers(self, expected: Mapping[str, bytes], *words: str, environ: Mapping[str, str] | None = None) -> Told:
        """Run once more, undisturbed; complain unless everything is as if nothing had happened."""
        told = self.run("run", *words, environ=environ)
        self.compare(expected, told)
        self.nothing_left()
        return told

    def compare(self, expected: Mapping[str, bytes], told: Told) -> None:
        """Complain of a run that ended well with wrong outputs."""
        if told.status == 0 and self.outputs() != expected:
            self.complaints.append(f"wrong outputs after: {told.text[-400:]}")

    def nothing_left(self) -> None:
        """Complain of processes that outlive their run."""
        wait_until(lambda: not self.leftovers())  # what was killed may take a moment to be gone
        if left := self.leftovers():
            self.complaints.append(f"{len(left)} processes left: {[_words(pid) for pid in left]}")
            self.kill_leftovers()

    def kill_leftovers(self) -> None:
        for pid in self.leftovers():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def remove(self) -> None:
        self.kill_leftovers()
        shutil.rmtree(self.folder, ignore_errors=True)


def _words(pid: int) -> str:
    try:
        return Path("/proc", str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")[:150]
    except OSError:
        return "gone"


def wait_until(holds: Callable[[], bool]) -> bool:
    """Wait until something holds; return False when it never does."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.005)
    return False
