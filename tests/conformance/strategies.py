"""Pipelines by Hypothesis, each with what its steps must receive, known without reading the file.

They share few names, so that in one workspace many of them look much alike.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml
from hypothesis import strategies as st

from aml_pipeline.pipeline.spec.parameters import ParameterType

HEAD = {
    "name": "generated",
    "compute": "cpu-cluster",
    "environment": {"name": "training", "docker_image": "registry.example/training:1"},
}
DATASETS = {
    "images": {"local": "data", "registered": "images"},
    "table": {"local": "table.csv", "datastore": "results", "path": "raw"},  # a file, as what is here tells
    "rows": {"local": "rows.csv", "registered": "rows", "type": "table"},
    "sent": {"local": "sent", "upload": True},
    "gone": {"local": "nothing-here", "optional": True},
}
STEPS = ("first", "second", "third-step")
OUTPUTS = ("out", "model")
PARAMETERS = ("a", "b", "c")
OPTIONS = ("-l", "--l", "--set", "-", "--", "--a=b", "--é x", "-1")

# What somebody on the way might take for something else.
_PIECES = (
    *(
        ",",
        ";",
        " ",
        "'",
        '"',
        "$",
        "${",
        "%",
        "%(a)s",
        "{",
        "}",
        "\n",
        "\t",
        "\\",
        "\\n",
        "|",
        "&",
        "=",
        ":",
        "#",
        "*",
    ),
    *(
        "é",
        "日本",
        "😀",
        "~",
        "-",
        "--",
        "/",
        "a",
        "b",
        "64",
        "32",
        "012",
        "0.10",
        "1e-3",
        "true",
        "null",
        "None",
        "<<",
    ),
    *("parameter:", "DatasetOutputConfig:", "DatasetConsumptionConfig:", "$AZUREML_", "<output first.out>"),
)
_TAKEN = ("parameter:", "DatasetOutputConfig:", "DatasetConsumptionConfig:", "$AZUREML_", "<")
_PROCESSES_CAN_HAVE = st.characters(codec="utf-8", exclude_characters="\0")


def _is_free(text: str) -> bool:
    return not text.startswith(_TAKEN) and "${{" not in text


TEXTS = (
    st.sampled_from(("64", "32", "64,32", "a", "a,b", "", "-5", "0.10", "true", "é ü"))
    | st.lists(st.sampled_from(_PIECES) | st.text(_PROCESSES_CAN_HAVE, max_size=3), max_size=5).map("".join)
).filter(_is_free)
_VALUES: dict[ParameterType, st.SearchStrategy[str]] = {
    "string": TEXTS.filter(lambda text: bool(text.strip())),  # Azure ML cannot carry an empty one
    "integer": st.sampled_from(("0", "012", "-5", "+7", "0x1F", "1000000000000000000000")),
    "number": st.sampled_from(("0.10", "1e-3", "-.5", "3.", "2", "1E5")),
    "boolean": st.sampled_from(("true", "false")),
}


# What a step may run: all of them write down what they are called with.
SCRIPT: Mapping[str, Any] = {"script": "record.py"}
PROGRAMS: tuple[Mapping[str, Any], ...] = (
    {"module": "record"},
    {"module": "package.record"},
    {"command": ["python", "record.py"]},
    {"command": ["bash", "-e", "record.sh"]},
)
# What SDK v1 passes to a module or a command.
PLAIN = re.compile(r"[\w@%+=:,./-]+")

# Numbers as texts, which the dumper below writes plain.
DISTRIBUTIONS: tuple[Mapping[str, str], ...] = (
    {"type": "pytorch"},
    {"type": "pytorch", "nodes": "2", "processes_per_node": "2"},
    {"type": "mpi", "nodes": "3"},
    {"type": "mpi", "processes_per_node": "2"},
    {"type": "tensorflow", "nodes": "2"},
)


_KINDS = ("outputs", "steps", "parameters", "datasets", "inputs")
# Of inputs: one is also an option, none an output or a parameter.
NAMES = ("training", "l", "set_2")
# The axis of a matrix, and its values with what they are in the name of a variant; some need a digest there.
AXIS, VALUES = "axis", {"1": "1", "0.10": "0p10", "1e-3": "1e-3-", "b": "b", "True": "true-"}
_AXIS = "<axis>"


@dataclass(frozen=True)
class Token:
    """One argument: the scalar in the file, and the text that is received; None when it takes its option with it."""

    written: str
    received: str | None


@dataclass(frozen=True)
class Argument:
    """An option with values, a flag (values are a boolean), or a positional value (no option)."""

    option: str | None
    values: tuple[Token, ...] | bool

    @property
    def words(self) -> list[Token]:
        """The tokens, one by one."""
        own = [] if self.option is None else [Token(self.option, self.option)]
        if isinstance(self.values, bool):
            return own if self.values else []
        return [] if any(one.received is None for one in self.values) else [*own, *self.values]


@dataclass(frozen=True)
class Step:
    """A step: its arguments as a mapping or as a list, the steps that it comes after, its processes, its inputs."""

    arguments: tuple[Argument, ...]
    after: tuple[str, ...]
    as_mapping: bool
    distribution: Mapping[str, str] | None = None
    program: Mapping[str, Any] = field(default_factory=lambda: SCRIPT)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # their settings
    inputs: Mapping[str, Token] = field(default_factory=dict)
    matrix: tuple[str, ...] = ()  # the values of its axis

    @property
    def words(self) -> list[Token]:
        """All tokens, without those that are left out."""
        return [word for one in self.arguments for word in one.words]

    def as_data(self) -> dict[str, Any]:
        """Return what stands in the file."""
        rows = [_row(one) for one in self.arguments]
        merged = {key: value for row in rows for key, value in row.items()} if self.as_mapping else rows
        own: dict[str, Any] = {"distribution": dict(self.distribution)} if self.distribution else {}
        own |= {"outputs": {name: dict(settings) for name, settings in self.outputs.items()}}
        own |= {"inputs": {name: token.written for name, token in self.inputs.items()}} if self.inputs else {}
        own |= {"matrix": {AXIS: list(self.matrix)}} if self.matrix else {}
        return {**self.program, **own, "after": list(self.after), "arguments": merged}


def _row(argument: Argument) -> Any:  # noqa: ANN401 - a piece of YAML
    if isinstance(argument.values, bool):
        return {argument.option: argument.values}
    texts = [one.written for one in argument.values]
    if argument.option is None:
        return texts[0]
    return {argument.option: texts[0] if len(texts) == 1 else texts}


@dataclass(frozen=True)
class Pipeline:
    """A pipeline, and the values that its caller gives to parameters."""

    steps: Mapping[str, Step]
    parameters: Mapping[str, Any]
    outputs: Mapping[str, str]
    given: Mapping[str, str]
    flow: bool | None

    @property
    def text(self) -> str:
        """The file."""
        data = {**HEAD, "datasets": DATASETS, "parameters": dict(self.parameters)}
        steps = {name: one.as_data() for name, one in self.steps.items()}
        return yaml.dump(
            {**data, "steps": steps, "outputs": dict(self.outputs)},
            Dumper=_Dumper,
            sort_keys=False,
            default_flow_style=self.flow,
            width=10**9,
        )

    def value(self, parameter: str) -> str:
        """Return the value that a parameter has in the run."""
        return _value_of(self.parameters, self.given, parameter)

    @property
    def received(self) -> dict[str, list[str]]:
        """What each step must receive, each variant of its own."""
        return {
            _variant(name, value): [
                text for word in step.words for text in self._texts(str(word.received), name, value)
            ]
            for name, step in self.steps.items()
            for value in step.matrix or (None,)
        }

    @property
    def after(self) -> dict[str, set[str]]:
        """The order edges."""
        return {
            _variant(name, value): {known for other in step.after for known in self._read(other, value)}
            for name, step in self.steps.items()
            for value in step.matrix or (None,)
        }

    def _texts(self, text: str, step: str, value: str | None) -> list[str]:
        """Return what a variant of ``step`` gets for a word: several texts if it names several variants of others."""
        if value is not None:
            text = text.replace(f"<output {step}.", f"<output {_variant(step, value)}.").replace(_AXIS, value)
        texts = [text]
        for other in (name for name, declared in self.steps.items() if declared.matrix and f"<input {name}." in text):
            texts = [
                text.replace(f"<input {other}.", f"<input {known}.")
                for text in texts
                for known in self._read(other, value)
            ]
        return texts

    def _read(self, other: str, value: str | None) -> list[str]:
        """Return the variants of ``other`` that one with this value reads."""
        values = self.steps[other].matrix
        return [_variant(other, own) for own in values or (None,) if not values or value in {None, own}]


def _variant(step: str, value: str | None) -> str:
    if value is None:
        return step
    digest = hashlib.sha256(json.dumps([step, [[AXIS, value]]]).encode()).hexdigest()[:6]
    return f"{step}-{VALUES[value]}{digest if VALUES[value].endswith('-') else ''}"


class _Dumper(yaml.SafeDumper):
    """Quotes only what YAML 1.2 would take for no text or number, so that plain scalars of all sorts stand there."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("true|True|TRUE|false|False|FALSE"), ["t", "T", "f", "F"]
)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("~|null|Null|NULL|"), ["~", "n", "N", ""])


def expression(of: str) -> str:
    """Return an expression as it stands in a file."""
    return f"${{{{ {of} }}}}"


@st.composite
def _parameters(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the declarations of parameters, and the values that the caller gives to some of them."""
    declared: dict[str, Any] = {}
    given: dict[str, str] = {}
    for name in PARAMETERS:
        kind = draw(st.sampled_from(tuple(_VALUES)))
        default = draw(_VALUES[kind])
        declared[name] = {"type": kind, "default": default == "true" if kind == "boolean" else default}
        if draw(st.booleans()):
            given[name] = draw(_VALUES[kind])
    return declared, given


def _value_of(declared: Mapping[str, Any], given: Mapping[str, str], name: str) -> str:
    default = declared[name]["default"]
    return given.get(name, str(default).lower() if isinstance(default, bool) else default)


def _texts_of(declared: Mapping[str, Any], given: Mapping[str, str], name: str) -> list[str]:
    """Return the default of a parameter and the value that it is given."""
    return [_value_of(declared, {}, name), _value_of(declared, given, name)]


def _sources(step: str, readable: Sequence[tuple[str, str]], parameters: Mapping[str, str]) -> list[Token]:
    """Return what the arguments of ``step`` may name."""
    return [
        *(Token(expression(f"outputs.{name}"), f"<output {step}.{name}>") for name in OUTPUTS),
        *(Token(expression(f"steps.{one}.outputs.{name}"), f"<input {one}.{name}>") for one, name in readable),
        *(Token(expression(f"parameters.{name}"), value) for name, value in parameters.items()),
        *(Token(expression(f"datasets.{name}"), f"<dataset {name}>") for name in DATASETS if name != "gone"),
        Token(expression("datasets.gone"), None),
    ]


@st.composite
def _inputs(draw: st.DrawFn, sources: Sequence[Token]) -> dict[str, Token]:
    """Return inputs of a step, each with a name: data that it reads even if no argument names it."""
    data = [token for token in sources if token.written.startswith(("${{ steps", "${{ datasets"))]
    chosen = draw(st.lists(st.sampled_from(data), max_size=len(NAMES), unique=True) | st.just([]))
    return dict(zip(draw(st.permutations(NAMES)), chosen, strict=False))


@st.composite
def _mixed(draw: st.DrawFn, sources: Sequence[Token], texts: st.SearchStrategy[str]) -> Token:
    """Return a text with one expression or two. Of the outputs only that which is filled, for it is given alone too."""
    usable = [token for token in sources if token.written != expression("outputs.model")]
    parts = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=2))
    something = draw(texts.filter(lambda text: bool(text.strip())))  # else it might be an expression alone
    every = [Token(something, something)]
    for part in parts:
        text = draw(texts)
        every += [part, Token(text, text)]
    if draw(st.booleans()):
        every.reverse()
    received = None if any(part.received is None for part in parts) else "".join(str(one.received) for one in every)
    return Token("".join(one.written for one in every), received)


def _arguments(
    sources: Sequence[Token], texts: st.SearchStrategy[str], *, as_mapping: bool, mixed: bool
) -> st.SearchStrategy[tuple[Argument, ...]]:
    # By kind, so that what there is least of is not the rarest.
    named_ones = [[one for one in sources if one.written.startswith(f"${{{{ {kind}")] for kind in _KINDS]
    more = [_mixed(sources, texts)] if mixed else []
    token = st.one_of(
        texts.map(lambda text: Token(text, text)), *(st.sampled_from(one) for one in named_ones if one), *more
    )
    values = st.lists(token, min_size=1, max_size=3).map(tuple)
    option = (st.sampled_from(OPTIONS) if texts is TEXTS else st.nothing()) | texts.map(lambda text: f"-{text}")
    named = st.builds(Argument, option, st.booleans() | values)
    if as_mapping:
        return st.lists(named, max_size=6, unique_by=lambda one: one.option).map(tuple)
    positional = st.builds(Argument, st.none(), st.tuples(token))
    return st.lists(named | positional, max_size=6).map(tuple)


def _written(step: str, arguments: Sequence[Argument]) -> list[tuple[str, str]]:
    """Return the outputs that ``arguments`` declare, even where they are left out."""
    tokens = [token for one in arguments if not isinstance(one.values, bool) for token in one.values]
    return [(step, name) for name in OUTPUTS if any(one.written == expression(f"outputs.{name}") for one in tokens)]


def _settings(step: str, name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Settings of an output: its place, how it gets there, and what it is registered as."""
    places: list[dict[str, Any]] = [{}, {"path": f"{step}/{name}/{{run}}"}]
    places += [
        {"path": f"{step}/{name}", "overwrite": True},
        {"datastore": "results", "path": f"{{run}}/{name}-{step}"},
    ]
    modes = [{}, {"mode": "upload"}, {"mode": "mount"}]
    model = f"{step}_{name}"
    as_what: list[dict[str, Any]] = [{}, {"register_as": model}]
    as_what += [{"model": {"name": model}}, {"model": {"name": model, "type": "mlflow"}}]
    parts = st.tuples(*map(st.sampled_from, (places, modes, as_what)))
    return parts.map(lambda drawn: {key: value for part in drawn for key, value in part.items()})


@st.composite
def pipelines(draw: st.DrawFn, *, mixed: bool = False) -> Pipeline:
    """A pipeline of two or three steps; ``mixed``: with expressions inside texts, which SDK v1 cannot say."""
    declared, given = draw(_parameters())
    values = {name: _value_of(declared, given, name) for name in PARAMETERS}
    plain = {name for name in PARAMETERS if all(map(PLAIN.fullmatch, _texts_of(declared, given, name)))}
    steps: dict[str, Step] = {}
    readable: list[tuple[str, str]] = []
    for name in draw(st.permutations(STEPS))[: draw(st.integers(2, len(STEPS)))]:
        as_mapping = draw(st.booleans())
        own = Argument("--output", (_sources(name, (), {})[0],))  # so that the next ones have something to read
        program = draw(st.sampled_from((SCRIPT, SCRIPT, *PROGRAMS)))
        texts = TEXTS if program is SCRIPT else TEXTS.filter(lambda text: bool(PLAIN.fullmatch(text)))
        usable = values if program is SCRIPT else {key: text for key, text in values.items() if key in plain}
        sources = _sources(name, readable, usable)
        inputs = draw(_inputs(sources))
        sources += [Token(expression(f"inputs.{known}"), token.received) for known, token in inputs.items()]
        texts_of_own = [Argument("--text", (draw(_mixed(sources, texts)),))] if mixed else []
        drawn = draw(_arguments(sources, texts, as_mapping=as_mapping, mixed=mixed))
        arguments = (own, *texts_of_own, *drawn)
        after = draw(st.lists(st.sampled_from(sorted(steps)), unique=True)) if steps else []
        distribution = draw(st.sampled_from((None, None, *DISTRIBUTIONS)))
        written = _written(name, arguments)
        settings = {own: draw(_settings(name, own)) for _, own in written if draw(st.booleans())}
        steps[name] = Step(arguments, tuple(after), as_mapping, distribution, program, settings, inputs)
        readable += written
    order = draw(st.permutations(list(steps)))
    results = draw(st.lists(st.sampled_from(sorted(readable)), unique=True))
    outputs = {f"result_{at}": expression(f"steps.{step}.outputs.{name}") for at, (step, name) in enumerate(results)}
    flow = draw(st.sampled_from((True, False, None)))
    return draw(_with_matrix(Pipeline({name: steps[name] for name in order}, declared, outputs, given, flow)))


@st.composite
def _with_matrix(draw: st.DrawFn, pipeline: Pipeline) -> Pipeline:
    """Return the pipeline with one matrix in some of its steps; not where that would be an error.

    A named input is a single output, and so is one of the pipeline; a text cannot name variants of two steps. Some
    texts look like the output of the first step.
    """
    named = {token.written for step in pipeline.steps.values() for token in step.inputs.values()}
    texts = {word.written for step in pipeline.steps.values() for word in step.words if word.written not in named}
    mixed = [text for text in texts if "${{ steps." in text and not re.fullmatch(r"\$\{\{[^{}]*\}\}", text)]
    free = [
        name
        for name in sorted(pipeline.steps.keys() - {"first"})
        if not any(f"steps.{name}." in text for text in (*named, *mixed))
    ]
    chosen = draw(st.lists(st.sampled_from(free), unique=True, max_size=2)) if free else []
    values = tuple(draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, min_size=2, max_size=3)))
    value = Argument("--axis", (Token(expression(f"matrix.{AXIS}"), _AXIS),))
    steps = {
        name: replace(step, matrix=values, outputs={}, arguments=(*step.arguments, value)) if name in chosen else step
        for name, step in pipeline.steps.items()
    }
    outputs = {
        key: text for key, text in pipeline.outputs.items() if not any(f"steps.{name}." in text for name in chosen)
    }
    return replace(pipeline, steps=steps, outputs=outputs)


@st.composite
def siblings(draw: st.DrawFn) -> Pipeline:
    """A pipeline of which some steps differ only in literals, and so may share a component in v2; with limits."""
    one = draw(pipelines(mixed=True))
    name = draw(st.sampled_from(sorted(one.steps.keys() - {"first"})))  # some texts look like the output of that one
    texts = st.sampled_from(("64", "-5", "0.5", "0.10", "012", "a b", "it's", "true", "-x")) | TEXTS
    if one.steps[name].program is not SCRIPT:
        texts = texts.filter(lambda text: bool(PLAIN.fullmatch(text)))
    named = Argument("--value", (Token("1", "1"),))
    step = replace(one.steps[name], arguments=(*one.steps[name].arguments, named), outputs={})
    copies = {f"copy-{number}": _sibling(draw, step, name, number, texts) for number in range(draw(st.integers(1, 3)))}
    parameters = {known: {**declared, **draw(_limits(one, known))} for known, declared in one.parameters.items()}
    return replace(one, steps={**one.steps, name: step, **copies}, parameters=parameters)


def _limits(pipeline: Pipeline, name: str) -> st.SearchStrategy[dict[str, Any]]:
    """What a parameter says of its values, all of which it allows."""
    values = _texts_of(pipeline.parameters, pipeline.given, name)
    kinds: list[dict[str, Any]] = [{}, {"description": "What it is: # é"}]
    if pipeline.parameters[name]["type"] != "boolean":
        kinds.append({"choices": list(dict.fromkeys(values))})
    if pipeline.parameters[name]["type"] in {"integer", "number"}:
        kinds.append({"minimum": "-10.5", "maximum": "1e30"})
    return st.sampled_from(kinds)


def _sibling(draw: st.DrawFn, step: Step, name: str, number: int, texts: st.SearchStrategy[str]) -> Step:
    """Return ``step``, called ``name``, with other literals, as a step of its own."""

    def other(token: Token) -> Token:
        if "${{" not in token.written:
            text = draw(texts | st.just(token.written))
            return Token(text, text)
        own = f"<output copy-{number}."
        return replace(token, received=token.received and token.received.replace(f"<output {name}.", own))

    arguments = (
        argument if isinstance(argument.values, bool) else replace(argument, values=tuple(map(other, argument.values)))
        for argument in step.arguments
    )
    return replace(step, arguments=tuple(arguments))


@st.composite
def twins(draw: st.DrawFn) -> tuple[Pipeline, Pipeline]:
    """Two pipelines of which one has two literals where the other has a comma."""
    one = draw(pipelines())
    name = draw(st.sampled_from(sorted(one.steps)))
    step = one.steps[name]
    texts = TEXTS if step.program is SCRIPT else TEXTS.filter(lambda text: bool(PLAIN.fullmatch(text)))
    pair = [Token(text, text) for text in (draw(texts), draw(texts))]
    joined = f"{pair[0].written},{pair[1].written}"
    return _with(one, name, step, pair), _with(one, name, step, [Token(joined, joined)])


def _with(pipeline: Pipeline, name: str, step: Step, values: Sequence[Token]) -> Pipeline:
    """Return ``pipeline`` with one argument more in a step."""
    arguments = (*step.arguments, Argument("--last", tuple(values)))
    return replace(pipeline, steps={**pipeline.steps, name: replace(step, arguments=arguments)})
