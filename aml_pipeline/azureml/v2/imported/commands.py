"""The command of a v2 job → what a step of pipeline.yaml runs, with its arguments.

The inverse of ``v2/export/command.py``. A line that needs a shell becomes ``bash -c LINE``, which means the same; so
does one in which v2 pastes a value that bash would split or expand.
"""

from __future__ import annotations

import itertools
import os
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from aml_pipeline.azureml.v2.imported import shell
from aml_pipeline.azureml.v2.imported.unsayable import Unsayable
from aml_pipeline.core.numbers import FLOAT
from aml_pipeline.core.secrets import by_variable, in_text
from aml_pipeline.pipeline.plan.ports import ORDER
from aml_pipeline.pipeline.plan.tokens import is_expression, pieces
from aml_pipeline.pipeline.spec import names
from aml_pipeline.pipeline.yaml import scalars

Expression = Callable[[str, str], str | None]
# What an export writes around a command: the root of the code on the module search path, and the output that sets the
# order of steps.
_FROM_ROOT = 'PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" '
_DONE = re.compile(rf" && echo done > '\$\{{\{{outputs\.({ORDER})\}}\}}'/done$")
_EXPRESSION = re.compile(r"\$\{\{\s*(inputs|outputs)\.([\w.-]+?)\s*\}\}")
_ANY = re.compile(r"\$\{\{.*?(?:\}\}|$)", re.DOTALL)
_GROUP = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
# Programs whose first word that is no option is what they run.
_INTERPRETERS = frozenset({"python", "python3", "bash", "sh", "Rscript"})


@dataclass(frozen=True, slots=True)
class Started:
    """What a step runs, as ``keys`` of pipeline.yaml: ``script``, ``module`` or ``command``, and ``arguments``.

    ``marker`` is an output that only makes other steps come later, as an export writes it; "" if there is none.
    """

    keys: Mapping[str, Any]
    marker: str = ""


def started(
    command: str, code: str | None, expression: Expression, values: Mapping[str, str] = MappingProxyType({})
) -> Started:
    """Return what ``command`` runs in the folder ``code``. Raises Unsayable.

    ``expression("inputs", "x")`` returns the text of pipeline.yaml for ``${{inputs.x}}``: an expression, the value of
    an input that is plain text, or None for an optional input without a value. ``values`` has what v2 pastes for the
    expressions that are parameters.
    """
    command = command.strip()
    marker = _DONE.search(command)
    line, bound = _bound(command[: marker.start()] if marker else command, expression)
    if line_has_secret(line):
        raise Unsayable(_HIDDEN)
    pasted = {number: values[text] for number, text in enumerate(bound) if text in values}
    return Started(_keys(line, bound, code, pasted), marker[1] if marker else "")


_HIDDEN = (
    "its command contains what looks like a secret. Put it into the key vault of the workspace, and let the script "
    "read it from an environment variable."
)


def line_has_secret(line: str) -> bool:
    """Whether a word looks like a secret, alone or by the option or the name before it."""
    words = [word.strip("'\"") for word in line.split()]
    assigned = [(name, value) for name, equals, value in (word.partition("=") for word in words) if equals]
    named = [*assigned, *itertools.pairwise(words)]
    return bool(in_text(line.encode())) or any(
        by_variable(name.lstrip("-"), value) for name, value in named if not value.startswith(("-", shell.BEGIN))
    )


def _bound(command: str, expression: Expression) -> tuple[str, list[str]]:
    """Return ``command`` with a mark for each expression of pipeline.yaml, and these."""
    bound: list[str] = []

    def mark(piece: str) -> str:
        if not is_expression(piece):
            return piece
        bound.append(piece)
        return f"{shell.BEGIN}{len(bound) - 1}{shell.END}"

    def paste(match: re.Match[str]) -> str:
        text = expression(match[1], match[2])
        if text is None:
            raise Unsayable(f"its command reads {match[0]}, which is optional and has no value. Give it one.")
        return "".join(map(mark, pieces(text)))

    def group(match: re.Match[str]) -> str:
        is_given = all(expression(kind, name) is not None for kind, name in _EXPRESSION.findall(match[1]))
        return match[1] if is_given else ""

    line = _EXPRESSION.sub(paste, _GROUP.sub(group, command)).strip()
    unknown = _ANY.search(line)
    if unknown:
        raise Unsayable(f"its command has {unknown[0]}, which is neither an input nor an output.")
    if not line:
        raise Unsayable("its command is empty.")
    if len(shell.MARK.findall(line)) > len(bound):
        raise Unsayable("its command has the characters U+E000 and U+E001. Replace them.")
    return line, bound


def _keys(line: str, bound: Sequence[str], code: str | None, pasted: Mapping[int, str]) -> dict[str, Any]:
    """Return what runs ``line``, in which the values ``pasted`` are known by the numbers of their marks."""
    words = shell.words(line.removeprefix(_FROM_ROOT), pasted)
    program = _program(words, code, from_root=line.startswith(_FROM_ROOT)) if words else None
    if program is None or words is None:
        text = _filled(line, bound)
        return {"command": ["bash", "-c"], "arguments": [text]} if bound else {"command": ["bash", "-c", text]}
    keys, count = program
    arguments = _arguments([_filled(word, bound) for word in words[count:]])
    return {**keys, **({"arguments": arguments} if arguments else {})}


def _program(words: list[str], code: str | None, *, from_root: bool) -> tuple[dict[str, Any], int] | None:
    """Return what ``words`` run, and how many of them say it; None if pipeline.yaml needs a shell for it.

    A script in a subfolder gets the root of the code on its search path, so it is one only if the line says so.
    """
    if words[0] == "python" and len(words) > 1:
        in_subfolder = posixpath.dirname(words[1]) != ""
        if _is_file(code, words[1]) and in_subfolder == from_root:
            return {"script": words[1]}, 2
        if words[1] == "-m" and not from_root and any(_is_file(code, file) for file in _files(words[2:3])):
            return {"module": words[2]}, 3
    first = words[0]
    if from_root or "=" in first or shell.MARK.search(first) or ("/" in first and not first.startswith("/")):
        return None
    count = _length(words, code)
    return {"command": words[:count]}, count


def _files(module: Sequence[str]) -> list[str]:
    """Return the files that can be a module."""
    named = [name.replace(".", "/") for name in module if re.fullmatch(names.MODULE_NAME, name)]
    return [file for name in named for file in (f"{name}.py", f"{name}/__main__.py")]


def _is_file(code: str | None, name: str) -> bool:
    """Whether ``name`` is a file of the code as pipeline.yaml names it."""
    is_plain = posixpath.normpath(name) == name and not name.startswith(("/", "..", "-"))
    return code is not None and is_plain and os.path.isfile(os.path.join(code, name))


def _length(words: Sequence[str], code: str | None) -> int:
    """Return how many words say what runs: up to the file of the code, else to the first option of the program."""
    literal = list(itertools.takewhile(lambda word: not shell.MARK.search(word), words))
    rest = list(enumerate(literal))[1:]
    file = next((at for at, word in rest if _is_file(code, posixpath.normpath(word))), None)
    option = next((at for at, word in rest if word.startswith("-")), len(literal))
    started = next((at for at, word in rest if not word.startswith("-")), len(literal) - 1)
    last = started if posixpath.basename(words[0]) in _INTERPRETERS else option - 1
    return 1 + (last if file is None else file)


def _filled(text: str, bound: Sequence[str]) -> str:
    """Return ``text`` with the expressions of pipeline.yaml in place of their marks."""
    filled = shell.MARK.sub(lambda mark: bound[int(mark[1])], text)
    if len(filled.split("${{")) - 1 > len(shell.MARK.findall(text)):
        raise Unsayable('its command has "${{" as a text, which pipeline.yaml reads as an expression. Change it.')
    return filled


def _arguments(words: Sequence[str]) -> dict[str, Any] | list[Any]:
    """Return words as ``arguments``: a mapping if all belong to options that come once, else a list."""
    rows: list[tuple[str | None, list[Any]]] = []
    for word in words:
        begins = _is_option(word)
        if begins and "=" not in word and not is_expression(word):
            rows.append((word, []))
        elif rows and rows[-1][0] is not None and not begins:
            rows[-1][1].append(_value(word))
        else:
            rows.append((None, [_value(word)]))
    options = Counter(option for option, _ in rows)
    if all(option is not None and options[option] == 1 for option, _ in rows):
        return {str(option): _one(values) if values else True for option, values in rows}
    return [_one(values) if option is None else {option: _one(values)} if values else option for option, values in rows]


def _one(values: list[Any]) -> Any:  # noqa: ANN401 - a value of YAML
    return values[0] if len(values) == 1 else values


def _is_option(word: str) -> bool:
    """Whether a word begins an option: a negative number does not."""
    return word.startswith("-") and word not in {"-", "--"} and not FLOAT.fullmatch(word)


def _value(word: str) -> Any:  # noqa: ANN401 - a value of YAML
    """Return a word as a number if YAML reads it so, else as the text."""
    value = scalars.resolve(word)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else word
