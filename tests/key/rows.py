"""Rows about what a step has of its own, its data, and what is around it; and all rows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.key.packages import INTERPRETERS, PACKAGES
from tests.key.place import NO, UNFELT, YES, Change, Place, Row, edited_and_back, imports, write_package


def _writes(name: str, text: str) -> Change:
    return lambda place, number: (place.root / name).write_text(text.format(number))


def _reads(number: int, name: str = "") -> str:
    below = f" + '/{name}'" if name else ""
    return f"value = open(sys.argv[{number}]{below}).read()"


A_FILE = _reads(3, "a.csv")


def _extended(place: Place, number: int) -> None:
    script = place.root / "src/only.py"
    script.write_text(f"{script.read_text()}# {number}\n")


def _edited_with_its_time(place: Place, number: int) -> None:
    file = place.root / "raw/a.csv"
    look = file.stat()
    file.write_text(f"a{number}")
    os.utime(file, ns=(look.st_atime_ns, look.st_mtime_ns))


def _replaced(place: Place, number: int) -> None:
    new = place.root / "new"
    new.write_text(f"a{number}")
    shutil.copystat(place.root / "raw/a.csv", new)
    new.rename(place.root / "raw/a.csv")


def _swapped(place: Place, _number: int) -> None:
    one, two, aside = (place.root / name for name in ("raw/a.csv", "raw/b.csv", "aside"))
    for old, new in ((one, aside), (two, one), (aside, two)):
        old.rename(new)


def _retargeted(place: Place, number: int) -> None:
    link = place.root / "current"
    link.unlink()
    link.symlink_to(f"versions/{number}")


def _retargeted_and_back(place: Place, number: int) -> None:
    _retargeted(place, number)
    _retargeted(place, 0)


def _came_and_went(place: Place, number: int) -> None:
    file = place.root / "raw" / f"{number}.csv"
    file.write_text("new")
    file.unlink()


def _touched(place: Place, number: int) -> None:
    os.utime(place.root / "raw/a.csv", (number, number))


def _input(place: Place) -> Path:
    return place.project.output("first", "made") / "made.csv"


def _sets(name: str, values: str = "012") -> Change:
    return lambda place, number: place.environ.update({name: values[number]})


def _tool(place: Place, number: int) -> None:
    tool = place.root.parent / "tools/tool"
    tool.write_text(f"#!/bin/sh\necho {number}\n")
    tool.chmod(0o755)


def _program(place: Place, number: int) -> None:
    """Let a step begin with a program of PATH, the first time; then install another one."""
    tool = place.root.parent / "tools/tool"
    tool.write_text(f'#!/bin/sh\nTOOL={number} exec python "$@"\n')
    tool.chmod(0o755)
    _as_command(place, number, "tool")


def _as_command(place: Place, number: int, program: str) -> None:
    if not number:
        place.project.replace("pipeline.yaml", "script: only.py", f"command: [{program}, only.py]")


def _package_of_a_command(place: Place, number: int) -> None:
    write_package(place.shared.packages, "by_command", f"{number}.0", number)
    _as_command(place, number, 'sh, -c, \'exec python "$0" "$@"\'')


def _answers(place: Place, number: int) -> None:
    place.answers["/"] = str(number)


def _in_file(old: str, new: str) -> Change:
    def change(place: Place, number: int) -> None:
        if number:
            place.project.replace("pipeline.yaml", old.format(number - 1), new.format(number))

    return change


def _together(place: Place, number: int) -> None:
    """Let a step be one process of several, the first time; then one more."""
    if number:
        place.project.replace("pipeline.yaml", f"per_node: {number}", f"per_node: {number + 1}")
    else:
        more = "script: only.py\n    distribution: {type: pytorch, processes_per_node: 1}"
        place.project.replace("pipeline.yaml", "script: only.py", more)


ROWS: dict[str, Row] = {
    # What a step has of its own.
    "the script": Row(
        "value = open(sys.argv[0]).read()",
        _extended,
        YES,
        UNFELT,
    ),
    "a module of the project": Row(imports("module"), _writes("src/module.py", "VALUE = {}\n"), YES, UNFELT),
    "a file that the script or a `snapshot:` pattern names": Row(
        "value = open('words.txt').read()", _writes("src/words.txt", "{}"), YES, UNFELT
    ),
    "a file that only a listing of the folder finds": Row(
        "value = sorted(os.listdir('.'))", _writes("src/found.txt", "{}"), NO, UNFELT, differs=False
    ),
    "a parameter, an argument": Row("value = sys.argv[1]", _in_file("number: {}", "number: {}"), YES, UNFELT),
    "a variable that is declared": Row(
        "value = os.environ['DECLARED']", _in_file('DECLARED: "{}"', 'DECLARED: "{}"'), YES, UNFELT
    ),
    "the number of processes that train together": Row(
        "value = os.environ['WORLD_SIZE']", _together, YES, UNFELT, before=_together
    ),
    **PACKAGES,
    **INTERPRETERS,
    # Data.
    "a dataset, edited": Row(A_FILE, _writes("raw/a.csv", "edited {}"), YES, YES),
    "a dataset, edited with the file's time set back": Row(A_FILE, _edited_with_its_time, YES, YES),
    "a dataset, a file replaced by one of the same size and time": Row(A_FILE, _replaced, YES, YES),
    "a dataset, two files swapped": Row(A_FILE, _swapped, YES, YES),
    "a dataset, changed and changed back": Row(
        A_FILE, edited_and_back(lambda place: place.root / "raw/a.csv"), NO, YES, differs=False
    ),
    "a dataset, a file that appeared and disappeared": Row(
        "value = sorted(os.listdir(sys.argv[3]))", _came_and_went, NO, YES, differs=False
    ),
    "a dataset, the times of files alone": Row("value = os.stat(sys.argv[3] + '/a.csv').st_mtime", _touched, NO, YES),
    "a dataset, a link to it retargeted": Row(_reads(5, "c.csv"), _retargeted, YES, YES),
    "a dataset, a link to it retargeted and back": Row(
        _reads(5, "c.csv"), _retargeted_and_back, NO, YES, differs=False
    ),
    "a dataset that is a file": Row(_reads(4), _writes("other.csv", "edited {}"), YES, YES),
    "an optional dataset that appears": Row("value = sys.argv[6:-1]", _writes("extra.csv", "{}"), YES, YES),
    "an input, edited by hand": Row(
        _reads(2, "made.csv"),
        lambda place, number: _input(place).write_text(f"edited {number}"),
        YES,
        YES,
        differs=False,
    ),
    "an input, changed and changed back": Row(_reads(2, "made.csv"), edited_and_back(_input), NO, YES, differs=False),
    # What is around.
    "a variable that is not declared": Row("value = os.environ['ROW']", _sets("ROW"), NO, UNFELT, before=_sets("ROW")),
    "the locale and the time zone": Row(
        "value = os.environ['LC_ALL'], os.environ['TZ']",
        lambda place, number: place.environ.update(
            LC_ALL=("C", "C.UTF-8", "POSIX")[number], TZ=("UTC", "UTC-1", "UTC-2")[number]
        ),
        NO,
        UNFELT,
        before=lambda place, _: place.environ.update(LC_ALL="C", TZ="UTC"),
    ),
    "the program that a `command:` begins with": Row("value = os.environ['TOOL']", _program, YES, YES, before=_program),
    "any package, for a `command:` that may import any": Row(
        "import importlib\nvalue = importlib.import_module('by_command').VALUE",
        _package_of_a_command,
        YES,
        YES,
        before=_package_of_a_command,
    ),
    "a program on PATH": Row("value = subprocess.check_output(['tool'])", _tool, NO, NO, before=_tool),
    "a file by an absolute path": Row(
        "value = pathlib.Path(os.environ['PWD'], 'absolute.txt').read_text()", _writes("absolute.txt", "{}"), NO, NO
    ),
    "the network": Row(
        "import urllib.request\nvalue = urllib.request.urlopen(os.environ['ADDRESS']).read()",
        _answers,
        NO,
        NO,
        before=_answers,
    ),
    "the time": Row("value = time.time_ns()", lambda *_: None, NO, NO),
    "randomness without a seed": Row("value = os.urandom(8)", lambda *_: None, NO, NO),
}
