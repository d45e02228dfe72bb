"""The command line of a step → `script`, `module` or `command`, `arguments`, and the `inputs` that have other names."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_CONSUMED = "AzureMLDataset", "AzureBlobReference"  # types of inputs that the SDK knows by name in a run
_DRAWN = re.compile(r"_[0-9a-f]{8}$")


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
    """Return `arguments`, and `inputs` for data that no argument names, or whose name in Azure ML is another.

    The words are grouped so that as many inputs as possible have their names from options.
    """
    reads = _reads(node, naming, notes)
    choices = (tuple(_grouped(words)), tuple(_grouped(words, most=1)))
    grouped = min(choices, key=lambda one: len(_other_names(node, naming, reads, one)))
    declared = _declared(node, naming, reads, grouped, notes)
    own = {data: f"${{{{ inputs.{name} }}}}" for name, data in declared.items()}
    shown = [(argument.option, [_value(value, own) for value in argument.values]) for argument in grouped]
    keys: dict[str, Any] = {"arguments": _document(shown)} if shown else {}
    if declared:
        keys["inputs"] = {name: _expression(data) for name, data in declared.items()}
    return keys


def _grouped(words: Sequence[Part], most: int = sys.maxsize) -> Iterator[Argument]:
    """Yield each option with the values after it, at most ``most``, and each other value alone."""
    option: str | None = None
    values: list[Part] = []
    for word in words:
        begins = _is_option(word)
        if begins or len(values) == most or (isinstance(word, Literal) and word.text.startswith("--")):
            yield from [Argument(option, tuple(values))] if option else []
            option, values = (word.text if _is_option(word) else None), []
        if not begins and option is None:
            yield Argument(None, (word,))
        elif not begins:
            values.append(word)
    yield from [Argument(option, tuple(values))] if option else []


def _is_option(word: Part) -> TypeGuard[Literal]:
    return isinstance(word, Literal) and _OPTION.fullmatch(word.text) is not None


def _reads(node: Node, naming: Naming, notes: Notes) -> dict[Data, str]:
    """Return what a step reads, with the port of each; a port by whose name a script may ask comes first."""
    reads: dict[Data, str] = {}
    for port in sorted(node.sources, key=lambda port: not is_asked(node, port)):
        token = naming.source(node, port)
        if token is None:
            notes.lose(f"input {port}", f"{_sentence(why_no_source(node, naming, port))}, and no argument names it.")
        elif token not in reads:
            reads[token] = port
        elif is_asked(node, port):
            cure = f"It is the same data as the input {reads[token]}: ask for that one in the script."
            notes.lose(f"input {port}", cure)
    return reads


def _unnamed(reads: Mapping[Data, str], arguments: Iterable[Argument]) -> tuple[Data, ...]:
    named = {part for argument in arguments for part in argument.parts}
    return tuple(token for token in reads if token not in named)


def _other_names(
    node: Node, naming: Naming, reads: Mapping[Data, str], arguments: tuple[Argument, ...]
) -> dict[Data, str]:
    """Return the inputs whose names in Azure ML would change, with their ports."""
    outputs = (Output(name) for (known, _), name in naming.outputs.items() if known == node.id)
    derived = ports.names(_step(arguments, (*_unnamed(reads, arguments), *outputs)))
    return {token: port for token, port in reads.items() if derived[token] != port}


def _declared(
    node: Node, naming: Naming, reads: Mapping[Data, str], arguments: tuple[Argument, ...], notes: Notes
) -> dict[str, Data]:
    """Return the data of a step that `inputs:` must name."""
    others, unnamed = _other_names(node, naming, reads, arguments), _unnamed(reads, arguments)
    declared: dict[str, Data] = {}
    for token, port in reads.items():
        if token in unnamed or (token in others and is_asked(node, port)):
            name = naming.input(node, port)
            if name != port and is_asked(node, port):
                notes.lose(f"input {port}", f"Its name is {name} now: change it where the script asks for it.")
            declared[name] = token
    return declared


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def is_asked(node: Node, port: str) -> bool:
    """Whether a script can ask for an input by its name, if the SDK has not drawn it."""
    types = node.inputs.get(port, {}).get("DataTypeIdsList") or ()
    is_path = node.sources[port].data is not None and not _DRAWN.search(port)
    return is_path or any(kind in _CONSUMED for kind in types)


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
