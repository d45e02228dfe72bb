"""The words after the program of a step → `arguments`, and the `inputs` whose names do not follow from them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from aml_pipeline.azureml.v1.imported import inputs
from aml_pipeline.azureml.v1.imported.graph import Node
from aml_pipeline.azureml.v1.imported.naming import Naming
from aml_pipeline.azureml.v1.imported.notes import Notes
from aml_pipeline.core.plain import sequence
from aml_pipeline.pipeline.plan import ports, tokens
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Argument, Data, Literal, Output, Part
from aml_pipeline.pipeline.yaml import scalars

OPTION = re.compile(r"--?[A-Za-z][\w.-]*")
_CONSUMED = "AzureMLDataset", "AzureBlobReference"  # types of inputs that the SDK knows by name in a run
_DRAWN = re.compile(r"_[0-9a-f]{8}$")


def why_no_source(node: Node, naming: Naming, port: str) -> str:
    """Return why nothing is known of what an input reads."""
    source = node.sources.get(port)
    if source is None:
        return "nothing leads to it"
    if source.data is not None:
        return inputs.read_by(naming.found, node, port).why
    return f"no argument of step {naming.steps.get(source.node, source.node)} names its output {source.port}"


def written(node: Node, naming: Naming, words: Sequence[Part], notes: Notes) -> dict[str, Any]:
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
    return isinstance(word, Literal) and OPTION.fullmatch(word.text) is not None


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
    types = sequence(node.inputs.get(port, {}).get("DataTypeIdsList"))
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
