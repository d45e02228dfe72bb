"""Trials of what a step prints, and of links that lead in circles, to everywhere and to nowhere."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.midway import write
from tests.faults.place import Place
from tests.faults.trials import Bench, Trial
from tests.faults.written import FILES, MISCHIEF

_LINKS = ("itself", "parent", "pair", "fan", "chain", "nowhere")


def trials() -> Iterator[Trial]:
    """Return the trials of this kind."""
    for name in lines():
        yield Trial("hostile lines", name, partial(prints, name))
    yield Trial("hostile lines", "beside another step", _beside)
    for kind in _LINKS:
        for where, do in (
            ("in the source folder", _in_source),
            ("in a dataset", _in_dataset),
            ("in an output", in_output),
        ):
            yield Trial(f"links: {kind}", where, partial(do, kind))


def _namespace(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - our own
    return names


def lines() -> list[str]:
    """Return the names of what a step may print."""
    return list(_namespace(FILES["src/hostile.py"])["LINES"])


def prints(name: str, place: Place, bench: Bench) -> None:
    place.run("run", environ={"MISCHIEF": f"says:{name}"})
    if place.outputs() != bench.expected[3]:
        place.complaints.append("wrong outputs")
    _readable(place)
    told = place.recovers(bench.expected[3])
    if told.text.count("up to date") != 2:
        place.complaints.append(f"a step ran again for what it printed: {told.text}")


def _readable(place: Place) -> None:
    """Every reader of a record takes what the step printed."""
    for file in (place.state / "small" / "runs").glob("*/*.json*"):
        for line in file.read_text("utf-8").splitlines() if file.suffix == ".jsonl" else [file.read_text("utf-8")]:
            try:
                json.loads(line)
            except ValueError as error:
                place.complaints.append(f"{file.name} is no JSON: {error}")
    if "\x1b" in place.run("runs").text:
        place.complaints.append("an escape reaches the terminal")
    place.run("report")
    place.end(place.start("logs", "make", output=subprocess.DEVNULL), 0)  # the log itself may hold a traceback


def _beside(place: Place, bench: Bench) -> None:
    """What one step prints does not end another."""
    other = "  other:\n    script: add.py\n    arguments:\n      --numbers: .\n      --output: ${{ outputs.total }}\n"
    with (place.folder / "pipeline.yaml").open("a") as stream:
        stream.write(other)
    expected = {**bench.expected[3], "other/total/total.txt": b"0"}
    place.run("run", "--jobs", "2", "--keep-going", environ={"MISCHIEF": "says:hexadecimal digits"})
    place.recovers(expected)


def _link(kind: str, folder: Path) -> None:
    _namespace(MISCHIEF)["link"](kind, str(folder))


def _in_source(kind: str, place: Place, bench: Bench) -> None:
    """Put links in a source folder that is walked whole, because a pattern of ``snapshot:`` looks for files in it."""
    text = FILES["pipeline.yaml"].replace("    script: make.py\n", "    script: make.py\n    snapshot: ['**/*.csv']\n")
    write(place, {"pipeline.yaml": text, "src/x.csv": "1"})
    _walked(kind, place.folder / "src" / "linked", place, bench)


def _in_dataset(kind: str, place: Place, bench: Bench) -> None:
    text = FILES["pipeline.yaml"].replace("steps:\n", "datasets:\n  linked: {local: data}\nsteps:\n", 1)
    argument = "      --factor: ${{ parameters.factor }}\n"
    text = text.replace(argument, f"{argument}      --data: ${{{{ datasets.linked }}}}\n")
    script = FILES["src/make.py"].replace("arguments =", 'parser.add_argument("--data")\narguments =', 1)
    write(place, {"pipeline.yaml": text, "src/make.py": script, "data/x.csv": "1"})
    _walked(kind, place.folder / "data" / "linked", place, bench)


def _walked(kind: str, folder: Path, place: Place, bench: Bench) -> None:
    """Links are followed to an end, or refused in words, so that they can be removed."""
    _link(kind, folder)
    place.run("validate", statuses=(0, 2, 6))
    told = place.run("run", statuses=(0, 2, 6))
    place.compare(bench.expected[3], told)
    if told.status:
        if "link" not in told.text.lower():
            place.complaints.append(f"the links are not named: {told.text}")
        shutil.rmtree(folder)
        place.recovers(bench.expected[3])
    again = place.recovers(bench.expected[3])
    if again.text.count("up to date") != 2:
        place.complaints.append(f"nothing changed, and a step ran again: {again.text}")


def in_output(kind: str, place: Place, bench: Bench) -> None:
    """A step leaves such links in its output: it is accepted, or refused in words, and can be cleaned away."""
    told = place.run("run", statuses=(0, 1), environ={"MISCHIEF": f"links:{kind}"})
    place.compare(bench.expected[3], told)
    place.recovers(bench.expected[3])
    place.run("clean", "--all")
    place.recovers(bench.expected[3])
