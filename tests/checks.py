"""``docs/checks.md``: every code, what it means, an example, and what is printed of it.

``make checks`` (``python -m tests.checks``) writes that page and the ``.out`` files of ``tests/data/err`` anew;
``--check`` compares, as a test does. The words of a code stand here; its example is the case that is named after it,
its output is what that case prints now.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.corpus import ERR, ROOT, Case, cases, told

PAGE = ROOT / "docs" / "checks.md"

ENTRIES: dict[str, dict[str, str]] = {
    "YAML": {
        "bad-key": "A key is a plain word. Braces without quotes make a mapping of an expression: quote it.",
        "bad-merge": "`<<` merges mappings into this one. Give it an alias of a mapping, or a list of them.",
        "duplicate-key": "A mapping holds each key once; which of the two counts would be a guess. Delete one of them.",
        "empty-file": "There is nothing in the file. `aml-pipeline init` writes a first one into an empty folder.",
        "not-text": "A pipeline file is UTF-8 text without control characters. Save it so, or delete the character.",
        "too-deep": "Mappings and lists lie within each other deeper than any pipeline needs. Write the file flatter.",
        "too-large": "The file is larger than any pipeline needs. Keep data in files of its own, which a script reads.",
        "too-many-aliases": "Aliases of aliases make a small file huge. Write values out, or use fewer aliases.",
        "too-many-values": "The file holds more values than any pipeline needs. Keep data in files that a script "
        "reads.",
        "two-documents": "One file is one pipeline. Delete the `---`, or move what follows it into another file.",
        "unknown-alias": "An alias repeats a value that is marked above. Mark one with `&NAME`, or quote the text.",
        "unquoted-expression": "Inside `{}` and `[]`, YAML reads the braces of an expression as mappings. Quote it, "
        "or give it a line of its own.",
        "yaml-boolean": "A warning: YAML 1.2 has `true` and `false` alone, so a script receives this as text. Write "
        "`true` or `false`, or quote the text.",
        "yaml-syntax": "The text cannot be read as YAML. The message tells which sign or indentation to mend.",
        "yaml-tag": "Tags (`!name`) have no meaning in a pipeline file. Delete it, or quote a text that begins with "
        "`!`.",
    },
    "Keys and values": {
        "absolute-path": "Scripts and files are named from the folder of the pipeline file, so that the project "
        "works on every machine. Write the path from there, with `/`.",
        "bad-duration": "A duration has a unit. Write seconds, minutes or hours, like `90s`, `10m` or `2h`.",
        "empty-value": "A value that is empty says nothing. Write one, or delete the key.",
        "missing-key": "A key that must be there is not. Add it.",
        "no-steps": "A pipeline has at least one step. Add one under `steps:`.",
        "not-a-value": "A parameter is one text, number or boolean. Give several values as one text that the script "
        "splits, or as several parameters.",
        "reserved-key": "The key is kept for something to come. Delete it.",
        "unknown-key": "No such key exists in this place. The message names the nearest one, or those that there are.",
        "wrong-type": "A value of another kind stands here: text, a whole number, a list, a mapping. Write it as told.",
        "wrong-value": "The value is of the right kind, and still none that can stand here. Take one of those told.",
    },
    "Names": {
        "bad-name": "Names become names in Azure ML and in paths. Steps, profiles and schedules are made of small "
        "letters and digits joined by `-`, the others are joined by `_`; some words are Azure ML's own.",
    },
    "Parameters": {
        "bad-parameter": "A value does not fit the type, the choices or the range of its parameter, be it the "
        "default or that of a profile, of a schedule or of `--param`. Give one that fits, or change the declaration.",
        "idle-profile": "A warning: the pipeline with this profile is the pipeline without it. Give it something to "
        "change, or delete it.",
        "unused-parameter": "A warning: no argument reads the parameter, so setting it changes nothing. Use it, or "
        "delete it.",
    },
    "Datasets": {
        "dataset-place": "A dataset has one place in Azure ML, one here, or both. Give what the message asks for; "
        "data lies in a folder of its own, not in that of the project.",
        "missing-dataset": "An error of `run`, a warning of `validate` where `local:` is given: the data of a step is "
        "not here. Put it there, give it a path with `local:`, or allow for its absence with `optional: true`.",
        "unused-dataset": "A warning: no argument reads the dataset. Use it, or delete it.",
    },
    "Schedules": {
        "bad-cron": "A cron has five fields: minute, hour, day of the month, month, weekday. Mend the one told.",
        "bad-recurrence": "A recurrence says something that cannot be, or leaves open when it fires. Write it as told.",
        "lossy-cron": "Azure ML has no cron of its own: what it cannot be told exactly is refused. Write another cron, "
        "or several schedules.",
        "reused-schedule": "A warning: with `reuse: true` every run after the first finds its results there, and does "
        "nothing. Delete it, or let a step run each time.",
        "schedule-form": "A schedule says when it fires in exactly one way. Give `cron` or `recurrence`.",
        "unknown-zone": "No such time zone exists. Write its IANA name, like `Europe/Paris`.",
    },
    "Arguments": {
        "bad-arguments": "Arguments are a mapping of options, or a list. Write one `--option: value` per line.",
        "bad-option": "A key of `arguments:` is an option, which begins with `-`. A positional value is an item of a "
        "list.",
        "boolean-argument": "`true` says that an option is given without a value, so it stands alone. Quote it if "
        "the text is meant.",
        "nested-argument": "A script receives texts, not lists in lists. Write the values of an option in one list.",
        "null-argument": "A key without a value is null in YAML, and a script receives no null. Give a value, `true` "
        'for a bare flag, `""` for an empty text, or delete the option.',
        "semicolon": "A warning: Azure ML was seen to change a `;` in an argument. Use another separator.",
        "taken-literal": "The SDK of Azure ML takes texts that begin so for something of its own. Begin it otherwise.",
    },
    "References": {
        "bad-expression": "An expression has one of four forms. Write one of them. A warning, where a text looks "
        "like one that lacks its braces.",
        "cycle": "Steps wait for each other, so none can be the first. Remove one of the references, or the `after`.",
        "embedded-expression": "SDK v1 binds whole values alone. Make the expression the whole value; a script joins "
        "paths itself.",
        "misplaced-expression": "Expressions are bound in the arguments of steps, nowhere else. Write the value "
        "itself.",
        "own-output": "A step cannot read what it is about to write. For the folder it writes to, write `${{ "
        "outputs.NAME }}`.",
        "unknown-dataset": "No such dataset is declared. Mend the name, or declare it under `datasets:`.",
        "unknown-output": "The other step writes no output of that name, or settings are given for an output that no "
        "argument names. Mend the name, or let the step write it.",
        "unknown-parameter": "No such parameter is declared. Mend the name, or declare it under `parameters:`.",
        "unknown-profile": "The file has no profile of that name. Mend the name after `--profile`.",
        "unknown-step": "The file has no step of that name. Mend the name.",
    },
    "Scripts": {
        "missing-folder": "The folder of the scripts is not there. Make it, or mend `source_directory:`.",
        "missing-script": "The script of a step is not there, or is a folder. Mend the name.",
        "not-python": "The script is a shell script, a notebook, a binary file. Steps are started with Python: name a "
        "Python file.",
        "outside": "A path leads out of the project, or a script out of its source folder, be it through a link. "
        "Move the file inside: Azure ML is given nothing from elsewhere.",
        "script-name": "Python takes a script whose name begins with `-` for an option, here and in Azure ML: `-c` "
        "runs the rest of the name as code. Rename the script.",
        "script-syntax": "Python cannot parse the script, or a file that it imports, so the step would fail. Mend it.",
    },
    "What a script reads": {
        "literal-path": "A warning: a path in the text of a script leads to a file of the project that the step does "
        "not have, here or in Azure ML. Pass data as a dataset, by an argument; files of the source folder come along "
        "by `snapshot:`.",
        "nothing-called": "A warning: the script only defines functions and classes, so the step would do nothing. "
        "Call what is to run at its end.",
        "undeclared-variable": "A warning: a script reads an environment variable that nothing declares. Azure ML does "
        "not set it, and here it comes from your shell. Declare it under `environment_variables:`, or make it an "
        "argument.",
        "unknown-input": "A warning: Azure ML sends no input of that name with the step. Pass the data by an argument, "
        "which works in local runs too.",
        "unnamed-import": "A warning: a script imports a module, and no package that the environment's files name "
        "provides it. Name it there: otherwise the step fails after an image and a node were waited for.",
    },
    "What a script takes": {
        "ambiguous-option": "A script that takes shortened options cannot tell which of them is meant. Write the "
        "option out.",
        "exclusive-options": "The script takes one of these options, not both. Delete one of them.",
        "missing-argument": "The script needs a positional value. Write `arguments:` as a list, and give it as an "
        "item.",
        "missing-option": "The script needs an option that is not given. Add it.",
        "option-abbreviated": "A warning: the option is shortened, and another one that begins like it would break "
        "this. Write it out.",
        "option-choice": "The script takes certain values for this option. Choose one of them.",
        "option-twice": "A warning: the script keeps the last value of an option that is given twice. Delete one.",
        "option-type": "The script takes numbers for this option. Give one.",
        "option-values": "The script takes another number of values for this option. Give as many as told.",
        "subcommand-choice": "The script has no such subcommand. Mend the name.",
        "too-many-arguments": "The script takes fewer positional values. Delete one, or write the option it belongs "
        "to.",
        "unknown-option": "The script has no such option, and would stop at once. Mend the name.",
    },
    "Snapshots": {
        "bad-pattern": "Patterns are written as in `.gitignore`. Mend it.",
        "empty-pattern": "A warning: a pattern of `snapshot:` finds no file, so the step goes without. Patterns begin "
        "in the source folder; what lies outside it is data, which a dataset names.",
        "ignored-file": "The script imports a file that the ignore file leaves out of the snapshot, so the import "
        "would fail. Take the pattern out of the ignore file.",
        "repeated-links": "Folders that links lead to are copied once for each path, as Azure ML's upload does; links "
        "that multiply the paths without end are refused. Remove them, or leave them out by the ignore file.",
        "open-snapshot": "A warning: where the text of a script does not tell which files it needs, it gets its "
        "whole source folder, and runs again whenever any file there changes. Name the files under `snapshot:`.",
    },
    "Environments": {
        "conda-key": "A warning: conda passes over a key that it does not know. Mend it, or delete it.",
        "conda-pip": "A warning: conda adds pip itself where a file has a `pip:` list, and complains. Add `- pip`.",
        "conda-syntax": "conda cannot read this part of its file, and no image could be built. Write it as told.",
        "environment-definition": "An environment is defined in one way; a docker image may have a conda or pip file "
        "beside it. Give one definition.",
        "environment-name": "An environment that is defined here needs a name, and not one of those that Azure ML "
        "keeps for its own (told by `submit`). Choose another.",
        "environment-version": "What is defined here gets its version from its content. Delete `version:`.",
        "missing-file": "A file that the environment names, or that such a file includes, is not there. Make it, or "
        "mend the path.",
        "pip-syntax": "pip cannot read this line, and no image could be built. Write it as told.",
    },
    "Azure ML": {
        "compute-name": "Told by `submit`: no compute target can have that name. Use letters, digits, `-` and `_`.",
        "dataset-version": "Told by `submit`: Azure ML counts the versions of a dataset. Write a number.",
        "experiment-name": "Told by `submit`: no experiment can have that name. Use letters, digits, `-` and `_`.",
        "export-dataset": "Told by `export`: Azure ML v2 reads one file or folder of a datastore, no pattern. "
        "Name the folder.",
        "export-environment": "Told by `export`: it is made of the files of the project alone. Write the environment "
        "of conda into a file, and name that.",
        "export-name": "Told by `export`: Azure ML v2 takes no such name. Use letters, digits, `-` and `_`.",
        "export-value": "Told by `export`: Azure ML v2 pastes values of parameters into a shell line, where this one "
        "would mean something else. Choose another, or write it as an argument itself.",
        "file-name": "Told by `submit` and `export`: Azure ML takes names of files in UTF-8 alone. Rename the file, or "
        "leave it out.",
        "large-snapshot": "Told by `submit`, and a warning of `validate`: Azure ML takes 300 MB and 2,000 files. "
        "Leave out what the step does not need, by `.amlignore` or by narrower patterns.",
        "local-dataset": "Told by `submit`: the data is on this machine alone. Give its place in Azure ML, or allow "
        "for its absence with `optional: true`.",
        "local-package": "Reported by `submit` and `export`, and a warning of `validate`: Azure ML builds the image "
        "from the text of one file, and has no other file of yours, no list from elsewhere and no variable. Name "
        "published packages in that file.",
        "no-compute": "Told by `submit`: a step in Azure ML needs a compute target. Add `compute:` at the top, or to "
        "it.",
        "no-environment": "Told by `submit`: a step in Azure ML needs an environment. Add `environment:`.",
        "not-alone": "Told by `submit STEP`: a step that reads what another one writes has nothing to read when it "
        "runs alone. Submit the pipeline.",
        "plain-secret": "A warning: a password, key or token stands in a file of the environment, in a variable, in an "
        "argument or in the default of a parameter, "
        "and goes to Azure ML as it is. Take it out: connections of the workspace serve pip, the key vault serves "
        "scripts.",
        "reserved-variable": "Told by `submit`: Azure ML sets this variable itself. Choose another name.",
        "secret-file": "A warning: a file that would be sent with a step has a name of keys or passwords. Leave it "
        "out by the ignore file, and keep secrets in the key vault of the workspace.",
        "serverless-compute": "Reported by `submit` with SDK v1, `publish` and `plan --remote`: serverless compute "
        "exists only in Azure ML v2. Name a cluster, or use v2.",
    },
}

_INTRODUCTION = """\
# What is checked

Every mistake is told before anything runs, all of them at once: what is wrong, where, and the cure. This page has
every code that can stand at the end of a message, with a small example and what is printed of it. The examples are
files of `tests/data/err`, where the commands can be typed; a line `# test: …` in one is for our own tests, and of
scripts that say nothing it shows the name alone. The page is written by `make checks`, and `make test` holds it
against the program.

```text
FILE:LINE:COLUMN: MESSAGE CURE [CODE]
```

An error forbids to run, and ends `validate` with status 2. A `warning:` does neither. What is wrong with an option of
the command line has that option for its place: `--param epochs=x: …`. On a terminal places, labels and carets are
coloured, unless `NO_COLOR` is set.

`aml-pipeline validate --format json` prints a list of objects with `code`, `severity` (`error` or `warning`), `file`,
`line`, `column` (these two count from 1, or are null), `message` and `cure`. `--format github` prints annotations for
GitHub Actions.
"""

_LANGUAGES = {".py": "python", ".yml": "yaml", ".yaml": "yaml"}


def documented() -> list[str]:
    """Return the codes that have an entry."""
    return [code for entries in ENTRIES.values() for code in entries]


def page() -> str:
    """Return the page as it should be."""
    parts = [_INTRODUCTION]
    for group, entries in ENTRIES.items():
        parts += [f"## {group}\n", *(part for code, words in sorted(entries.items()) for part in _entry(code, words))]
    return "\n".join(parts)


def _entry(code: str, words: str) -> Iterator[str]:
    case = Case(ERR / f"{code}.yaml")
    yield f"### `{code}`\n\n{words}\n"
    for path in [case.path, *_beside(case)]:
        text = path.read_bytes().decode("utf-8", "replace")
        language = _LANGUAGES.get(path.suffix, "text")
        yield f"`{path.relative_to(ERR).as_posix()}`{_more(case, path)}:\n\n{_block(language, text)}"
    yield _block("console", f"$ aml-pipeline {' '.join(case.words)}\n{told(case).text}")


def _beside(case: Case) -> list[Path]:
    """Return the files of a case that say something."""
    found = [path for path in sorted(case.folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return [path for path in found if path.suffix != ".py" or path.read_text("utf-8").count("\n") > 1]


def _more(case: Case, path: Path) -> str:
    if path != case.path:
        return ""
    times = [f", its last line {int(times):,} times more" for times in case.settings("times")]
    made = [f", beside {int(count):,} files in `{place}/`" for count, place in map(str.split, case.settings("files"))]
    linked = [
        f", beside {count} folders in `{place}/`, each with a link to each of them"
        for count, place in map(str.split, case.settings("links"))
    ]
    return "".join([*times, *made, *linked])


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}{'' if text.endswith(chr(10)) or not text else chr(10)}```\n"


def main(words: list[str]) -> int:
    """Write what is out of date, or with ``--check`` tell it and return 1."""
    wanted = {PAGE: page(), **{case.out: told(case).text for case in cases(ERR)}}
    status = 0
    for path, text in wanted.items():
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before == text:
            continue
        if words == ["--check"]:
            status = 1
            name = path.relative_to(ROOT).as_posix()
            lines = difflib.unified_diff(before.splitlines(), text.splitlines(), name, f"{name} (now)", lineterm="")
            sys.stdout.write("\n".join(lines) + "\n")
        else:
            path.write_text(text, encoding="utf-8")
    if status:
        sys.stdout.write("If that is meant, `make checks` writes it down.\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
