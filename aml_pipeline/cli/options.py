"""The command line as a table, and its parser: words → options, or an error in our own words.

Not argparse: options and operands can be mixed freely here, argparse's wording would leak, and importing it would
take most of the time of ``--help`` or of a run with nothing to do.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


class Option:
    """An option: its names, the name of its value (None: a flag), what it does; ``many``: it can be repeated.

    ``bare`` is its value where none is given; in a command with operands, one must then follow an equals sign.
    """

    __slots__ = ("bare", "choices", "default", "help", "many", "names", "value")

    def __init__(  # noqa: PLR0913 - what an option may have
        self,
        *names: str,
        value: str | None = None,
        help: str,  # noqa: A002 - the usual word
        many: bool = False,
        choices: tuple[str, ...] = (),
        default: str | None = None,
        bare: str | None = None,
    ) -> None:
        self.bare = bare
        self.names = names
        self.value = value
        self.help = help
        self.many = many
        self.choices = choices
        self.default = default

    @property
    def key(self) -> str:
        """The key of its value: the long name without leading dashes."""
        return self.names[-1].lstrip("-").replace("-", "_")


class Command:
    """A command: what it does, its operands (name, maximum number, meaning), its options and an example.

    ``function`` is the name of its module and function, if not that of the command, which Python may reserve.
    """

    __slots__ = ("example", "function", "name", "operands", "options", "summary")

    def __init__(
        self,
        name: str,
        summary: str,
        *options: Option,
        operands: tuple[str, int, str] | None = None,
        example: str,
        function: str = "",
    ) -> None:
        self.name = name
        self.function = function or name
        self.summary = summary
        self.options = options
        self.operands = operands
        self.example = example


class Options:
    """A parsed command line: ``operands`` in order, and option values by key.

    A command that finds nothing to do sets ``answer``: its output, valid until one of the files it read changes.
    """

    __slots__ = ("_values", "answer", "operands")

    def __init__(self, operands: list[str], values: Mapping[str, str | list[str] | bool | None]) -> None:
        self.answer: str | None = None
        self.operands = operands
        self._values = values

    def has(self, key: str) -> bool:
        """Whether the command has this option."""
        return key in self._values

    def flag(self, key: str) -> bool:
        """Whether the flag was given."""
        return bool(self._values[key])

    def text(self, key: str) -> str | None:
        """Return the value of an option, or its default."""
        value = self._values[key]
        return value if isinstance(value, str) else None

    def texts(self, key: str) -> list[str]:
        """Return the values of an option that can be repeated."""
        value = self._values[key]
        return value if isinstance(value, list) else []


def command_place(words: list[str], commands: Collection[str]) -> int:
    """Return the index of the command: the first word that is one and not the value of ``-f``, else the first word."""
    bare = [index for index, word in enumerate(words) if not word.startswith("-")]
    free = [index for index in bare if index == 0 or words[index - 1] not in {"-f", "--file"}]
    return next((index for index in free if words[index] in commands), (free or [0])[0])


def parse(command: Command, words: Sequence[str]) -> Options:
    """Return the options of ``command`` in ``words``. Raises UsageError."""
    known = {name: option for option in command.options for name in option.names}
    values: dict[str, str | list[str] | bool | None] = {
        option.key: [] if option.many else option.default if option.value else False for option in command.options
    }
    operands: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            operands += rest
            break
        if not word.startswith("-") or word == "-":
            _refuse_value(command, word, known)
            operands.append(word)
            continue
        name, equals, inline = word.partition("=")
        if name not in known and not word.startswith("--") and word[:2] in known:
            name, equals, inline = word[:2], "=", word[2:]
        option = known.get(name)
        if option is None:
            raise _unknown_option(command, name, inline if equals else rest[0] if rest else "", known)
        if option.value is None:
            if equals:
                raise _usage(f"{name} does not take a value.", f"Write {name} alone.", command)
            values[option.key] = True
            continue
        if not equals:
            inline = _next_value(option, name, rest, command)
        _store(values, option, name, inline, command)
    _check_operands(command, operands)
    return Options(operands, values)


def _next_value(option: Option, name: str, rest: list[str], command: Command) -> str:
    """Return the value of an option that has no equals sign: the next word, or the one it has without a value."""
    if option.bare is not None:
        if rest and command.operands is None and not rest[0].startswith("-"):
            return rest.pop(0)  # it cannot be anything else
        if rest and rest[0].isdecimal():
            raise _usage(f'The value "{rest[0]}" needs an equals sign.', f"Write {name}={rest[0]}.", command)
        return option.bare
    if not rest:
        cure = f"Choose from: {', '.join(option.choices)}." if option.choices else f"Write {name} {option.value}."
        if name == "-f" and any("--follow" in option.names for option in command.options):
            cure += " To follow, write --follow or -F."
        raise _usage(f"{name} needs a value.", cure, command)
    return rest.pop(0)


def _store(
    values: dict[str, str | list[str] | bool | None], option: Option, name: str, text: str, command: Command
) -> None:
    if option.choices and text not in option.choices:
        raise _usage(f'{name} does not accept "{text}".', f"Choose from: {', '.join(option.choices)}.", command)
    given = values[option.key]
    if isinstance(given, list):
        given.append(text)
    else:
        values[option.key] = text


def _refuse_value(command: Command, word: str, known: Mapping[str, Option]) -> None:
    """Refuse an operand that can only be the value of an option that was left out."""
    takes_any = command.operands is not None and command.operands[0] in {"FOLDER", "TEXT…"}
    if word.endswith((".yaml", ".yml")) and "-f" in known and not takes_any:
        cure = f"Write `aml-pipeline {command.name} -f {word}`."
        raise _usage(f'The pipeline file "{word}" needs -f.', cure, command)
    if "=" in word and "[" not in word.partition("=")[0] and "--param" in known:
        raise _usage(f'The parameter value "{word}" needs --param.', f"Write `--param {word}`.", command)


def _check_operands(command: Command, operands: list[str]) -> None:
    most = command.operands[1] if command.operands else 0
    if len(operands) > most:
        takes = f"takes {f'at most {most} {command.operands[0]}' if command.operands else 'no operands'}"
        raise _usage(f'Unexpected operand "{operands[most]}": `{command.name}` {takes}.', "Delete it.", command)


_CLOSE = 0.75  # similar enough to a known option to be a typo of it rather than a parameter


def _unknown_option(command: Command, name: str, value: str, known: Mapping[str, Option]) -> Exception:
    from aml_pipeline.core.problems import nearest, suggest

    cure = suggest(name, known, noun="option")
    if "--param" in known and name[2:3].isalpha() and value[:1] not in {"", "-"} and not nearest(name, known, _CLOSE):
        cure = f"To set a parameter, write `--param {name[2:].replace('-', '_')}={value}`."
    return _usage(f'Unknown option "{name}" of `{command.name}`.', cure, command)


def _usage(message: str, cure: str, command: Command) -> Exception:
    from aml_pipeline.core.errors import UsageError

    return UsageError(f"{message} {cure} See `aml-pipeline {command.name} --help`.")


def help_of(command: Command) -> str:
    """Return the help text of a command."""
    operands = f" [{command.operands[0]}]" if command.operands else ""
    lines = [f"aml-pipeline {command.name}{operands} [options]", "", f"  {command.summary}", ""]
    rows = [(command.operands[0], command.operands[2])] if command.operands else []
    for option in command.options:
        value = f" {option.value}" if option.value and option.bare is None else ""
        given = f"[={option.value}]" if command.operands else f" [{option.value}]"
        value = value if option.bare is None else given
        choices = f" ({', '.join(option.choices)})" if option.choices else ""
        rows.append((", ".join(option.names) + value, option.help + choices))
    rows.append(("-h, --help", "Show this help."))
    width = max(len(left) for left, _ in rows)
    lines += [f"  {left:<{width}}  {right}" for left, right in rows]
    return "\n".join([*lines, "", "Example:", f"  {command.example}"])
