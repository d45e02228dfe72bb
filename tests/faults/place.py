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

from tests.patience import PATIENCE

BREAKER = Path(__file__).with_name("breaker.py")
_TRIAL = "FAULT_TRIAL"

_PIPELINE = """\
name: small
source_directory: src
parameters:
  factor: 3
steps:
  make:
    script: make.py
    arguments:
      --factor: ${{ parameters.factor }}
      --output: ${{ outputs.numbers }}
  add:
    script: add.py
    arguments:
      --numbers: ${{ steps.make.outputs.numbers }}
      --output: ${{ outputs.total }}
"""

_MAKE = """\
import argparse
import pathlib
import os
import time

import mischief

parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=int, required=True)
parser.add_argument("--output", type=pathlib.Path, required=True)
arguments = parser.parse_args()
mischief.make(os.environ.get("MISCHIEF", ""), str(arguments.output))
for name in ("a", "b", "c"):
    numbers = [arguments.factor * n for n in range(50)]
    (arguments.output / f"{name}.txt").write_text("\\n".join(map(str, numbers)))
(pathlib.Path("outputs") / "note.txt").write_text("kept with the run")
if os.environ.get("RUNNING"):
    pathlib.Path(os.environ["RUNNING"]).touch()
time.sleep(float(os.environ.get("NAP", "0")))
print("made")
"""

_ADD = """\
import argparse
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--numbers", type=pathlib.Path, required=True)
parser.add_argument("--output", type=pathlib.Path, required=True)
arguments = parser.parse_args()
total = sum(sum(map(int, one.read_text().split())) for one in arguments.numbers.glob("?.txt"))
(arguments.output / "total.txt").write_text(str(total))
"""

# What a step may do to make its end hard: processes that stay, and go on writing into its output.
_MISCHIEF = '''\
import os
import pathlib
import signal
import subprocess
import sys
import time

FOREVER = """
import os, sys, time
until, n = time.monotonic() + 60, 0
while time.monotonic() < until:
    n += 1
    try:
        os.makedirs(os.path.join(sys.argv[1], "late"), exist_ok=True)
        with open(os.path.join(sys.argv[1], "late", str(n % 3)), "a") as stream:
            stream.write("late" * 1000)
    except OSError:
        pass
    time.sleep(0.002)
"""


def spawn(output, **options):
    subprocess.Popen([sys.executable, "-c", FOREVER, output], **options)


def wait_for(output):
    while not os.path.isdir(os.path.join(output, "late")):
        time.sleep(0.005)


def make(kind, output):
    if kind == "stubborn":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kind in ("stubborn", "grandchild"):
        spawn(output)
    elif kind in ("daemon", "bare-daemon"):
        if os.fork() == 0:
            os.setsid()
            spawn(output, start_new_session=True, env={} if kind == "bare-daemon" else None)
            os._exit(0)
    elif kind == "respawning":
        os.environ["SHELL_OUTPUT"] = output
        loop = 'while :; do mkdir -p "$SHELL_OUTPUT/late"; sleep 0.005; done'
        subprocess.Popen(["sh", "-c", loop, output], start_new_session=True)
    if kind == "fills":
        with open(os.path.join(output, "fill"), "wb", buffering=0) as stream:
            while True:
                stream.write(b"x" * 4096)
    elif kind:
        wait_for(output)
'''

# No mischief: the files of the steps are the same in every run, so that no key differs.
_FILES = {
    "pipeline.yaml": _PIPELINE,
    "src/make.py": _MAKE,
    "src/add.py": _ADD,
    "src/mischief.py": _MISCHIEF,
}


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
        for name, text in _FILES.items():
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
        for folder, _, names in os.walk(top, followlinks=True):
            for name in names:
                file = Path(folder, name)
                if "late" not in file.parts and not name.endswith(".tmp"):
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
        if self.outputs() != expected:
            self.complaints.append(f"wrong outputs after: {told.text[-400:]}")
        self.nothing_left()
        return told

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
