"""The text of a pip requirements file → declared packages and mistakes, each with its line.

Lines are joined, stripped of comments and split into requirement and options as pip does it
(``pip/_internal/req/req_file.py`` of pip 26.3), and a requirement is what the ``packaging`` library takes.
"""

from __future__ import annotations

import codecs
import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aml_pipeline.core.problems import Position, Problem, suggest
from aml_pipeline.project.environment.dependencies import (
    MOST_BYTES,
    Declaration,
    Declared,
    Foreign,
    Line,
    Reader,
    logins,
    normalized,
    shown,
)
from aml_pipeline.project.environment.wheels import WHEEL

_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_URL = re.compile(r"(?:https?|file|ftp|(?:git|hg|svn|bzr)(?:\+\w+)?):", re.IGNORECASE)
_EGG = re.compile(r"[#&]egg=([\w.-]+)")
_PLACE = re.compile(r"[\w./\\~+@% -]+(?:\[[^]]*\])?")
_ARCHIVE = re.compile(r".*\.(?:whl|zip|tar|tgz|tbz|txz|tlz|tar\.(?:gz|bz2|xz|lz|lzma))(?:\[.*\])?", re.IGNORECASE)

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_COMPARISONS = re.compile(r"[<>=!~][^;]*")

# The options that a line may have, and whether they take a value; the last two are of older pips.
_SHORT = {"i": "index-url", "c": "constraint", "r": "requirement", "e": "editable", "f": "find-links",
          "C": "config-settings"}  # fmt: skip
_OPTIONS = {
    **dict.fromkeys(_SHORT.values(), True),
    **dict.fromkeys(("no-index", "prefer-binary", "require-hashes", "no-require-hashes", "pre"), False),
    **dict.fromkeys(("pypi-url", "extra-index-url", "no-binary", "only-binary", "all-releases", "only-final"), True),
    **dict.fromkeys(("trusted-host", "use-feature", "hash", "global-option", "install-option"), True),
}
# Options that make a line a package or the inclusion of another file, in pip's order.
_TAKEN = ("editable", "requirement", "constraint")
# Options whose values are URLs or paths of packages.
_PLACES = frozenset({"find-links", "index-url", "pypi-url", "extra-index-url"})


def read(path: str, reader: Reader) -> Declaration:
    """Return the declarations of the project's file ``path``, with those of the files that it includes, each once.

    This is the only reader: checks, the digest of an environment and the files sent to Azure ML all use its ``lines``.
    """
    return _file(path, reader, {posixpath.normpath(path)})


def read_line(text: str, path: str, position: Position, reader: Reader) -> Declaration:
    """Return the declaration of a line at ``position`` of the file ``path``, which is of another kind."""
    return _Line(text, path, position, reader, set()).read()


def _file(path: str, reader: Reader, seen: set[str]) -> Declaration:
    raw = reader(path) or b""
    if len(raw) > MOST_BYTES:
        message, cure = (
            f"the file is larger than {MOST_BYTES:,} bytes.",
            "List only the packages that the steps import.",
        )
        return Declaration(problems=[Problem("pip-syntax", message, cure, file=path, position=Position(1, 1))])
    # UTF-16 is what a redirected ``pip freeze`` writes in Windows PowerShell.
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    content = raw.decode("utf-16" if wide else "utf-8-sig", "replace")
    declaration = Declaration(problems=logins(content, path))
    for text, position in _lines(content):
        declaration.add(_Line(text, path, position, reader, seen).read())
    return declaration


def _lines(text: str) -> Iterator[tuple[str, Position]]:
    """Yield each line that pip sees, continuations joined, with its beginning."""
    parts: list[str] = []
    begun = Position(1, 1)
    for number, line in enumerate(text.splitlines(), 1):
        if not parts:
            bare = line.strip()
            begun = Position(number, len(line) - len(line.lstrip()) + 1, max(1, len(bare)))
        comment = _COMMENT.match(line)
        if line.endswith("\\") and not comment:
            parts.append(line.strip("\\"))
            continue
        yield "".join([*parts, f" {line}" if comment else line]), begun
        parts.clear()
    if parts:
        yield "".join(parts), begun


class _Line:
    """One line as pip sees it."""

    def __init__(self, text: str, path: str, position: Position, reader: Reader, seen: set[str]) -> None:
        self._text = _COMMENT.sub("", text).strip()
        self._path = path
        self._position = position
        self._reader = reader
        self._seen = seen
        self._declaration = Declaration()

    def read(self) -> Declaration:
        """Return what the line declares."""
        if not self._text:
            return self._declaration
        self._declaration.lines.append(Line(self._text, self._path, self._position))
        variable = _VARIABLE.search(self._text)
        if variable:
            self._note("variable", variable[0])
        words = self._text.split(" ")
        first = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
        requirement = " ".join(words[:first]).strip()
        if requirement:
            self._requirement(requirement)
        if first < len(words):
            options = self._options(" ".join(words[first:]))
            if not requirement:  # pip ignores the other options next to one of these
                self._take(options)
        return self._declaration

    def _note(self, foreign: Foreign, value: str) -> None:
        """Record that the line takes something from outside the project."""
        line = self._declaration.lines[0]
        self._declaration.lines[0] = replace(line, foreign=line.foreign or foreign, value=line.value or value)

    def _fault(self, message: str, cure: str, code: str = "pip-syntax") -> None:
        self._declaration.problems.append(Problem(code, message, cure, file=self._path, position=self._position))

    def _declare(self, name: str, versions: tuple[str, ...] = (), **about: Any) -> None:  # noqa: ANN401 - fields
        declared = Declared("pip", name, self._text, self._path, self._position, versions, **about)
        self._declaration.packages.append(declared)

    def _declare_place(self, place: str) -> None:
        """Declare the package at a URL or a path; the name of a wheel has its name and version."""
        wheel = WHEEL.fullmatch(place)
        if wheel:
            self._declare(wheel[1], (f"=={wheel[2]}",), wanted=f"=={wheel[2]}")
        else:
            self._declare(egg[1] if (egg := _EGG.search(place)) else "")
        if _is_here(place):
            self._note("path", place)

    def _requirement(self, text: str) -> None:
        if re.fullmatch(_NAME, text) and not _ARCHIVE.fullmatch(text):
            self._declare(text, ("",))  # as most lines of small files are; importing packaging takes 10 ms
        elif _VARIABLE.search(text):
            self._declare("")  # what pip will insert is unknown here
        elif _URL.match(text) or _is_path(text):
            self._declare_place(text)
        else:
            self._parsed(text)

    def _parsed(self, text: str) -> None:
        from packaging.requirements import Requirement

        try:
            requirement = Requirement(text.rstrip().removesuffix(";"))
        except (ValueError, SyntaxError):  # InvalidRequirement, or what packaging 25 let through: "numpy(y]!=)"
            self._fault(f'pip cannot read "{shown(text)}" as a requirement.', _cure(text))
            return
        written = _COMPARISONS.search(text)
        wanted = re.sub(r"[\s)]", "", written[0]) if written and requirement.specifier else ""
        extras = frozenset(map(normalized, requirement.extras))
        versions = () if requirement.url else (wanted,)
        if requirement.url and _is_here(requirement.url):
            self._note("path", requirement.url)
        self._declare(requirement.name, versions, wanted=wanted, marker=str(requirement.marker or ""), extras=extras)

    def _options(self, text: str) -> list[tuple[str, str]]:
        """Return the options of the line with their values, as far as they can be read."""
        import shlex

        try:
            words = shlex.split(text)
        except ValueError:
            self._fault("this line has an unclosed quote.", "Close it, or delete it.")
            return []
        options = []
        while words:
            word = words.pop(0)
            option = self._option(word, words) if word.startswith("-") else ("", "")
            if option is None:
                break
            options.append(option)
        return options

    def _option(self, word: str, rest: list[str]) -> tuple[str, str] | None:
        """Return an option and its value, which may be the next of ``rest``; None if it cannot be read."""
        name, equals, value = word[2:].partition("=")
        if not word.startswith("--"):
            name, equals, value = _SHORT.get(word[1:2], ""), word[2:], word[2:]
        full = _full_name(name)
        if full is None:
            known = [*(f"--{option}" for option in _OPTIONS), *(f"-{option}" for option in _SHORT)]
            self._fault(f'unknown pip option "{word.partition("=")[0]}".', suggest(word, known, noun="option"))
            return None
        if not _OPTIONS[full]:
            if equals and word.startswith("--"):
                self._fault(f"--{full} takes no value.", f"Write only --{full}.")
            return full, ""
        if not equals and not rest:
            self._fault(f"--{full} requires a value.", f"Write it as --{full} VALUE, or delete it.")
            return None
        return full, value if equals else rest.pop(0)

    def _take(self, options: list[tuple[str, str]]) -> None:
        """Read the options of a line; of several that name files or packages, pip uses one."""
        chosen = next((option for name in _TAKEN for option in options if option[0] == name), ("", ""))
        if chosen[0] == "editable":
            self._declare_place(chosen[1])
        elif chosen[0]:
            self._include(chosen[1], constraint=chosen[0] == "constraint")
        for option, value in options if chosen[0] in {"", "editable"} else ():
            if option in _PLACES and _is_here(value):
                self._note("path", value)

    def _include(self, value: str, *, constraint: bool) -> None:
        self._declaration.lines[0] = replace(self._declaration.lines[0], constraint=constraint)
        if _VARIABLE.search(value) or (_URL.match(value) and not value.lower().startswith("file:")):
            self._note("list", value)
            if not constraint:
                self._declare("")  # its content is unknown here
            return
        if _URL.match(value):
            self._note("path", value)
            return
        self._declaration.lines[0] = replace(self._declaration.lines[0], replaced=True)
        inner = posixpath.normpath(posixpath.join(posixpath.dirname(self._path), value))
        if inner in self._seen:
            return
        self._seen.add(inner)
        if self._reader(inner) is None:
            message = (
                f'"{value}", which this line includes, was not found relative to {posixpath.basename(self._path)}.'
            )
            self._fault(message, "Create it, or correct the path.", "missing-file")
            return
        self._declaration.add(_file(inner, self._reader, self._seen), constraint=constraint)


def _is_here(place: str) -> bool:
    """Whether a URL or path refers to a file or folder of this machine."""
    return bool(place) and (not _URL.match(place) or place.lower().startswith("file:"))


def _is_path(text: str) -> bool:
    """Whether pip looks for a file or folder; ``name @ place`` is a requirement with its location."""
    place = text.partition(";")[0].strip()
    if re.match(rf"{_NAME}\s*(?:\[[^]]*\])?\s*@", place) or not _PLACE.fullmatch(place):
        return False
    return "/" in place or place.startswith(".") or bool(_ARCHIVE.fullmatch(place))


def _full_name(name: str) -> str | None:
    """Return the option ``name``, or as pip does, the only option that begins with it."""
    begun = [option for option in _OPTIONS if option.startswith(name)] if name else []
    if name in _OPTIONS:
        return name
    return begun[0] if len(begun) == 1 else None


def _cure(text: str) -> str:
    """Return how to write what was meant."""
    conda = re.fullmatch(rf"({_NAME})\s*=\s*([\w.*+!-]+)(?:=\S*)?", text)
    if conda:
        return f'Write "{conda[1]}=={conda[2]}": a single = is conda syntax.'
    bare = re.fullmatch(rf"({_NAME})\s+v?([0-9][\w.*+!-]*)", text)
    if bare:
        return f'Write "{bare[1]}=={bare[2]}".'
    if re.search(r"[<>=~!][^,]*\s[<>=~!]", text):
        return "Separate the versions with a comma, for example numpy>=1.26,<3."
    return "Write NAME or NAME==VERSION, for example numpy==1.26."
