"""A line for bash → its words, if bash does nothing with it but split it; else it needs a shell.

Stricter than ``shlex``, which reads ``$HOME``, ``*.csv``, ``a;b`` and comments as plain words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

# What v2 replaces is marked in a line by characters that no text has: the number of what stands there, between them.
BEGIN, END = "\ue000", "\ue001"
MARK = re.compile(f"{BEGIN}(\\d+){END}")

# In double quotes, bash leaves a backslash before any other character.
_PIECES = re.compile(
    r"""(?P<space>[ \t]+|\\\n) | '(?P<single>[^']*)' | "(?P<double>(?:[^"\\$`]|\\[\s\S]|\$(?=[\s"]))*)"
    | \\(?P<escaped>.) | (?P<plain>[^|&;()<>$`\\"'*?\[\]{}~\s\#]+) | (?P<hash>\#)""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\([$`\"\\])|\\\n")
_ASSIGNMENT = re.compile(r"\w+\+?=.*", re.DOTALL)
# First words that no program has: reserved words, and builtins that change or ask the shell itself.
_OF_THE_SHELL = re.compile(
    r"[!{}.:]|\[\[|case|coproc|do|done|elif|else|esac|fi|for|function|if|in|select|then|time|until|while|alias|bg|bind"
    r"|break|builtin|caller|cd|command|compgen|complete|continue|declare|dirs|disown|enable|eval|exec|exit|export|fc|fg"
    r"|getopts|hash|help|history|jobs|let|local|logout|mapfile|popd|pushd|read|readarray|readonly|return|set|shift|shopt"
    r"|source|suspend|times|trap|type|typeset|ulimit|umask|unalias|unset|wait"
)
# What bash leaves as it is where a value is pasted, by the kind of piece.
_INERT = {"plain": re.compile(r"[\w@%+=:,./-]+"), "single": re.compile(r"[^']*"), "double": re.compile(r'[^"\\$`]*')}


def words(line: str, values: Mapping[int, str] = MappingProxyType({})) -> list[str] | None:
    """Return the words of ``line``; None if a shell must read it, or if its first word is no program.

    ``values`` are those that are pasted at the marks, by number, if they are known.
    """
    found: list[str] = []
    is_open = False  # whether the last word goes on
    for kind, text in _pieces(line):
        if kind == "space":
            is_open = is_open and text == ""
            continue
        if kind == "" or (kind == "hash" and not is_open) or not _is_inert(kind, text, values):
            return None
        if not is_open:
            found.append("")
        found[-1] += text
        is_open = True
        if kind == "plain" and len(found) == 1 and _ASSIGNMENT.fullmatch(found[0]):
            return None
    return found if found and not _OF_THE_SHELL.fullmatch(found[0]) else None


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """Yield the kind of each piece of ``line``, "" for what a shell must read, and what bash makes of it."""
    at = 0
    while at < len(line):
        match = _PIECES.match(line, at)
        if match is None:
            yield "", line[at:]
            return
        kind, text = str(match.lastgroup), match[match.lastgroup or 0]
        if kind == "double":
            text = _ESCAPED.sub(r"\1", text)
        yield kind, "" if (kind, text) == ("space", "\\\n") else text
        at = match.end()


def _is_inert(kind: str, text: str, values: Mapping[int, str]) -> bool:
    marks = (int(mark[1]) for mark in MARK.finditer(text))
    return all(number not in values or _INERT[kind].fullmatch(values[number]) for number in marks)
