"""The Python that runs the steps, and its installed packages.

The interpreter itself is asked, in a separate process, and the answer is cached until the metadata of the interpreter
or of a folder on its search path changes. ``cache`` is only written if its folder exists.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError

if TYPE_CHECKING:
    import subprocess

# Errors that say nothing about a Python, except that this machine cannot start programs now.
_REFUSALS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_CURE = "Set the path of a Python interpreter with --python, or with `python:` in the file."

# Besides PYTHON…, the variables that decide which folders a Python imports from.
_CHOOSING = frozenset({"HOME", "VIRTUAL_ENV", "CONDA_PREFIX"})

_FORMAT = 4
_QUESTION = r"""
import sys
sys.path[:] = [path for path in sys.path if path]  # without the folder that the caller stands in
import hashlib, importlib.metadata as metadata, importlib.util, json, os, platform, re, site, sysconfig
from importlib.machinery import EXTENSION_SUFFIXES
modules, versions, requires, builds, places, records, notes = {}, {}, {}, {}, {}, [], {}
def header(one):  # one.metadata and one.files parse far more than is asked, which takes three times as long
    text = one.read_text("METADATA") or one.read_text("PKG-INFO") or ""
    rows = [line.partition(": ")[::2] for line in text.partition("\n\n")[0].splitlines()]
    needs = [need(value) for name, value in rows if name == "Requires-Dist"]
    return {name: value.strip() for name, value in rows if name in ("Name", "Version")}, needs
def need(value):  # "numpy (>=1.2) ; extra == 'all'" becomes "numpy;all"
    name, extra = re.match(r"[\w.-]*", value.strip()), re.search(r"\bextra\s*==\s*.([\w.-]+)", value)
    return name[0] + (";" + extra[1] if extra else "")
def top(path):
    first, slash, _ = path.partition("/")
    return first if slash else first.partition(".")[0]
def has(record, module):  # whether the distribution holds the module itself, not only a way to where it is developed
    return any(mark in record for mark in ("\n" + module + "/", "\n" + module + "."))
def locate(module):  # where a module is that is developed in place, whatever finds it: a path or an import hook
    try:
        spec = importlib.util.find_spec(module)
    except Exception:
        return []
    origin = [spec.origin] if spec and spec.origin and os.path.isfile(spec.origin) else []
    return list(spec.submodule_search_locations or origin) if spec else []
def hooked():  # modules that import hooks of editable installs know: setuptools' MAPPING, editables' _redirections
    for finder in sys.meta_path:
        mapping = getattr(sys.modules.get(getattr(finder, "__module__", "")), "MAPPING", None)
        for known in (mapping, getattr(finder, "_redirections", None)):
            yield from (name for name in known if name.isidentifier()) if isinstance(known, dict) else ()
for one in metadata.distributions():
    head, needs = header(one)
    name = head.get("Name")
    if not name or name in versions:
        continue
    versions[name] = head.get("Version")
    requires[name] = sorted(set(needs))
    notes[name] = str(getattr(one, "_path", ""))
    listed = {path.partition("/")[0] for path in (one.read_text("top_level.txt") or "").split()}
    record = one.read_text("RECORD")
    if record and one.read_text("direct_url.json"):  # a folder, an archive, a commit: the version tells little
        builds[name] = hashlib.sha256(record.encode("utf-8", "surrogateescape")).hexdigest()
        records.append(str(one._path / "RECORD") if hasattr(one, "_path") else "")
    if not listed:
        rows = (row.lstrip('"').partition(",")[0].rstrip('"') for row in (record or "").splitlines())
        listed = {top(row) for row in rows if row.endswith((".py", ".so"))}
    for module in listed:
        modules.setdefault(module, []).append(name)
    home = os.path.basename(str(one.locate_file("")).rstrip("/"))
    for module in listed if record is not None or home not in ("site-packages", "dist-packages") else ():
        if record is None or not has("\n" + record, module):
            places[module] = locate(module)
places.update((module, locate(module)) for module in hooked())
shared = {module for module, names in modules.items() if len(set(names)) > 1}
for one in metadata.distributions() if shared else ():  # a namespace such as azureml: who provides which part of it
    name = header(one)[0].get("Name")
    for row in (one.read_text("RECORD") or "").splitlines() if name in versions else ():
        first, _, rest = row.lstrip('"').partition("/")
        if first in shared and rest.partition(",")[0].rstrip('"').endswith((".py", ".so")):
            part = first + "." + top(rest.partition(",")[0])
            if name not in modules.setdefault(part, []):
                modules[part].append(name)
print(json.dumps({
    "format": 4,
    "executable": sys.executable,
    "implementation": platform.python_implementation(),
    "version": "%d.%d" % sys.version_info[:2],
    "full_version": platform.python_version(),
    "platform": sysconfig.get_platform(),
    "standard": sorted(getattr(sys, "stdlib_module_names", sys.builtin_module_names)),
    "modules": {module: sorted(set(names)) for module, names in modules.items()},
    "distributions": versions,
    "requires": requires,
    "builds": builds,
    "places": {module: found for module, found in places.items() if found},
    "records": records,
    "notes": notes,
    "suffixes": EXTENSION_SUFFIXES,
    "folders": [os.path.abspath(path) for path in [*sys.path, site.getusersitepackages()] if path],
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python: its path, its version, and the distributions that provide each top-level module.

    Modules that several distributions provide (namespaces) are listed by their parts as well: ``azureml.core``.
    ``requires`` are the requirements of each distribution, by name; ``name;extra`` if only an extra requires it.
    ``builds`` distinguish distributions that were installed from a folder, an archive or a commit. ``places`` are the
    files and folders of modules that are developed in place (``pip install -e``). ``notes`` are the metadata folders of
    the distributions (``….dist-info``). ``looks`` is the metadata of everything that this was read from; it is empty
    for a program that starts another Python, which no metadata shows.
    """

    path: str
    implementation: str
    version: str
    full_version: str
    platform: str
    standard: frozenset[str]
    modules: Mapping[str, list[str]]
    distributions: Mapping[str, str]
    folders: tuple[str, ...]
    requires: Mapping[str, list[str]] = field(default_factory=dict)
    builds: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, list[str]] = field(default_factory=dict)
    suffixes: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    looks: Mapping[str, list[int] | None] = field(default_factory=dict)

    def code(self, module: str) -> list[str]:
        """Return the files and folders of a module that is developed in place, or that belongs to no distribution."""
        if module in self.places:
            return self.places[module]
        names = [module, *(f"{module}{suffix}" for suffix in (".py", *self.suffixes))]
        places = (os.path.join(folder, name) for folder in self.folders for name in names)
        return next(([place] for place in places if files.look(place)), [])

    def versions(self, modules: Iterable[str], parts: Collection[str] = ()) -> dict[str, str | None]:
        """Return the versions of the distributions that provide ``modules``.

        A missing module maps to None, and so does one that is developed in place, whose version means nothing. Of a
        module that several distributions provide, only those with one of the ``parts`` count, if there are any.
        """
        versions: dict[str, str | None] = {}
        for module in sorted(set(modules) - self.standard):
            names = None if module in self.places else self.modules.get(module)
            if names is not None and len(names) > 1:
                wanted = [part for part in parts if part.startswith(f"{module}.")]
                names = sorted({name for part in wanted for name in self.modules.get(part, ())}) or names
            if names is None:
                versions[module] = None
            for name in names or ():
                build = self.builds.get(name)
                versions[name] = self.distributions[name] + (f" (build {build[:8]})" if build else "")
        return versions


def looks_different(python: Interpreter) -> bool:
    """Whether the metadata of what a Python answered from has changed, so that its answer may have changed."""
    return not all(_is_as(place, look) for place, look in python.looks.items())


def _is_as(place: str, look: list[int] | None) -> bool:
    """Whether the metadata of a place is unchanged; as fast as possible, since every step asks it."""
    try:
        now = os.stat(place)
    except OSError:
        return look is None
    return look == [now.st_mode, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns]


def unasked() -> Interpreter:
    """Return a Python of which only the standard library is known."""
    standard = frozenset(sys.stdlib_module_names)
    return Interpreter("", "", "", "", "", standard, modules={}, distributions={}, folders=())


def inspect(path: str, environ: Mapping[str, str], cache: str | None = None, folder: str | None = None) -> Interpreter:
    """Return the interpreter at ``path``; ``environ`` is the environment that steps run in.

    Raises UsageError if it is not a working Python.
    """
    with asking(path, environ, cache, folder) as answer:
        return answer()


@contextlib.contextmanager
def asking(
    path: str, environ: Mapping[str, str], cache: str | None = None, folder: str | None = None
) -> Iterator[Callable[[], Interpreter]]:
    """Start asking the interpreter at ``path`` about itself; calling the returned function waits for the answer.

    Other work can be done meanwhile. The function raises UsageError if it is not a working Python. A program that is
    not a Python itself but starts one (the shims of pyenv and asdf) may start another one next time, depending on a
    file or a variable: it is asked every time, in ``folder`` (None: the current folder of this process).
    """
    variables = {name: value for name, value in environ.items() if name.startswith("PYTHON") or name in _CHOOSING}
    known: Any = files.read_sealed(cache) if cache else None
    files.seen.looks.pop(cache or "", None)  # it makes an answer faster, but does not change it
    is_same = isinstance(known, dict) and known.get("format") == _FORMAT  # not that of an earlier version
    is_same = is_same and (known.get("path"), known.get("variables")) == (path, variables)
    if is_same and _is_itself(path, known) and _looks(path, known) == known["looks"]:
        yield lambda: _interpreter(known)
        return
    with _started(path, environ, folder) as child:

        @functools.cache
        def answer() -> Interpreter:
            fresh = _answer(path, child)
            kept = {**fresh, "path": path, "variables": variables, "looks": _looks(path, fresh)}
            files.seen.lasting &= _is_itself(path, fresh)
            if cache and os.path.isdir(os.path.dirname(cache)):
                with contextlib.suppress(OSError):
                    files.write_sealed(cache, kept)
            return _interpreter(kept)

        yield answer


def _is_itself(path: str, answer: Mapping[str, Any]) -> bool:
    """Whether the program at ``path`` is the Python that answered."""
    return os.path.realpath(path) == os.path.realpath(str(answer["executable"]))


def _interpreter(known: Mapping[str, Any]) -> Interpreter:
    values = {each.name: known[each.name] for each in fields(Interpreter)}
    values |= {"standard": frozenset(known["standard"]), "folders": tuple(known["folders"])}
    values |= {
        "suffixes": tuple(known["suffixes"]),
        "looks": known["looks"] if _is_itself(known["path"], known) else {},
    }
    return Interpreter(**values)


def _looks(path: str, answer: Mapping[str, Any]) -> dict[str, list[int] | None]:
    """Return the metadata of everything that decides what a Python has installed, by path.

    The interpreter, the settings of its virtual environment, the folders on its path, the ``.pth`` files in them, and
    the lists of files that were built for it.
    """
    above = os.path.dirname(os.path.dirname(path))
    folders = answer["folders"]
    leading = [
        os.path.join(folder, name) for folder in folders for name in files.names(folder) if name.endswith(".pth")
    ]
    places = (path, os.path.join(above, "pyvenv.cfg"), *folders, *leading, *answer["records"])
    looks = {place: files.look(place) for place in places}
    return {place: list(look) if look else None for place, look in looks.items()}


@contextlib.contextmanager
def _started(path: str, environ: Mapping[str, str], folder: str | None) -> Iterator[subprocess.Popen[bytes]]:
    import subprocess  # only if the answer is not yet known

    try:
        child = subprocess.Popen(
            [path, "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            cwd=folder if folder and os.path.isdir(folder) else None,
        )
    except FileNotFoundError:
        raise UsageError(f"There is no Python interpreter at {path}. {_CURE}") from None
    except PermissionError:
        raise UsageError(f"{path} is not executable. {_CURE}") from None
    except OSError as error:
        if error.errno in _REFUSALS:
            raise
        raise UsageError(_no_python(path)) from None
    with child:
        try:
            yield child
        finally:
            child.kill()


def _answer(path: str, child: subprocess.Popen[bytes]) -> dict[str, Any]:
    import subprocess

    try:
        text, _ = child.communicate(timeout=60)
        answer = json.loads(text) if child.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError):
        answer = None
    if not isinstance(answer, dict):
        raise UsageError(_no_python(path))
    return answer


def _no_python(path: str) -> str:
    return f"{path} is not a working Python 3.8 or later. {_CURE}"
