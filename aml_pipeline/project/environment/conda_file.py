"""The text of a conda environment file → declared packages and mistakes, each with its line.

What conda accepts was read from its code, and is compared with it in tests: ``conda/env/env.py``,
``conda/models/match_spec.py`` and ``conda/models/version.py`` of conda 26.
"""

from __future__ import annotations

import re
from dataclasses import replace

from aml_pipeline.core.problems import Position, Problem, Severity, suggest
from aml_pipeline.pipeline.yaml.source import Document, Node, decode, parse
from aml_pipeline.project.environment import pip_file
from aml_pipeline.project.environment.dependencies import Declaration, Declared, Reader, logins, shown

_KEYS = ("name", "channels", "dependencies", "prefix", "variables")
_MOST_BYTES = 1 << 20

# Messages about pipeline files whose wording does not fit here.
_OWN_WORDS = {
    "empty-file": ("the file is empty.", "Declare packages: `dependencies:` with one `- name=version` per line."),
    "too-large": (f"the file is larger than {_MOST_BYTES:,} bytes.", "List only the packages that the steps import."),
    "two-documents": ("a second YAML document begins here.", "A file declares one environment: delete the `---`."),
}


def read(path: str, reader: Reader) -> Declaration:
    """Return the declarations of the project's file ``path``, with those of the files that its pip list includes."""
    raw = reader(path)
    if raw is None:
        return Declaration()
    text, fault = decode(raw)
    document = Document(None, [fault]) if fault else parse(text)
    declaration = Declaration(
        problems=[_in_words(problem, path) for problem in document.problems if problem.severity == "error"]
    )
    declaration.problems += logins(text, path)
    if document.root is not None:
        _File(path, reader, declaration).read(document.root)
    return declaration


def _in_words(problem: Problem, path: str) -> Problem:
    message, cure = _OWN_WORDS.get(problem.code, (problem.message, problem.cure))
    return replace(problem, code="conda-syntax", message=message, cure=cure, file=path)


class _File:
    """One conda file; what is found goes into ``declaration``."""

    def __init__(self, path: str, reader: Reader, declaration: Declaration) -> None:
        self._path = path
        self._reader = reader
        self._declaration = declaration

    def _tell(self, code: str, message: str, cure: str, position: Position, severity: Severity = "error") -> None:
        self._declaration.problems.append(
            Problem(code, message, cure, severity=severity, file=self._path, position=position)
        )

    def _fault(self, message: str, cure: str, position: Position) -> None:
        self._tell("conda-syntax", message, cure, position)

    def read(self, root: Node) -> None:
        if not isinstance(root.value, dict):
            cure = "Write `dependencies:` with one `- name=version` per line below it."
            self._fault("a conda file must be a mapping.", cure, root.position)
            return
        for key, position in root.keys.items():
            if key not in _KEYS:
                message = f'unknown key "{key}", which conda ignores.'
                self._tell("conda-key", message, suggest(key, _KEYS, noun="key"), position, "warning")
        self._list(root, "channels")
        entries = self._list(root, "dependencies")
        if "dependencies" not in root.value:
            cure = "Add `dependencies:` with one `- name=version` per line below it."
            self._fault("the file declares no dependencies.", cure, root.position)
        elif entries is not None:
            self._dependencies(entries)

    def _list(self, root: Node, key: str) -> list[Node] | None:
        node = root.children.get(key)
        if node is None:
            return None
        if isinstance(node.value, list):
            return list(node.children.values())
        self._fault(f"`{key}` must be a list.", f"Write one `- …` per line below `{key}:`.", node.position)
        return None

    def _dependencies(self, entries: list[Node]) -> None:
        pips = [entry for entry in entries if isinstance(entry.value, dict)]
        for entry in entries:
            if isinstance(entry.value, str):
                self._spec(entry)
            elif not isinstance(entry.value, dict):
                cure = "Write it as `- name=version`, for example `- numpy=1.26`."
                self._fault("a dependency must be a string.", cure, entry.position)
        named = {package.name for package in self._declaration.packages}
        for entry in pips:
            self._installer(entry, has_pip="pip" in named)

    def _installer(self, entry: Node, *, has_pip: bool) -> None:
        """Read a dependency that is a mapping: only ``pip:`` is allowed, the list of what pip installs."""
        for key, node in entry.children.items():
            position = entry.keys[str(key)]
            if key != "pip":
                version = node.value if isinstance(node.value, (str, int, float)) else "VERSION"
                cure = f"Write it as `- {key}={version}`; only `pip:` is followed by a list."
                self._fault(f'"{key}:" begins a mapping here, but a dependency must be a string.', cure, position)
                continue
            if node.value is not None and not isinstance(node.value, list):
                self._fault("`pip` must be a list.", "Write one `- …` per line below `pip:`.", node.position)
            elif node.value and not has_pip:
                message = "pip installs packages here but is not itself a dependency; conda adds it."
                self._tell("conda-pip", message, "Add `- pip` above this line.", position, "warning")
            for line in node.children.values() if isinstance(node.value, list) else ():
                self._pip_line(line)

    def _pip_line(self, line: Node) -> None:
        if isinstance(line.value, str):
            self._declaration.add(pip_file.read_line(line.value, self._path, line.position, self._reader))
        else:
            cure = "Write it as `- name==version`, for example `- numpy==1.26`."
            self._fault("a pip requirement must be a string.", cure, line.position)

    def _spec(self, entry: Node) -> None:
        text = str(entry.value)
        try:
            name, wanted, versions = _match_spec(text)
        except ValueError:
            self._fault(f'conda cannot read "{shown(text)}" as a package.', _cure(text), entry.position)
            return
        self._declaration.packages.append(
            Declared("conda", name.lower(), text, self._path, entry.position, versions, wanted)
        )


_PACKAGE_FILE = (".conda", ".tar.bz2")
_BRACKETS = re.compile(r".*(\[.*\])")
_BRACKETED_VERSION = re.compile(r"""\bversion=(["']?)([^'"]*?)\1(?:[, \]]|$)""")
_PARENTHESES = re.compile(r".*(\(.*\))")
_NAME_AND_REST = re.compile(r"([^ =<>!~]+)([><!=~ ].+)?")
_NAME = re.compile(r"[A-Za-z0-9._*-]+")
_VERSION_AND_BUILD = re.compile(r"(.+?[^><!,|]?)(?:(?<![=!|,<>~])[ =]([^-=,|<>~]+?))?$")
_RELATION = re.compile(r"(==|!=|<=|>=|~=|=|<|>)(?![=<>!~])(\S+)")
_PART = r"[0-9a-z*]+(?:[._][0-9a-z*]+)*"
_VERSION = re.compile(rf"(?:[0-9]+!)?(?:{_PART}_?|_)(?:\+{_PART})?")


def _match_spec(text: str) -> tuple[str, str, tuple[str, ...]]:
    """Return the name of a package, its version as written, and as specifiers of PEP 440.

    Raises ValueError for what conda refuses. The name is empty if the text is a file or a URL.
    """
    bare = text.partition("#")[0].partition(" if ")[0].strip()
    if bare.endswith((*_PACKAGE_FILE, "@")):
        return "", "", ()
    inner = ""
    for pattern in (_BRACKETS, _PARENTHESES):
        part = pattern.match(bare)
        if part:
            bare = bare.replace(part[1], "")
            inner = inner or part[1]
    parts = _NAME_AND_REST.match(bare.rsplit(":", 2)[-1])
    if parts is None or not _NAME.fullmatch(parts[1] or ""):
        raise ValueError(text)
    bracketed = _BRACKETED_VERSION.search(inner)
    written = bracketed[2] if bracketed else (parts[2] or "").strip()
    return parts[1], written, _specifiers(written) if written else ("",)


def _specifiers(written: str) -> tuple[str, ...]:
    """Return a conda version as PEP 440 specifiers, one for each alternative. Raises ValueError."""
    parts = _VERSION_AND_BUILD.search(written)
    version, build = (parts[1], parts[2]) if parts else (written, None)
    version = _plain(version.replace(" ", ""), has_build=build is not None)
    if version.startswith("^") and version.endswith("$"):
        return ()
    alternatives = [[_clause(clause) for clause in part.split(",")] for part in version.split("|")]
    specifiers = [",".join(clause for clause in part if clause) for part in alternatives if None not in part]
    return tuple(specifiers) if len(specifiers) == len(alternatives) else ()


def _plain(version: str, *, has_build: bool) -> str:
    """Return the meaning of a version that begins with =: ``=1.2`` any 1.2, ``==1.2`` and ``=1.2=build`` just that."""
    bare = version.lstrip("=")
    if version == bare or version in {"=", "=="}:
        return version
    if version.startswith("==") and not has_build:
        return bare
    if any(char in bare for char in "=,|"):
        return version
    return bare if has_build or bare.endswith("*") else f"{bare}*"


def _clause(text: str) -> str | None:
    """Return one conda comparison as PEP 440; None if that cannot express it. Raises ValueError."""
    if text == "*":
        return ""
    relation = _RELATION.fullmatch(text)
    operator, version = (relation[1], relation[2]) if relation else ("", text)
    starred = version.endswith(".*" if operator else "*")
    if (operator == "~=" and starred) or (not operator and text.startswith(("=", "<", ">", "!", "~"))):
        raise ValueError(text)
    if starred:
        version = version.removesuffix(".*") if operator else version.rstrip("*").removesuffix(".")
    if not operator and ("@" in version or "*" in version):
        return None
    if "_" not in version:
        version = version.replace("-", "_")
    if not _VERSION.fullmatch(version.lower()):
        raise ValueError(text)
    if not operator or operator == "=":
        return f"=={version}.*" if starred or operator else f"=={version}"
    return f"!={version}.*" if operator == "!=" and starred else f"{operator}{version}"


def _cure(text: str) -> str:
    """Return how to write what was meant."""
    marked = re.match(r"([\w.-]+)\s*;", text)
    if marked:
        return f"Write `- {marked[1]}`: conda does not support conditions after `;`. Or move the line below `pip:`."
    spec = re.match(r"([\w.-]+)\W+([0-9][0-9.]*)", text)
    example = f"{spec[1]}={spec[2].rstrip('.')}" if spec else "numpy=1.26"
    return f"Write it as NAME, NAME=VERSION or NAME>=VERSION, for example {example}."
