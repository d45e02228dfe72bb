"""The command line of a step → `script`, `module` or `command`, `arguments`, and the `inputs` that have other names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any, TypeGuard

from aml_pipeline.azureml import shell_words
from aml_pipeline.azureml.v1.imported import inputs
from aml_pipeline.azureml.v1.imported.graph import Node
from aml_pipeline.azureml.v1.imported.naming import Naming
from aml_pipeline.azureml.v1.imported.notes import Notes, Unsayable
from aml_pipeline.core.masking import MASK, is_secret, without_secrets
from aml_pipeline.pipeline.plan import ports, tokens
from aml_pipeline.pipeline.plan.arguments import text_faults, word_faults
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Argument, Data, Literal, Output, Part
from aml_pipeline.pipeline.spec import names
from aml_pipeline.pipeline.yaml import scalars

_OPTION = re.compile(r"--?[A-Za-z][\w.-]*")
_SCRIPT = re.compile(r"(?!/)(?!(?:.*/)?\.\.?(?:/|$))[^\\;]+\.py")
INTO_THE_VAULT = "Put it into the key vault of the workspace, and write `VARIABLE: {secret: NAME}`."
CONSUMED = "AzureMLDataset", "AzureBlobReference"  # the types of inputs whose names a script can ask for


def started(node: Node, naming: Naming, notes: Notes) -> dict[str, Any]:
    """Return the keys of what a step runs. Raises Unsayable."""
    if not node.program:
        raise Unsayable("it has neither a script nor a command")
    words: list[Part] = [Literal(word.value) for word in node.program]
    for word, part in zip(node.words, naming.words(node), strict=True):
        if part is None:
            raise Unsayable(f"its argument {word.value} has no data: {why_no_source(node, naming, word.value)}")
        words.append(part)
    program, rest = _program(words, is_script="Script" in node.values)
    if "script" not in program:
        _refuse_for_shell(words)
    return {**program, **_arguments(node, naming, _safe(rest, notes), notes)}


def why_no_source(node: Node, naming: Naming, port: str) -> str:
    """Return why nothing is known of what an input reads."""
    source = node.sources.get(port)
    if source is None:
        return "nothing leads to it"
    if source.data is not None:
        return inputs.read_by(naming.found, node, port).why
    return f"no argument of step {naming.steps.get(source.node, source.node)} names its output {source.port}"


def _program(words: Sequence[Part], *, is_script: bool) -> tuple[dict[str, Any], list[Part]]:
    """Return the key of the program, and the words that are its arguments. Raises Unsayable."""
    first = [
        word.text for word in takewhile(lambda word: isinstance(word, Literal), words[:3]) if isinstance(word, Literal)
    ]
    if is_script or (len(first) > 1 and first[0] == "python" and _SCRIPT.fullmatch(first[1])):
        return {"script": first[1].replace("\\", "/")}, list(words[2:])
    if len(first) > 2 and first[:2] == ["python", "-m"] and re.fullmatch(names.MODULE_NAME, first[2]):  # noqa: PLR2004
        return {"module": first[2]}, list(words[3:])
    command = [word.text for word in takewhile(lambda word: not word.text.startswith("--"), _literals(words))]
    if "=" in command[0] or ("/" in command[0] and not command[0].startswith("/")):
        raise Unsayable(f'its command begins with "{command[0]}", which is no program; write `command: [bash, …]`')
    _refuse(word_faults(command, (), ""))
    return {"command": command}, list(words[len(command) :])


def _refuse_for_shell(words: Iterable[Part]) -> None:
    """Raise Unsayable for a text that a shell would change: SDK v1 does not quote those of commands."""
    for word in words:
        if isinstance(word, Literal) and not shell_words.is_plain(word.text):
            shown = without_secrets(word.text)
            raise Unsayable(f'"{shown}" is for a shell; write the line into a script, `command: [bash, run.sh]`')


def _literals(words: Iterable[Part]) -> Iterator[Literal]:
    """Yield the texts that the words begin with."""
    for word in words:
        if not isinstance(word, Literal):
            return
        yield word


def _refuse(faults: Iterable[Any]) -> None:
    for fault in faults:
        if fault.severity == "error":
            raise Unsayable(fault.message.rstrip("."))


def _safe(words: Sequence[Part], notes: Notes) -> list[Part]:
    """Return the words without secrets. Raises Unsayable for a text that the file refuses."""
    safe: list[Part] = []
    for at, word in enumerate(words):
        text = word.text if isinstance(word, Literal) else ""
        if tokens.is_expression(text):
            raise Unsayable(f'its argument "{text}" contains the beginning of an expression')
        _refuse(text_faults([(text, ())], ""))
        hidden = hide(words, at)
        if hidden != text:
            notes.lose(
                f"argument {hidden}", "It looks like a secret. Declare it under `secrets:`, and read the variable."
            )
        safe.append(Literal(hidden) if isinstance(word, Literal) else word)
    return safe


def hide(words: Sequence[Part], at: int) -> str:
    """Return the text of a word, with *** in place of a secret."""
    word, before = words[at], words[at - 1] if at else None
    text = word.text if isinstance(word, Literal) else ""
    if without_secrets(text) != text:
        return without_secrets(text)
    option = before.text if isinstance(before, Literal) and _OPTION.fullmatch(before.text) else ""
    return MASK if option and not _OPTION.fullmatch(text) and is_secret(option, text) else text


def _arguments(node: Node, naming: Naming, words: Sequence[Part], notes: Notes) -> dict[str, Any]:
    """Return `arguments`, and `inputs` for data that no argument names, or whose name in Azure ML is another."""
    grouped = tuple(_grouped(words))
    declared = _declared(node, naming, grouped, notes)
    own = {data: f"${{{{ inputs.{name} }}}}" for name, data in declared.items()}
    shown = [(argument.option, [_value(value, own) for value in argument.values]) for argument in grouped]
    keys: dict[str, Any] = {"arguments": _document(shown)} if shown else {}
    if declared:
        keys["inputs"] = {name: _expression(data) for name, data in declared.items()}
    return keys


def _grouped(words: Sequence[Part]) -> Iterator[Argument]:
    """Yield each option with the values after it, and the values before the first option alone."""
    option: str | None = None
    values: list[Part] = []
    for word in words:
        begins = _is_option(word)
        if begins or (isinstance(word, Literal) and word.text.startswith("--")):
            yield from [Argument(option, tuple(values))] if option else []
            option, values = (word.text if _is_option(word) else None), []
        if not begins:
            if option is None:
                yield Argument(None, (word,))
            values.append(word)
    yield from [Argument(option, tuple(values))] if option else []


def _is_option(word: Part) -> TypeGuard[Literal]:
    return isinstance(word, Literal) and _OPTION.fullmatch(word.text) is not None


def _declared(node: Node, naming: Naming, arguments: tuple[Argument, ...], notes: Notes) -> dict[str, Data]:
    """Return the data of a step that `inputs:` must name."""
    reads: dict[Data, str] = {}
    for port in sorted(node.sources, key=lambda port: not is_consumed(node, port)):
        token = naming.source(node, port)
        if token is None:
            notes.lose(f"input {port}", f"{_sentence(why_no_source(node, naming, port))}, and no argument names it.")
        elif token in reads and is_consumed(node, port):
            notes.lose(
                f"input {port}", f"It is the same data as the input {reads[token]}: ask for that one in the script."
            )
        elif token not in reads:
            reads[token] = port
    named = {part for argument in arguments for part in argument.parts}
    unnamed = tuple(token for token in reads if token not in named)
    outputs = (Output(name) for (known, _), name in naming.outputs.items() if known == node.id)
    derived = ports.names(_step(arguments, (*unnamed, *outputs)))
    declared = {}
    for token, port in reads.items():
        if token in unnamed or (is_consumed(node, port) and derived[token] != port):
            name = naming.names.give("input", port, scope=naming.steps[node.id])
            if name != port and is_consumed(node, port):
                notes.lose(f"input {port}", f"Its name is {name} now: change it where the script asks for it.")
            if name not in naming.taken(node):
                declared[name] = token
    return declared


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def is_consumed(node: Node, port: str) -> bool:
    """Whether a script can ask for an input by its name."""
    types = node.inputs.get(port, {}).get("DataTypeIdsList") or ()
    return any(kind in CONSUMED for kind in types)


def _step(arguments: tuple[Argument, ...], unnamed: tuple[Data | Output, ...]) -> Step:
    """Return a step of which nothing but its ports is of interest."""
    return Step(
        *("", "", None, "", arguments, {}, (), None, None, {}, None),
        allow_reuse=True,
        timeout=None,
        retries=0,
        unnamed=unnamed,
    )


def _expression(part: Part) -> str:
    return f"${{{{ {tokens.written(part)} }}}}"


def _value(part: Any, own: dict[Data, str]) -> object:  # noqa: ANN401 - a token of an argument
    if isinstance(part, Literal):
        resolved = scalars.resolve(part.text)
        return part.text if resolved is None or isinstance(resolved, bool) else resolved
    return own.get(part) or _expression(part)


def _document(arguments: Sequence[tuple[str | None, list[Any]]]) -> object:
    """Return `arguments`: a mapping if each word follows an option, and each option begins with -- and comes once."""
    options = [option for option, _ in arguments]
    if None not in options and len(set(options)) == len(options) and all(str(one).startswith("--") for one in options):
        return {option: _values(values) for option, values in arguments}
    items: list[Any] = []
    for option, values in arguments:
        items.append(values[0] if option is None else {option: _values(values)})
    return items


def _values(values: list[Any]) -> object:
    return True if not values else values[0] if len(values) == 1 else values
