"""Tab: the words typed so far → the words that may stand at the cursor, from the table of commands.

The scripts for the shells, beside this module, ask ``aml-pipeline completion --words -- WORD…``; the last word is the
one that is completed. Each line of the answer is a word, perhaps a tab and what it means, or ``:files`` or ``:folders``
where the shell itself completes. Whatever goes wrong, the answer is shorter: a shell is no place for messages.
"""

from __future__ import annotations

from aml_pipeline.cli.completion.names import Names
from aml_pipeline.cli.options import command_place
from aml_pipeline.cli.table import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from aml_pipeline.cli.options import Command, Option

    Word = tuple[str, str]

FILES, FOLDERS = ":files", ":folders"
_GENERAL = (("--help", "Show this help."), ("--version", "Show the version."))

# What a value or an operand is, as the help calls it → how it is completed; other values are free text.
_KINDS: dict[str, Callable[[Names, str], Iterable[Word]]] = {
    "COLUMN": lambda names, _: names.columns(),
    "FILE": lambda *_: [(FILES, "")],
    "FOLDER": lambda *_: [(FOLDERS, "")],
    "PATH": lambda *_: [(FILES, "")],
    "RUN": lambda names, word: names.runs(word),
    "SCHEDULE": lambda names, _: names.schedules(),
    "SHELL": lambda *_: [(shell, "") for shell in ("bash", "zsh", "fish")],
    "STEP": lambda names, word: names.steps(word),
    "WORKSPACE": lambda *_: [(FILES, "")],
    "v1|v2": lambda *_: [("v1", "A published pipeline, or a run, of SDK v1."), ("v2", "The YAML of a pipeline job.")],
    # Options whose values are names of this pipeline, though others call theirs alike.
    "--profile": lambda names, _: names.profiles(),
    "--param": lambda names, word: names.parameters(word),
    "--data": lambda names, word: [(FILES, "")] if "=" in word else names.datasets(),
}


def answer(words: Sequence[str]) -> str:
    """Return the lines that a shell offers for the last of ``words``, which follow the name of the program."""
    *before, word = words or [""]
    lines = [
        f"{text}\t{' '.join(note.split())}" if note else text
        for text, note in _offered(before, word)
        if text.startswith((word, ":")) and text.isprintable()
    ]
    return "\n".join(lines)


def _offered(before: list[str], word: str) -> Iterable[Word]:
    if before[:1] == ["help"]:
        return _commands() if len(before) == 1 else []
    place = command_place(before, COMMANDS) if before else 0
    if before[-1:] in (["-f"], ["--file"]):
        return [(FILES, "")]
    if not before or before[place] not in COMMANDS:
        general = () if before else (("help", "Describe a command."), *_GENERAL)
        return [*_commands(), *general]
    command = COMMANDS[before.pop(place)]
    return _of_command(command, before, word)


def _commands() -> list[Word]:
    return [(command.name, command.summary) for command in COMMANDS.values()]


def _of_command(command: Command, before: list[str], word: str) -> Iterable[Word]:
    known = {name: option for option in command.options for name in option.names}
    given, operands, waiting = _read(known, before)
    names = Names(*((given.get(key) or [""])[-1] for key in ("file", "profile")))
    if waiting:
        return _values(waiting, names, word)
    name, equals, value = word.partition("=")
    if equals and name in known:
        found = _values(known[name], names, value)
        return [(text if text.startswith(":") else f"{name}={text}", note) for text, note in found]
    if word.startswith("-") or command.operands is None:
        return _options(command, given)
    return _operands(command, operands, names, word)


def _read(known: dict[str, Option], before: list[str]) -> tuple[dict[str, list[str]], list[str], Option | None]:
    """Return the options given so far, the operands, and the option whose value comes next."""
    given: dict[str, list[str]] = {}
    operands: list[str] = []
    waiting: Option | None = None
    for word in before:
        name, equals, value = word.partition("=")
        option = known.get(name)
        if waiting:
            given[waiting.key].append(word)
            waiting = None
        elif option:
            given.setdefault(option.key, []).extend([value] if equals else [])
            waiting = option if option.value and option.bare is None and not equals else None
        elif not word.startswith("-"):
            operands.append(word)
    return given, operands, waiting


def _values(option: Option, names: Names, word: str) -> Iterable[Word]:
    if option.choices:
        return [(choice, "") for choice in option.choices]
    kind = _KINDS.get(option.names[-1]) or _KINDS.get(option.value or "")
    return kind(names, word) if kind else []


def _options(command: Command, given: dict[str, list[str]]) -> Iterator[Word]:
    for option in command.options:
        if option.many or option.key not in given:
            yield option.names[-1], option.help
    yield _GENERAL[0]


def _operands(command: Command, operands: list[str], names: Names, word: str) -> Iterable[Word]:
    """Return what completes the next operand; the help names them in order, and the last of them may be repeated."""
    title, most, _ = command.operands or ("", 0, "")
    titles = [part.strip("[]…") for part in title.split()]
    if len(operands) >= most:
        return []
    kind = _KINDS.get("STEP" if title == "[RUN] STEP" else titles[min(len(operands), len(titles) - 1)])
    used = set(operands)
    return [row for row in kind(names, word) if row[0] not in used] if kind else []
