"""Words of a command line → options; every mistake is a UsageError in our words."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.cli.options import Command, Option, Options, help_of, parse
from aml_pipeline.cli.table import COMMANDS
from aml_pipeline.core.errors import UsageError

COMMAND = Command(
    "make",
    "Makes something.",
    Option("-f", "--file", value="FILE", help="The file.", default="pipeline.yaml"),
    Option("--param", value="NAME=VALUE", help="A value.", many=True),
    Option("--format", value="FORM", help="The form.", choices=("text", "json"), default="text"),
    Option("-n", "--dry-run", help="Only look."),
    Option("--until", value="STEP", help="The last."),
    operands=("STEP…", 2, "what to make"),
    example="aml-pipeline make -n",
)


def read(*words: str) -> dict[str, object]:
    """Return what was given beyond the defaults."""
    options = parse(COMMAND, words)
    found: dict[str, object] = {"operands": options.operands} if options.operands else {}
    if options.text("file") != "pipeline.yaml":
        found["file"] = options.text("file")
    if options.text("format") != "text":
        found["format"] = options.text("format")
    found |= {key: True for key in ("dry_run",) if options.flag(key)}
    found |= {"until": options.text("until")} if options.text("until") is not None else {}
    return found | ({"param": options.texts("param")} if options.texts("param") else {})


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("", {}),
        ("a", {"operands": ["a"]}),
        ("a b", {"operands": ["a", "b"]}),
        ("a -n b", {"operands": ["a", "b"], "dry_run": True}),  # options and names mix freely
        ("-f x", {"file": "x"}),
        ("-fx", {"file": "x"}),
        ("-f=x", {"file": "x"}),
        ("--file x", {"file": "x"}),
        ("--file=x", {"file": "x"}),
        ("-f x --file y", {"file": "y"}),  # the last counts
        ("--param a=b --param=c=d", {"param": ["a=b", "c=d"]}),
        ("--param= ", {"param": [""]}),
        ("--until=", {"until": ""}),
        ("--until -n", {"until": "-n"}),
        ("--format json", {"format": "json"}),
        ("-n -n", {"dry_run": True}),
        ("-- -n --file", {"operands": ["-n", "--file"]}),
        ("-- p.yaml a=b", {"operands": ["p.yaml", "a=b"]}),
        ("-", {"operands": ["-"]}),
    ],
)
def test_what_is_given(words: str, given: dict[str, object]) -> None:
    assert read(*words.split()) == given


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("a b c", 'Unexpected operand "c": `make` takes at most 2 STEP…. Delete it.'),
        ("--flie x", 'Unknown option "--flie" of `make`. Did you mean "--file"?'),
        ("-x", 'Unknown option "-x" of `make`. '),
        ("--dry_run", 'Did you mean "--dry-run"?'),
        ("--no=1", 'Unknown option "--no" of `make`. To set a parameter, write `--param no=1`.'),
        ("-n=1", "-n does not take a value. Write -n alone."),
        ("-nx", "-n does not take a value."),
        ("--dry-run=", "--dry-run does not take a value."),
        ("--file", "--file needs a value. Write --file FILE."),
        ("a -f", "-f needs a value. Write -f FILE."),
        ("--format xml", '--format does not accept "xml". Choose from: text, json.'),
        ("--format=", '--format does not accept "".'),
        ("--fil x", 'Did you mean "--file"?'),  # no abbreviations
        ("p.yaml", 'The pipeline file "p.yaml" needs -f. Write `aml-pipeline make -f p.yaml`.'),
        ("a x/p.yml", "`aml-pipeline make -f x/p.yml`"),
        ("epochs=5", 'The parameter value "epochs=5" needs --param. Write `--param epochs=5`.'),
        ("--param epochs=5 seed=3", "Write `--param seed=3`."),
        ("--epochs 5", 'Unknown option "--epochs" of `make`. To set a parameter, write `--param epochs=5`.'),
        ("--batch-size=4", "To set a parameter, write `--param batch_size=4`."),
        ("--untli 5", 'Did you mean "--until"?'),
        ("--epochs", 'Unknown option "--epochs" of `make`. Known: '),
        ("--epochs -n", 'Unknown option "--epochs" of `make`. Known: '),
        ("-x 5", 'Unknown option "-x" of `make`. Known: '),
    ],
)
def test_mistakes(words: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(COMMAND, words.split())
    assert message in str(raised.value)
    assert str(raised.value).endswith("See `aml-pipeline make --help`.")


def test_a_command_without_operands_takes_none() -> None:
    with pytest.raises(UsageError, match='Unexpected operand "x": `schema` takes no operands'):
        parse(Command("schema", "s", example="e"), ["x"])


def test_words_are_names_where_nothing_else_could_be_meant() -> None:
    assert parse(COMMANDS["export"], ["v2.yaml"]).operands == ["v2.yaml"]
    assert parse(COMMANDS["init"], ["a=b.yaml"]).operands == ["a=b.yaml"]
    assert parse(COMMANDS["runs"], ["--note", "r1", "see b.yaml"]).operands == ["see b.yaml"]
    with pytest.raises(UsageError, match=r'Unknown option "--epochs" of `runs`\. Known: '):
        parse(COMMANDS["runs"], ["--epochs", "5"])


def test_two_parses_share_nothing() -> None:
    first = parse(COMMAND, ["--param", "a=b"])
    assert parse(COMMAND, ["--param", "c=d"]).texts("param") == ["c=d"]
    assert first.texts("param") == ["a=b"]


def test_an_option_that_the_command_does_not_know() -> None:
    options = parse(COMMAND, [])
    assert options.has("dry_run")
    assert not options.has("jobs")
    with pytest.raises(KeyError):
        options.flag("jobs")


WORD = st.one_of(
    st.text(max_size=6),
    st.sampled_from(sorted({name for command in COMMANDS.values() for one in command.options for name in one.names})),
    st.sampled_from(["--", "-", "--=", "-=", "=", "--file=x", "a=b", "\udcff", "-é", "\0", "-\n"]),
)


@given(st.sampled_from([*COMMANDS.values(), COMMAND]), st.lists(WORD, max_size=6))
def test_no_words_raise_anything_but_a_usage_error(command: Command, words: list[str]) -> None:
    before = list(words)
    with contextlib.suppress(UsageError):
        options = parse(command, words)
        assert isinstance(options, Options)
        assert set(options.operands) <= set(words)
    assert words == before


@given(
    st.lists(st.text(min_size=1, max_size=5), max_size=2),
    st.text(max_size=5),
    st.lists(st.text(max_size=5), max_size=3),
)
def test_what_was_written_is_what_is_read(operands: list[str], file: str, values: list[str]) -> None:
    words = [f"--file={file}", *(word for value in values for word in ("--param", value)), "--", *operands]
    options = parse(COMMAND, words)
    assert (options.operands, options.text("file"), options.texts("param")) == (operands, file, values)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_the_table_of_commands_is_sound(command: Command) -> None:
    keys = [option.key for option in command.options]
    names = [name for option in command.options for name in option.names]
    assert len(set(keys)) == len(keys)
    assert len(set(names)) == len(names)
    for option in command.options:
        assert option.names[-1].startswith("--")
        assert all(name.startswith("-") and " " not in name and "=" not in name for name in option.names)
        assert option.help.endswith(".")
        assert option.value or not (option.many or option.choices or option.default)
        assert option.default is None or not option.choices or option.default in option.choices


def test_the_help_of_a_command() -> None:
    assert help_of(COMMAND) == (
        "aml-pipeline make [STEP…] [options]\n"
        "\n"
        "  Makes something.\n"
        "\n"
        "  STEP…               what to make\n"
        "  -f, --file FILE     The file.\n"
        "  --param NAME=VALUE  A value.\n"
        "  --format FORM       The form. (text, json)\n"
        "  -n, --dry-run       Only look.\n"
        "  --until STEP        The last.\n"
        "  -h, --help          Show this help.\n"
        "\n"
        "Example:\n"
        "  aml-pipeline make -n"
    )
