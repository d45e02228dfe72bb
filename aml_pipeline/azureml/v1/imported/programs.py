"""The command line of a step → `script`, `module` or `command`, and `arguments`, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from aml_pipeline.azureml import shell_words
from aml_pipeline.azureml.v1.imported import arguments
from aml_pipeline.azureml.v1.imported.graph import Node
from aml_pipeline.azureml.v1.imported.naming import Naming
from aml_pipeline.azureml.v1.imported.notes import INTO_THE_VAULT, Notes, Unsayable
from aml_pipeline.core.masking import MASK, is_secret, without_secrets
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.arguments import text_faults
from aml_pipeline.pipeline.plan.tokens import Literal, Part
from aml_pipeline.pipeline.spec import names

_SCRIPT = re.compile(r"(?!/)(?!(?:.*/)?\.\.?(?:/|$))[^\\;]+\.py")


def started(node: Node, naming: Naming, notes: Notes) -> dict[str, Any]:
    """Return the keys of what a step runs. Raises Unsayable."""
    if not node.program:
        raise Unsayable("it has neither a script nor a command")
    words: list[Part] = [Literal(word.value) for word in node.program]
    for word, part in zip(node.words, naming.words(node), strict=True):
        if part is None:
            raise Unsayable(
                f"its argument {word.value} has no data: {arguments.why_no_source(node, naming, word.value)}"
            )
        words.append(part)
    safe = _safe(words, notes)
    program, rest = _program(safe, is_script="Script" in node.values)
    if "Script" not in node.values:
        _refuse_for_shell(words, safe)
    return {**program, **arguments.written(node, naming, rest, notes)}


def _program(words: Sequence[Part], *, is_script: bool) -> tuple[dict[str, Any], list[Part]]:
    """Return the key of the program, and the words that are its arguments. Raises Unsayable."""
    first = [word.text for word in _literals(words[:3])]
    if is_script or (len(first) > 1 and first[0] == "python" and _SCRIPT.fullmatch(first[1])):
        return {"script": first[1].replace("\\", "/")}, list(words[2:])
    if len(first) > 2 and first[:2] == ["python", "-m"] and re.fullmatch(names.MODULE_NAME, first[2]):  # noqa: PLR2004
        return {"module": first[2]}, list(words[3:])
    command = [word.text for word in takewhile(lambda word: not word.text.startswith("--"), _literals(words))]
    if "=" in command[0] or ("/" in command[0] and not command[0].startswith("/")):
        raise Unsayable(f'its command begins with "{command[0]}", which is not a program; write `command: [bash, …]`')
    return {"command": command}, list(words[len(command) :])


def _literals(words: Iterable[Part]) -> Iterator[Literal]:
    """Yield the texts that the words begin with."""
    for word in words:
        if not isinstance(word, Literal):
            return
        yield word


def _refuse_for_shell(words: Iterable[Part], safe: Iterable[Part]) -> None:
    """Raise Unsayable for a text that a shell would change: SDK v1 does not quote those of commands."""
    for word, shown_word in zip(words, safe, strict=True):
        if isinstance(word, Literal) and not shell_words.is_plain(word.text):
            shown = without_secrets(shown_word.text if isinstance(shown_word, Literal) else "")
            raise Unsayable(f'"{shown}" is for a shell; write the line into a script, `command: [bash, run.sh]`')


def _safe(words: Sequence[Part], notes: Notes) -> list[Part]:
    """Return the words without secrets. Raises Unsayable for a text that the file refuses."""
    safe: list[Part] = []
    for at, word in enumerate(words):
        text = word.text if isinstance(word, Literal) else ""
        hidden = hide(words, at)
        if tokens.is_expression(hidden):
            raise Unsayable(f'its argument "{hidden}" contains the beginning of an expression')
        for fault in text_faults([(hidden, ())]):
            if fault.severity == "error":
                raise Unsayable(fault.message.rstrip("."))
        if hidden != text:
            notes.lose(f"argument {hidden}", f"It looks like a secret. {INTO_THE_VAULT}")
        safe.append(Literal(hidden) if isinstance(word, Literal) else word)
    return safe


def hide(words: Sequence[Part], at: int) -> str:
    """Return the text of a word, with *** in place of a secret."""
    word, before = words[at], words[at - 1] if at else None
    text = word.text if isinstance(word, Literal) else ""
    if without_secrets(text) != text:
        return without_secrets(text)
    option = before.text if isinstance(before, Literal) and arguments.OPTION.fullmatch(before.text) else ""
    return MASK if option and not arguments.OPTION.fullmatch(text) and is_secret(option, text) else text
