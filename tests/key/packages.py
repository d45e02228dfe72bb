"""Rows about packages and the Python of the steps."""

from __future__ import annotations

import os
import re
import sys
import venv
from pathlib import Path

from tests.key.place import NO, UNFELT, YES, Change, Place, Row, edited_and_back, imports, write_package

FIND = "import importlib.util as u"


def _in_library(name: str) -> Change:
    return lambda place, number: (place.shared.folder / name / "src" / name / "__init__.py").write_text(
        f"VALUE = {number}\n"
    )


def _piped(place: Place, number: int) -> None:
    """Let the real pip upgrade a package while a step runs, which takes it a while."""
    if number == 2:
        place.shared.upgrade(place.shared.wheel("by_pip", "2.0", 2))
    else:
        write_package(place.shared.packages, "by_pip", f"{number}.0", number)


def _installed_anew(place: Place, number: int) -> None:
    write_package(place.shared.packages, "by_version", "1.0", number)


def _rebuilt(place: Place, number: int) -> None:
    write_package(place.shared.packages, "by_commit", "1.0", number, built=f"commit {number}")


def _upgraded_and_back(place: Place, number: int) -> None:
    write_package(place.shared.packages, "and_back", f"2.{number}", number)
    write_package(place.shared.packages, "and_back", "1.0", 0)


def _by_flit(place: Place, number: int) -> None:
    """Write what `flit install --pth-file` writes, the first time; then edit the code."""
    library = place.shared.folder / "flit"
    library.mkdir(exist_ok=True)
    (library / "by_flit.py").write_text(f"VALUE = {number}\n")
    notes = place.shared.packages / "by_flit-1.0.dist-info"
    if not notes.exists():
        notes.mkdir()
        (notes / "METADATA").write_text("Metadata-Version: 2.1\nName: by_flit\nVersion: 1.0\n")
        (notes / "RECORD").write_text("by_flit.pth,,\nby_flit-1.0.dist-info/METADATA,,\n")
        (notes / "direct_url.json").write_text(f'{{"url": "file://{library}", "dir_info": {{"editable": true}}}}')
        (place.shared.packages / "by_flit.pth").write_text(f"{library}\n")


def _by_flit_with_a_link(place: Place, number: int) -> None:
    """Write what `flit install --symlink` writes, the first time; then edit the code."""
    library = place.shared.folder / "flit_link" / "by_link"
    library.mkdir(parents=True, exist_ok=True)
    (library / "__init__.py").write_text(f"VALUE = {number}\n")
    notes = place.shared.packages / "by_link-1.0.dist-info"
    if not notes.exists():
        notes.mkdir()
        (notes / "METADATA").write_text("Metadata-Version: 2.1\nName: by_link\nVersion: 1.0\n")
        (notes / "RECORD").write_text("by_link,,\nby_link-1.0.dist-info/METADATA,,\n")
        (notes / "direct_url.json").write_text(f'{{"url": "file://{library}", "dir_info": {{"editable": true}}}}')
        (place.shared.packages / "by_link").symlink_to(library)


def _leads(place: Place, number: int) -> None:
    folder = place.shared.folder / f"leads{number}"
    folder.mkdir(exist_ok=True)
    (folder / "led_to.py").write_text(f"VALUE = {number}\n")
    (place.shared.packages / "leading.pth").write_text(f"{folder}\n")


def _led_to(name: str, text: str) -> Change:
    def change(place: Place, number: int) -> None:
        folder = place.shared.folder / "beside"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text.format(number))
        if not (place.shared.packages / "beside.pth").exists():
            (place.shared.packages / "beside.pth").write_text(f"{folder}\n")

    return change


SUFFIX = ".abi3.so"


def _missing(place: Place, number: int) -> None:
    if number:
        write_package(place.shared.packages, f"late{number}", "1.0", number)


def _required(place: Place, number: int) -> None:
    """Give a package that imports another, which it then gets in another version."""
    write_package(place.shared.packages, "inner", f"{number}.0", number)
    if not number:
        write_package(place.shared.packages, "outer", "1.0", 0)
        (place.shared.packages / "outer/__init__.py").write_text("from inner import VALUE\n")


def _of_site(place: Place, number: int) -> None:
    (place.shared.packages / "site_of_a_row.pth").write_text(f"import sys; sys.of_a_row = {number}\n")


def _own_environment(place: Place, _number: int) -> None:
    """Give a row a Python that it may spoil."""
    for name in ("0", "1", "2"):
        folder = place.root.parent / "environments" / name
        venv.create(folder, symlinks=True)
        (packages,) = folder.glob("lib/python*/site-packages")
        write_package(packages, "own", f"{name}.0", int(name))


def _with_own(change: Change) -> Change:
    def both(place: Place, number: int) -> None:
        _own_environment(place, number)
        change(place, number)

    return both


def _of_own(place: Place, number: int | str, *names: str) -> Path:
    return (place.root.parent / "environments" / str(number)).joinpath(*names)


def _given(place: Place, number: int) -> None:
    place.python = str(_of_own(place, number, "bin/python"))


def _by_link(place: Place, number: int) -> None:
    link = place.root.parent / "chosen"
    link.unlink(missing_ok=True)
    link.symlink_to(_of_own(place, number))
    place.python = str(link / "bin/python")


def _by_shim(place: Place, number: int) -> None:
    shim, choice = place.root.parent / "shim", place.root / ".choice"
    choice.write_text(f"{_of_own(place, number, 'bin/python')}\n")
    if not shim.exists():
        shim.write_text(f'#!/bin/sh\nexec "$(cat {choice})" "$@"\n')
        shim.chmod(0o755)
    place.python = str(shim)


def _upgraded(version: str) -> Change:
    """Give another Python in the place of the one that was there, which says that it has another version."""

    def change(place: Place, number: int) -> None:
        place.python = str(_of_own(place, 0, "bin/python"))
        if number:
            os.unlink(place.python)
            os.symlink(os.path.realpath(sys.executable), place.python)
            (packages,) = _of_own(place, 0).glob("lib/python*/site-packages")
            code = f"import sys, platform; sys.version_info = ({version.format(number)}, 'final', 0)"
            (packages / "another.pth").write_text(f"{code}\n")

    return change


def _includes(place: Place, number: int) -> None:
    """Let an environment see the packages of the Python that it was made from, or not see them."""
    place.python = str(_of_own(place, 0, "bin/python"))
    settings = _of_own(place, 0, "pyvenv.cfg")
    text = re.sub("(include-system-site-packages = ).*", rf"\g<1>{str(bool(number % 2)).lower()}", settings.read_text())
    settings.write_text(text)


PACKAGES: dict[str, Row] = {
    "a package, another version": Row(imports("by_pip"), _piped, YES, YES, before=_piped),
    "a package, another version and back": Row(
        imports("and_back"), _upgraded_and_back, NO, YES, differs=False, before=_upgraded_and_back
    ),
    "a package, the same version built from another commit, folder or archive": Row(
        imports("by_commit"), _rebuilt, YES, YES, before=_rebuilt
    ),
    "a package, the same version installed again": Row(
        imports("by_version"), _installed_anew, NO, YES, before=_installed_anew
    ),
    "a package, a file of it edited by hand": Row(
        imports("by_hand"),
        lambda place, number: (place.shared.packages / "by_hand/__init__.py").write_text(f"VALUE = {number}\n"),
        NO,
        NO,
        before=lambda place, _: write_package(place.shared.packages, "by_hand", "1.0", 0),
    ),
    "a package that was missing": Row(
        f"{FIND}\nvalue = u.find_spec('late1'), u.find_spec('late2')\nif len(sys.argv) == 0: import late1, late2",
        _missing,
        YES,
        YES,
    ),
    "a package that an imported package imports": Row(imports("outer"), _required, NO, NO, before=_required),
    "code installed by `pip install -e` with setuptools": Row(
        imports("by_setuptools"), _in_library("by_setuptools"), YES, YES, before=_in_library("by_setuptools")
    ),
    "code installed by `pip install -e` with hatchling": Row(
        imports("by_hatchling"), _in_library("by_hatchling"), YES, YES, before=_in_library("by_hatchling")
    ),
    "the same with `dev-mode-exact`, an import hook": Row(
        imports("by_hook"), _in_library("by_hook"), YES, YES, before=_in_library("by_hook")
    ),
    "code installed by flit with a `.pth` file": Row(imports("by_flit"), _by_flit, YES, YES, before=_by_flit),
    "code installed by flit with a link": Row(
        imports("by_link"), _by_flit_with_a_link, YES, YES, before=_by_flit_with_a_link
    ),
    "such code, edited and changed back": Row(
        imports("by_setuptools"),
        edited_and_back(lambda place: place.shared.folder / "by_setuptools/src/by_setuptools/__init__.py"),
        NO,
        YES,
        differs=False,
    ),
    "a `.pth` file that points elsewhere": Row(imports("led_to"), _leads, YES, YES, before=_leads),
    "a module that a `.pth` file points to": Row(
        imports("beside"), _led_to("beside.py", "VALUE = {}\n"), YES, YES, before=_led_to("beside.py", "VALUE = {}\n")
    ),
    "a `.so` that a `.pth` file points to": Row(
        f"{FIND}\nvalue = open(u.find_spec('extension').origin).read()\nif len(sys.argv) == 0: import extension",
        _led_to(f"extension{SUFFIX}", "{}"),
        YES,
        YES,
        before=_led_to(f"extension{SUFFIX}", "{}"),
    ),
    "what runs when Python starts (code in a `.pth` file, sitecustomize)": Row(
        "value = sys.of_a_row", _of_site, NO, UNFELT, before=_of_site
    ),
}

INTERPRETERS: dict[str, Row] = {
    "`--python` with another path": Row(imports("own"), _given, YES, UNFELT, before=_with_own(_given)),
    "a link to an environment, retargeted": Row(imports("own"), _by_link, YES, YES, before=_with_own(_by_link)),
    "a shim (pyenv, asdf) that starts another Python": Row(
        imports("own"), _by_shim, YES, YES, before=_with_own(_by_shim)
    ),
    "Python upgraded in place, 3.11 to 3.12": Row(
        "value = subprocess.check_output([sys.executable, '-c', 'import sys; print(sys.version_info)'])",
        _upgraded("3, 9{}, 1"),
        YES,
        YES,
        before=_with_own(_upgraded("")),
    ),
    "Python upgraded in place, 3.11.7 to 3.11.8": Row(
        "value = subprocess.check_output([sys.executable, '-c', 'import sys; print(sys.version_info)'])",
        _upgraded(f"3, {sys.version_info.minor}, 9{{}}"),
        NO,
        NO,
        before=_with_own(_upgraded("")),
    ),
    "the settings of an environment (`pyvenv.cfg`)": Row(
        "value = subprocess.run([sys.executable, '-c', 'import pip']).returncode\nif len(sys.argv) == 0: import pip",
        _includes,
        YES,
        YES,
        before=_with_own(_includes),
    ),
}
