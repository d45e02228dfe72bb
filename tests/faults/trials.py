"""The trials: each does one thing wrong to a project, and says what it finds wrong afterwards."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.faults.place import Place, wait_until

SMALL_BYTES = 300
STATUSES = {number: (-number, 0) for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)}
_PARTS = (
    ("", "/working-copy/outputs", "keeping outputs/ and logs/"),
    ("", "/working-copy", "copying the snapshot"),
    ("read ", "/attempt.", "hashing"),
    ("", "/result.", "accepting"),
    ("", "/last", "noting the attempt"),
    ("", "/attempt.", "making the attempt"),
    ("", "small/outputs", "linking"),
    ("", "/runs", "recording"),
    ("subprocess.Popen step", "", "starting the step"),
    ("subprocess.Popen", "", "asking git or Python"),
)


@dataclass(frozen=True)
class Bench:
    """What every trial begins with: projects before and after a run, and the outputs by factor."""

    fresh: Path
    warm: Path
    expected: Mapping[int, Mapping[str, bytes]]
    moments: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """``do`` disturbs a copy of the fresh project, or of the ``warm`` one."""

    fault: str
    moment: str
    do: Callable[[Place, Bench], None]
    warm: bool = False


def phase(moment: str) -> str:
    """Return what a run is doing at a moment that the breaker listed."""
    for kind, part, name in _PARTS:
        if moment.startswith(kind) and part in moment:
            return name
    return "locking, caches"


def everything(bench: Bench, chance: random.Random) -> list[Trial]:
    """Return the trials of signals, of processes that stay, of damage to the state and of the surroundings."""
    return [
        *_signals(bench, chance),
        *_survivors(),
        *_damage(bench, chance),
        *_surroundings(),
    ]


# Signals to the runner


def _signals(bench: Bench, chance: random.Random) -> Iterator[Trial]:
    for number in STATUSES:
        offset = chance.randrange(2)
        for at, moment in enumerate(bench.moments, 1):
            if number == signal.SIGKILL or at % 2 == offset:
                yield Trial(number.name, phase(moment), partial(_signal_at, at, number))
        for _ in range(8):
            yield Trial(number.name, "a random one", partial(_signal_after, chance.uniform(0.15, 1.2), number))
        for _ in range(3):
            yield Trial(number.name, "step running", partial(_signal_running, chance.uniform(0, 0.1), number, ""))
    for _ in range(12):
        first, second = chance.choices(range(1, len(bench.moments) + 1), k=2)
        yield Trial("SIGKILL, and again", "a run and the next one", partial(_killed_twice, first, second))
    yield Trial("SIGINT twice", "step running", _interrupt_twice)


def _signal_at(at: int, number: signal.Signals, place: Place, bench: Bench) -> None:
    place.end(place.start("run", broken=[str(at), str(int(number))]), *STATUSES[number])
    place.recovers(bench.expected[3])


def _killed_twice(first: int, second: int, place: Place, bench: Bench) -> None:
    for at in (first, second):
        place.end(place.start("run", broken=[str(at), str(int(signal.SIGKILL))]), -9, 0)
    place.recovers(bench.expected[3])


def _signal_after(seconds: float, number: signal.Signals, place: Place, bench: Bench) -> None:
    run = place.start("run", environ={"NAP": "0.2"})
    wait_until((place.state / "small" / "lock").exists)  # before that it is Python that starts
    time.sleep(seconds - 0.15)
    run.send_signal(number)
    place.end(run, *STATUSES[number])
    place.recovers(bench.expected[3])


def running(place: Place, mischief: str, *words: str) -> subprocess.Popen[str]:
    """Start a run and wait until its step works."""
    flag = place.folder.parent / f"{place.folder.name}.running"
    run = place.start("run", *words, environ={"NAP": "30", "RUNNING": str(flag), "MISCHIEF": mischief})
    if not wait_until(flag.exists):
        place.complaints.append("the step did not start")
    flag.unlink(missing_ok=True)
    return run


def _signal_running(seconds: float, number: signal.Signals, mischief: str, place: Place, bench: Bench) -> None:
    run = running(place, mischief)
    time.sleep(seconds)
    run.send_signal(number)
    place.end(run, *STATUSES[number])
    if number != signal.SIGKILL:
        place.nothing_left()
    place.recovers(bench.expected[3])


def _interrupt_twice(place: Place, bench: Bench) -> None:
    run = running(place, "stubborn")
    run.send_signal(signal.SIGINT)
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    place.end(run, -signal.SIGINT)
    place.recovers(bench.expected[3])


# Processes that stay


def _survivors() -> Iterator[Trial]:
    for kind in ("grandchild", "daemon", "respawning"):
        yield Trial(f"kill -9, {kind} stays", "parameter changes", partial(_orphan, kind))
        yield Trial(f"kill -9, {kind} stays", "run again", partial(_signal_running, 0.05, signal.SIGKILL, kind))
        yield Trial(f"TERM, {kind} stays", "step running", partial(_signal_running, 0.05, signal.SIGTERM, kind))
    for words in (("run", "--only", "add"), ("clean",), ("clean", "--all")):
        yield Trial("kill -9, grandchild stays", " ".join(words), partial(_other_command, words), warm=True)
    for kind in ("grandchild", "daemon", "respawning", "bare-daemon"):
        yield Trial(f"{kind} stays and writes", "step ends normally", partial(_stays, kind, "1"))
        yield Trial(f"{kind} stays and writes", "two jobs", partial(_stays, kind, "2"))
    for number in (signal.SIGINT, signal.SIGTERM):
        yield Trial(
            f"{number.name}, child ignores it", "step running", partial(_signal_running, 0.05, number, "stubborn")
        )


def _orphan(kind: str, place: Place, bench: Bench) -> None:
    run = running(place, kind)
    kill_with_guard(run)
    place.end(run, -9)
    if not place.leftovers():
        place.complaints.append("the orphan died by itself, so nothing was tried")
    place.recovers(bench.expected[5], "--param", "factor=5")
    place.recovers(bench.expected[3])


def kill_with_guard(run: subprocess.Popen[str]) -> None:
    """Kill a runner and, before it, the guard that would end what the runner leaves."""
    for pid in map(int, Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()):
        if b"AML_PIPELINE_ATTEMPT=guard" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            os.kill(pid, signal.SIGKILL)
    run.kill()


def _other_command(words: tuple[str, ...], place: Place, bench: Bench) -> None:
    """Let the orphan of a step meet a command that does not run this step."""
    run = running(place, "grandchild", "make", "--force")
    kill_with_guard(run)
    place.end(run, -9)
    place.run(*words)
    place.nothing_left()
    place.recovers(bench.expected[3])


def _stays(kind: str, jobs: str, place: Place, bench: Bench) -> None:
    place.run("run", "--jobs", jobs, environ={"MISCHIEF": kind, "NAP": "0.1"})
    place.nothing_left()
    told = place.recovers(bench.expected[3])
    if told.text.count("up to date") != 2:
        place.complaints.append(f"what was accepted changed afterwards: {told.text}")


# Damage to the state


def _damage(bench: Bench, chance: random.Random) -> Iterator[Trial]:
    for file in sorted(one for one in (bench.warm / ".aml_pipeline").rglob("*") if one.is_file()):
        name = str(file.relative_to(bench.warm))
        size = file.stat().st_size
        every = size <= SMALL_BYTES and "/attempt." not in name  # what a step wrote is no state
        lengths = (
            range(size)
            if every
            else sorted({0, 1, size - 2, *chance.sample(range(size), min(3, size))} & set(range(size)))
        )
        for length in lengths:
            yield Trial("truncated", kind_of(name), partial(_truncated, name, length), warm=True)
        for _ in range(4 if size else 0):
            yield Trial("bit flipped", kind_of(name), partial(_flipped, name, chance.randrange(size * 8)), warm=True)
    for name in sorted({str(one.relative_to(bench.warm)) for one in (bench.warm / ".aml_pipeline").rglob("*")}):
        if "/outputs/" not in name:
            yield Trial("deleted", kind_of(name), partial(_deleted, name), warm=True)


def kind_of(name: str) -> str:
    for part in ("attempt.", "result.", "last", "digests", ".interpreter", ".memo", "lock", "run.json", "short.json",
                 "events.jsonl"):  # fmt: skip
        if f"/{part}" in name:
            return part
    return "log" if name.endswith(".log") else ".gitignore" if name.endswith("ignore") else "other"


def _truncated(name: str, length: int, place: Place, bench: Bench) -> None:
    os.truncate(place.folder / name, length)
    _look_around(name, length, place, bench)


def _flipped(name: str, bit: int, place: Place, bench: Bench) -> None:
    file = place.folder / name
    data = bytearray(file.read_bytes())
    data[bit // 8] ^= 1 << (bit % 8)
    file.write_bytes(data)
    _look_around(name, 0, place, bench)


def _deleted(name: str, place: Place, bench: Bench) -> None:
    target = place.folder / name
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink()
    place.recovers(bench.expected[3])


def _look_around(name: str, length: int, place: Place, bench: Bench) -> None:
    """Hold a damaged file against every command that reads it."""
    whole = length == (bench.warm / name).stat().st_size - 1  # but for the end of its line
    if "/runs/" in name:
        place.run("runs")
        place.run("logs", "make", statuses=(0, 2))
    told = place.recovers(bench.expected[5], "--param", "factor=5").text + place.recovers(bench.expected[3]).text
    if ("/result." in name or "/attempt." in name) and not whole and told.count("up to date") == 4:
        place.complaints.append(f"damage was taken for a result: {told}")


# Surroundings


def _surroundings() -> Iterator[Trial]:
    for count in (2, 2, 2, 10, 10):
        yield Trial(f"{count} runs at once", "from the start", partial(_at_once, count))
        yield Trial(f"{count} runs at once", "nothing to do", partial(_at_once, count), warm=True)
    for seconds in (3600.0, 86400.0 * 400, -3600.0):
        for warm in (False, True):
            when = "later run" if warm else "first run"
            yield Trial(
                f"clock {'back' if seconds > 0 else 'ahead'} {abs(seconds):.0f} s", when, partial(_clock, seconds), warm
            )
    for seconds in (3600.0, -3600.0):
        yield Trial(f"files' times {seconds:+.0f} s", "later run", partial(_times, seconds), warm=True)
    for warm in (False, True):
        when = "nothing to do" if warm else "from the start"
        yield Trial("stdout closed early", when, partial(_closed, 1), warm)
        yield Trial("stderr closed early", when, partial(_closed, 2), warm)
        for descriptors in ((0,), (1,), (2,), (0, 1), (0, 1, 2)):
            names = ", ".join(("stdin", "stdout", "stderr")[one] for one in descriptors)
            yield Trial(f"started without {names}", when, partial(_without, descriptors), warm)
        for limit in (64, 16, 10):
            yield Trial(f"{limit} file descriptors", when, partial(_few_descriptors, limit), warm)


def _at_once(count: int, place: Place, bench: Bench) -> None:
    runs = [place.start("run", environ={"NAP": "0.1"}) for _ in range(count)]
    ended = [place.end(one, 0, 6) for one in runs]
    if not any(one.status == 0 for one in ended):
        place.complaints.append("none of them ran")
    if any(one.status == 6 and "Another run of this pipeline is in progress" not in one.text for one in ended):
        place.complaints.append("a run that was refused did not say why")
    place.recovers(bench.expected[3])


def _clock(seconds: float, place: Place, bench: Bench) -> None:
    words = ("run", "--param", "factor=5")
    place.end(place.start(*words, broken=["0", "0"], environ={"CLOCK": str(seconds)}), 0)
    if place.outputs() != bench.expected[5]:
        place.complaints.append("wrong outputs")
    script = place.folder / "src" / "make.py"  # the same size, at once after a run
    script.write_text(script.read_text().replace("factor * n", "factor + n"))
    place.end(place.start(*words, broken=["0", "0"], environ={"CLOCK": str(seconds)}), 0)
    if place.outputs() == bench.expected[5]:
        place.complaints.append("an edit was overlooked")
    script.write_text(script.read_text().replace("factor + n", "factor * n"))
    place.recovers(bench.expected[3])


def _times(seconds: float, place: Place, bench: Bench) -> None:
    when = time.time() + seconds
    files = [*(place.folder / "src").iterdir(), *(place.state / "small" / "steps").rglob("*.txt")]
    for file in files:
        os.utime(file, (when, when))
    place.recovers(bench.expected[3])
    number = place.state / "small" / "outputs" / "make" / "numbers" / "a.txt"
    number.write_bytes(number.read_bytes().replace(b"3", b"4"))
    os.utime(number, (when, when))  # the same size, and as old as before
    place.recovers(bench.expected[3])


def _closed(descriptor: int, place: Place, bench: Bench) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run = place.start("run", before=lambda: _put(writing, descriptor))
    os.close(writing)
    place.end(run, 0, 141)
    place.recovers(bench.expected[3])


def _put(source: int, descriptor: int) -> None:
    os.dup2(source, descriptor)


def _without(descriptors: tuple[int, ...], place: Place, bench: Bench) -> None:
    def before() -> None:
        for one in descriptors:
            os.close(one)

    place.end(place.start("run", before=before), 0)
    place.recovers(bench.expected[3])


def _few_descriptors(limit: int, place: Place, bench: Bench) -> None:
    before = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (limit, limit))
    told = place.end(place.start("run", before=before), *((0,) if limit == 64 else (0, 1, 6)))
    if told.status == 6 and "Too many open files" not in told.text:
        place.complaints.append(f"no clear words: {told.text}")
    place.recovers(bench.expected[3])
