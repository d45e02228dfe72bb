"""The kind of a file that is used as a Python script but is not one."""

from __future__ import annotations

import re

NOTEBOOK, SHELL, R = "a Jupyter notebook", "a shell script", "an R script"
BINARY, WIDE = "a binary file", "a UTF-16 text file"
_SHEBANG = re.compile(rb"#![ \t]*(?:\S*/)?([\w.+-]+)(?:[ \t]+(?:-S[ \t]+)?([\w.+-]+))?")
_PROGRAMS = {
    **dict.fromkeys(("sh", "bash", "zsh", "dash", "ksh", "fish"), SHELL),
    "Rscript": R,
    "perl": "a Perl script",
    "ruby": "a Ruby script",
    "node": "a JavaScript file",
    "julia": "a Julia script",
}
_ENDINGS = {
    **dict.fromkeys(("sh", "bash", "zsh", "ksh"), SHELL),
    **dict.fromkeys(("bat", "cmd", "ps1"), "a Windows script"),
    **dict.fromkeys(("r", "rmd"), R),
    "ipynb": NOTEBOOK,
    "jl": "a Julia script",
    "js": "a JavaScript file",
    **dict.fromkeys(("yaml", "yml"), "a YAML file"),
    "json": "a JSON file",
    "pyc": "a compiled Python file",
    "exe": BINARY,
}


def other_kind(text: bytes, name: str, *, parses: bool) -> str | None:
    """Return the kind of a file that is certainly not Python; ``parses`` is whether Python could parse it."""
    start = text[:2000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{") and (b'"cells"' in text or b'"nbformat"' in text):
        return NOTEBOOK
    by_ending = _ENDINGS.get(name.rpartition(".")[2].lower() if "." in name else "")
    if parses or by_ending:
        return by_ending
    if b"\0" in text[:8000]:
        return WIDE if text.startswith((b"\xff\xfe", b"\xfe\xff")) else BINARY
    return _by_program(start) or ("an HTML page" if start.startswith((b"<!DOCTYPE", b"<html")) else None)


def _by_program(start: bytes) -> str | None:
    """Return the kind of a file by the program in its first line, which may start Python."""
    shebang = _SHEBANG.match(start)
    if shebang is None:
        return None
    return _PROGRAMS.get((shebang[2] or b"" if shebang[1] == b"env" else shebang[1]).decode())
