"""``docs/reference/checks.md``: every code, what it means, an example, and what is printed of it.

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

PAGE = ROOT / "docs" / "reference" / "checks.md"

ENTRIES: dict[str, dict[str, str]] = {
    "YAML": {
        "bad-key": "A key must be a plain word. Unquoted braces make a mapping of an expression: quote it.",
        "bad-merge": "`<<` merges mappings into this one. Write an alias of a mapping, or a list of aliases.",
        "duplicate-key": "A mapping can contain each key only once. Delete one of them.",
        "empty-file": "The file is empty. `aml-pipeline init` creates a first pipeline in an empty folder.",
        "not-text": "A pipeline file must be UTF-8 text without control characters. Save it as UTF-8, or delete the "
        "character.",
        "too-deep": "Mappings and lists are nested deeper than any pipeline needs. Use fewer levels.",
        "too-large": "The file is larger than any pipeline needs. Keep data in separate files that a script reads.",
        "too-many-aliases": "Aliases of aliases expand a small file enormously. Write values out, or use fewer "
        "aliases.",
        "too-many-values": "The file has more values than any pipeline needs. Keep data in separate files that a "
        "script reads.",
        "two-documents": "One file holds one pipeline. Delete the `---`, or move what follows it to another file.",
        "unknown-alias": "An alias repeats a value that has an anchor above it. Add the anchor `&NAME`, or quote the "
        "string.",
        "unquoted-expression": "Inside `{}` and `[]`, YAML reads the braces of an expression as mappings. Quote the "
        "expression, or put it on a line of its own.",
        "yaml-boolean": "A warning: YAML 1.2 has only the booleans `true` and `false`, so a script receives this value "
        "as a string. Write `true` or `false`, or quote the string.",
        "yaml-syntax": "The file is not valid YAML. The message says which character or indentation to fix.",
        "yaml-tag": "Tags (`!name`) have no meaning in a pipeline file. Delete the tag, or quote a string that begins "
        "with `!`.",
    },
    "Keys and values": {
        "absolute-path": "Paths are relative to the folder of the pipeline file, so that the project works on every "
        "machine. Write the path from there, with `/`.",
        "bad-command": "A `command:` begins with a program that Azure ML can start: not with a variable, nor with a "
        "file of the project, which may not be executable there. Write the program that runs the file first: `[bash, "
        "prepare.sh]`.",
        "bad-module": "A module is named as in an import: `package.train`, without `.py`.",
        "bad-duration": "A duration must have a unit. Write seconds, minutes or hours, like `90s`, `10m` or `2h`.",
        "bad-size": "`upload` must be true, false or a limit with its unit. Write `true` to allow 10 GB, or a limit "
        "like `500 MB` or `50 GB`.",
        "empty-value": "A value is empty. Write a value, or delete the key.",
        "missing-key": "A required key is missing. Add it.",
        "no-steps": "A pipeline must have at least one step. Add one under `steps:`.",
        "not-a-value": "A parameter must be one string, number or boolean. Write several values as one string that the "
        "script splits, or as several parameters.",
        "not-imported": "`aml-pipeline import` found a step that a pipeline file cannot express, such as one of "
        "Databricks, and noted under `x-not-imported:` what is known of it. Write a step with a script that does the "
        "same, or delete the entry to do without it.",
        "reserved-key": "The key is reserved for a later version. Delete it.",
        "two-launchers": "The command starts several processes of a script, and `distribution` would start it several "
        "times. Let one of them start the processes.",
        "two-programs": "A step runs one program. Keep `script:`, `module:` or `command:`.",
        "unknown-key": "The key is unknown in this place. The message suggests the most similar key, or lists the "
        "known ones.",
        "workspace-form": "A workspace is named by its subscription, resource group and name, or by a configuration "
        "file. Write `subscription/group/name`, or the path of the file, relative to the folder of the pipeline file.",
        "wrong-type": "The value has the wrong type. Write the type that the message names: a string, an integer, a "
        "list, a mapping.",
        "wrong-value": "The value has the right type but is not allowed. Write one of the values that the message "
        "names.",
    },
    "Names": {
        "bad-name": "Names become names in Azure ML and in paths. Names of steps, profiles and schedules consist of "
        "lower-case letters and digits joined by `-`, other names are joined by `_`; some words are reserved by Azure "
        "ML.",
    },
    "Parameters": {
        "bad-parameter": "A value does not match the type, the choices or the range of its parameter. It may be the "
        "default, or the value of a profile, of a schedule or of `--param`. Write a valid value, or change the "
        "declaration.",
        "idle-profile": "A warning: the profile overrides nothing. Add an override, or delete the profile.",
        "unused-parameter": "A warning: no argument reads the parameter, so setting it has no effect. Use it, or "
        "delete it.",
    },
    "Datasets": {
        "dataset-place": "A dataset has one location in Azure ML, one on this machine, or both. Add what the message "
        "asks for; data must be in a folder of its own, not in the folder of the project.",
        "same-name": "A warning: a pipeline in Azure ML has one list of inputs, in which names must differ, so a "
        "dataset with the name of a parameter gets another one there. Rename one of them if you set it for runs "
        "there.",
        "dataset-type": "The type of a dataset does not fit what is at its path, its mode, or the SDK that sends it. "
        "Write the type that the message names, or correct the path.",
        "missing-secret": "An error of `run`: local runs read a secret from your environment variable of the same "
        "name, which is not set. Set it.",
        "missing-python": "An error of `run`, `plan` and `environment`, and a warning of `validate`: the Python that "
        "the file names was not found. Create it, correct its path, or name another one with `--python`.",
        "missing-dataset": "An error of `run`, and a warning of `validate` if `local:` is set: the data of a step is "
        "not on this machine. Put it there, set its path with `local:`, or allow it to be absent with `optional: "
        "true`.",
        "unused-dataset": "A warning: no argument reads the dataset. Use it, or delete it.",
    },
    "Outputs": {
        "model-name": "The name of a model must be valid in Azure ML, for both SDKs. Use letters, digits, `-` and `_`.",
        "output-model": "An output is registered as one model or as one dataset, and a model must have files. Change "
        "what the message names.",
        "output-overwrite": "With a path without `{run}`, each run overwrites the results of earlier runs, and a step "
        "that is reused does not write there again. Write `overwrite: true` to allow that, or add `{run}`.",
        "output-path": "A path of an output must be within its datastore, and differ from those of other outputs. Its "
        "only placeholder is `{run}`, the id of the run.",
        "web-dataset": "Data at a web address is an input for Azure ML v2 only. Download and upload it, or use v2.",
        "output-type": "The setting contradicts the type of the output. Change one of them.",
        "pipeline-output": "An output of the pipeline is one output of a step, and each only once. Write `${{ "
        "steps.STEP.outputs.NAME }}`.",
    },
    "Schedules": {
        "bad-cron": "A cron expression has five fields: minute, hour, day of the month, month, day of the week. Fix "
        "the one that the message names.",
        "bad-recurrence": "A recurrence is contradictory, or does not say when it fires. Write it as the message "
        "suggests.",
        "lossy-cron": "Azure ML v1 has no cron schedules: an expression that cannot be translated exactly is refused. "
        "Write another one, or several schedules.",
        "reused-schedule": "A warning: with `reuse: true`, every run after the first reuses its results and does "
        "nothing. Delete it, write `reuse: false` in the schedule, or let a step always run.",
        "schedule-dataset": "A pipeline that SDK v1 publishes has a parameter for each dataset, which is either a path "
        "on a datastore or a dataset. Give the schedule a value of the same kind.",
        "endpoint-name": "The name of a batch endpoint is a part of a web address, and unique in an Azure region. Use "
        "lower-case letters, digits and `-`.",
        "schedule-reuse": "SDK v1 publishes a pipeline that allows reuse in all runs, or in none. Set `reuse` of "
        "`publish`, or use v2.",
        "schedule-form": "A schedule must say in exactly one way when it fires. Write `cron` or `recurrence`.",
        "unknown-zone": "The time zone is unknown. Write its IANA name, like `Europe/Paris`.",
    },
    "Matrices": {
        "bad-matrix": "A matrix has axes with lists of plain values, and under `include` and `exclude` lists of "
        "combinations. It is fixed before anything runs, so no expression can compute it; only datasets may be values.",
        "idle-exclude": "A warning: an entry of `exclude` leaves nothing out. Its values must be written as the axis "
        "has them: `0.1` and `0.10` are different texts.",
        "idle-include": "A warning: an entry of `include` adds neither a value nor a combination. Delete it.",
        "matrix-size": "A pipeline may have at most 1,000 variants. Vary fewer axes, or fewer values of each; "
        "combinations count before `exclude` leaves some out.",
        "no-variant": "A step reads those variants of another one that have its own values on all axes that both have, "
        "and there are none. Give both matrices the same values, written alike, or give the axes different names: then "
        "the step reads all variants.",
        "several-variants": "Something that can only be one output would be that of several variants. Add a step that "
        "reads them all, as several values of an option, and chooses.",
        "unknown-axis": "The matrix of the step has no such axis. Correct the name, or add the axis.",
        "unset-axis": "An axis that only `include` adds has no value in some combinations, but an argument reads it. "
        "Add the axis to the matrix, or to each entry.",
        "unused-axis": "A warning: an axis changes nothing, so its variants are the same run again and again. Use it "
        "in an argument, or delete it.",
    },
    "Arguments": {
        "bad-arguments": "Arguments must be a mapping of options, or a list. Write one `--option: value` per line.",
        "bad-option": "A key of `arguments:` is an option and must begin with `-`. Write a positional value as a list "
        "item.",
        "boolean-argument": "`true` means an option without a value, so it must be the only value. Quote it if you "
        "mean the string.",
        "nested-argument": "A script receives strings, not nested lists. Write the values of an option in one flat "
        "list.",
        "null-argument": "A key without a value is null in YAML, and a script cannot receive null. Write a value, "
        '`true` for a bare flag, `""` for an empty string, or delete the option.',
        "semicolon": "A warning: Azure ML has been observed to change a `;` in an argument. Use another separator.",
        "taken-literal": "The SDK of Azure ML uses this prefix itself. Let the string begin differently.",
    },
    "References": {
        "bad-expression": "An expression must have one of the forms in the message. Write one of them. A warning if a "
        "string looks like an expression without its braces.",
        "cycle": "Steps depend on each other in a cycle, so none can run first. Remove one of the references, or the "
        "`after`.",
        "misplaced-expression": "Expressions are only allowed in the arguments and inputs of steps. Write the value "
        "itself.",
        "bad-input": "An input of a step is data: one dataset, or one output of another step. Pass values and longer "
        "strings as arguments.",
        "own-output": "A step cannot read its own output. For the folder that it writes to, use `${{ outputs.NAME }}`.",
        "same-input": "Two inputs of a step are the same data, which has one name in Azure ML. Delete one of them.",
        "taken-input": "An input has the name of an output or a parameter of its step, and all names of a step must "
        "differ. Give the input another name.",
        "taken-variable": "A step declares an environment variable that one of its inputs or its `distribution` sets, "
        "too, so the declared value would be lost. Delete it, or choose another name.",
        "undeclared-input": "An argument reads an input that the step does not declare. Correct the name, or add it to "
        "the `inputs:` of the step.",
        "unknown-dataset": "The dataset is not declared. Correct the name, or declare it under `datasets:`.",
        "unknown-output": "The other step has no output of that name, or an output has settings but no argument uses "
        "it. Correct the name, or add the output to the arguments.",
        "unknown-parameter": "The parameter is not declared. Correct the name, or declare it under `parameters:`.",
        "unknown-profile": "The file has no profile of that name. Correct the name after `--profile`.",
        "unknown-step": "The file has no step of that name. Correct the name.",
    },
    "Scripts": {
        "missing-folder": "The folder of the scripts was not found. Create it, or correct `source_directory:`.",
        "missing-program": "An error of `run` and `plan`: this machine has no program of the name that a `command:` "
        "begins with. Install it, or run the step in Azure ML, where its environment must have it.",
        "missing-script": "The script of a step was not found, or is a folder. Correct the name.",
        "needs-mpirun": "An error of `run` and `plan`: the script imports a package by which processes find each other "
        "only if mpirun starts them, as Azure ML does. Run one process here: `--processes 1`.",
        "not-python": "The script is a shell script, a notebook or a binary file, but steps run Python. Use a Python "
        "file.",
        "outside": "A file is outside the project, or a script is outside its source folder, possibly through a "
        "symbolic link. Move the file inside: Azure ML receives nothing from elsewhere.",
        "script-name": "Python takes a script whose name begins with `-` for an option, here and in Azure ML: `-c` "
        "runs the rest of the name as code. Rename the script.",
        "script-syntax": "Python cannot parse the script, or a file that it imports, so the step would fail. Fix the "
        "syntax error.",
    },
    "What a script reads": {
        "literal-path": "A warning: a script contains the path of a project file that the step does not have, here or "
        "in Azure ML. Pass data as a dataset, through an argument; add files of the source folder with `snapshot:`.",
        "nothing-called": "A warning: the script only defines functions and classes, so the step would do nothing. "
        "Call the function at the end of the script.",
        "undeclared-variable": "A warning: a script reads an environment variable that is not declared. Azure ML does "
        "not set it; here it comes from your shell. Declare it under `environment_variables:`, or make it an argument.",
        "log-step": "A warning: a script logs a metric with a step, which azureml-core allows only in Azure ML, so a "
        "local run fails. Log the step, or the epoch, as a metric of its own.",
        "unknown-input": "A warning: Azure ML passes no input of that name to the step. Pass the data through an "
        "argument, which also works in local runs.",
        "unnamed-import": "A warning: a script imports a module that no package in the environment's files provides. "
        "Add the package: otherwise the step fails in Azure ML, after the image was built and a node started.",
    },
    "What a script takes": {
        "ambiguous-option": "The script accepts abbreviated options, but this abbreviation matches several. Write the "
        "option in full.",
        "exclusive-options": "The script accepts only one of these options. Delete one of them.",
        "missing-argument": "The script requires a positional value. Write `arguments:` as a list, and add the value "
        "as an item.",
        "missing-option": "The script requires an option that is missing. Add it.",
        "option-abbreviated": "A warning: the option is abbreviated, and a new option with the same beginning would "
        "break it. Write it in full.",
        "option-choice": "The script accepts only certain values for this option. Choose one of them.",
        "option-twice": "A warning: the option is repeated, and the script keeps only its last value. Delete one.",
        "option-type": "The script expects a number for this option. Write a number.",
        "option-values": "The script expects a different number of values for this option. Write as many as the "
        "message says.",
        "subcommand-choice": "The script has no such subcommand. Correct the name.",
        "too-many-arguments": "The script accepts fewer positional values. Delete one, or add the option it belongs "
        "to.",
        "unknown-option": "The script has no such option, and would stop at once. Correct the name.",
    },
    "Snapshots": {
        "bad-pattern": "Patterns are written as in `.gitignore`. Correct the pattern.",
        "empty-pattern": "A warning: a pattern of `snapshot:` matches no file. Patterns are relative to the source "
        "folder; pass data from outside that folder as a dataset.",
        "ignored-file": "The script imports a file that the ignore file excludes from the snapshot, so the import "
        "would fail. Remove the pattern from the ignore file.",
        "repeated-links": "A folder that symbolic links lead to is copied once for each path, as Azure ML's upload "
        "does; links that multiply the paths without end are refused. Remove them, or exclude them in the ignore file.",
        "open-snapshot": "A warning: it is not clear from the code which files a script needs, so the step gets its "
        "whole source folder, and runs again whenever any file in it changes. List the files under `snapshot:`.",
    },
    "Environments": {
        "conda-key": "A warning: conda ignores keys that it does not know. Correct the key, or delete it.",
        "conda-pip": "A warning: conda adds pip itself if a file has a `pip:` list, and complains. Add `- pip`.",
        "conda-syntax": "conda cannot read this part of its file, so no image could be built. Write it as the message "
        "suggests.",
        "build-context": "The image of an environment is built from a Dockerfile and the folder that contains it. That "
        "cannot be the folder of the project; and with SDK v1, it is small and has no folders.",
        "environment-definition": "An environment must have exactly one definition; a docker image may be combined "
        "with a conda or pip file. Keep one definition.",
        "environment-name": "An environment that is defined here needs a name, which must not be one that Azure ML "
        "reserves (reported by `submit`). Choose another name.",
        "environment-registry": "Only a registered environment is in a registry: name it with `registered`, or delete "
        "`registry`.",
        "environment-version": "The version of an environment that is defined here follows from its content. Delete "
        "`version:`.",
        "missing-file": "A file that the environment names, or that such a file includes, was not found. Create it, or "
        "correct the path.",
        "pip-syntax": "pip cannot read this line, so no image could be built. Write it as the message suggests.",
    },
    "Azure ML": {
        "compute-name": "Reported by `submit`: the name is not valid for a compute target. Use letters, digits, `-` "
        "and `_`.",
        "dataset-version": "Reported by `submit` and `publish` with SDK v1: versions of a dataset are numbers there. "
        "Write a number.",
        "embedded-expression": "Reported by `submit`, `publish` and `plan --remote` with SDK v1: SDK v1 replaces whole "
        "arguments only. Make the expression the whole value and join the parts in the script, or use v2.",
        "experiment-name": "Reported by `submit`: the name is not valid for an experiment. Use letters, digits, `-` "
        "and `_`.",
        "export-dataset": "Reported by `export`: Azure ML v2 reads one file or folder of a datastore, but no pattern. "
        "Write the folder.",
        "export-environment": "Reported by `export`: an export contains only files of the project. Save the conda "
        "environment to a file, and use that file.",
        "export-name": "Reported by `export`: the name is not valid in Azure ML v2. Use letters, digits, `-` and `_`. "
        "The name of a schedule there includes those of pipeline and profile, and has at most 255 characters.",
        "export-value": "Reported by `export`: Azure ML v2 inserts values of parameters into a shell command, where "
        "this value would change its meaning. Choose another value, or write it directly as an argument.",
        "broken-link": "Reported by `submit`, `publish` and `export`: links in data to upload lead nowhere, or to the "
        "same folders over and over. Remove them.",
        "file-name": "Reported by `submit` and `export`: Azure ML accepts only file names in UTF-8, and for "
        "uploaded data none with a backslash or a dot at the end. Rename the file, or exclude it.",
        "large-snapshot": "Reported by `submit`, and a warning of `validate`: the limit of Azure ML is 300 MB and "
        "2,000 files. Exclude what the step does not need, with `.amlignore` or with narrower patterns.",
        "file-output": "Reported by `submit`, `publish` and `plan --remote` with SDK v1: outputs of SDK v1 are "
        "folders. Write the file into a folder, or use SDK v2.",
        "large-upload": "Reported by `submit`: the data to upload is larger than the limit, 10 GB unless `upload:` "
        "names another. Raise the limit, or copy the data to a datastore with a tool made for it.",
        "local-dataset": "Reported by `submit`: the data exists only on this machine. Let it be uploaded with "
        "`upload: true`, add its location in Azure ML, or allow it to be absent with `optional: true`.",
        "index-login": "A warning: pip takes the login of a package index from variables here, and Azure ML gets the "
        "address without it. A connection of the workspace has the login there.",
        "local-package": "Reported by `submit` and `export`, and a warning of `validate`: Azure ML builds the image "
        "from one file and the wheels that it names. It has no other files or lists and none of your variables. List "
        "packages and wheels in that file.",
        "no-compute": "Reported by `submit`: a step in Azure ML needs a compute target. Add `compute:` at the top of "
        "the file, or to the step.",
        "no-environment": "Reported by `submit`: a step in Azure ML needs an environment. Add `environment:`.",
        "not-alone": "Reported by `submit STEP`: a step that reads the output of another step cannot run alone. Submit "
        "the pipeline.",
        "plain-secret": "A warning: a password, key or token in plain text is sent to Azure ML, in a file of the "
        "environment, a variable, an argument, a parameter or an address. Use connections of the workspace for pip, "
        "its key vault for scripts, and datastores for data.",
        "registry-environment": "Reported by `submit`, `publish` and `plan --remote` with SDK v1: SDK v1 knows only "
        "environments of the workspace. Name one of these, or use v2.",
        "reserved-variable": "Reported by `submit`: Azure ML sets this variable itself. Choose another name.",
        "secret-file": "A warning: judging by its name, a file that would be sent with a step or a Dockerfile contains "
        "keys or passwords. Exclude it in the ignore file, and keep secrets in the key vault of the workspace.",
        "model-environment": "Reported by `submit`, `publish` and `plan --remote` with SDK v1: SDK v1 registers a "
        "model in a step of its own, in the environment of the step that wrote it. Add azureml-core to that.",
        "unread-secret": "A warning, and an error of `submit` for a command without a Python file: Azure ML does not "
        "set the variable of a secret. The script must read it from the key vault, as docs/how-to/azure.md shows.",
        "batch-endpoint": "Reported by `publish` with SDK v1: it has pipeline endpoints only, and creates one for each "
        "published pipeline. Delete the key, or use v2.",
        "serverless-compute": "Reported by `submit`, `publish` and `plan --remote` with SDK v1: serverless compute "
        "exists only in Azure ML v2. Name a cluster, or use v2.",
        "shell-word": "Reported by `submit`, `publish` and `plan --remote` with SDK v1: a step runs a module or a "
        "command with a word that a shell would change. SDK v1 does not quote these words, and v2 does. Choose another "
        "word, write the line into a script, or use v2.",
        "step-identity": "Reported by `submit`, `publish` and `plan --remote` with SDK v1: only Azure ML v2 lets "
        "a step run as its user or as the managed identity of its compute target. Delete `identity:`, or use v2.",
        "too-many-inputs": "Reported by `submit`, `publish` and `export`: Azure ML allows 200 inputs of a run. Add "
        "a step with a matrix whose variants read a part of them each, and read that step instead.",
        "too-few-nodes": "Reported by `submit`, `publish` and `export`: the step needs more nodes at a time than its "
        "compute target has. Raise `max_nodes`, or use fewer nodes.",
    },
}

_INTRODUCTION = """\
<!-- run: tests/project/test_checks.py -->

# Checks

Mistakes are reported before anything runs, all of them at once: what is wrong, where, and how to fix it. This page
lists every code that can appear at the end of a message, with a short explanation, a small example and its output. The
examples are files in `tests/data/err`, where you can run the commands yourself. Lines like `# test: …` are settings of
our own tests, and scripts without content are shown by name only. The page is generated by `make checks`, and
`make test` fails if it is out of date.

```text
FILE:LINE:COLUMN: MESSAGE CURE [CODE]
```

An error prevents the run, and `validate` ends with exit status 2. A `warning:` does neither. Problems of a command-line
option show the option instead of a place: `--param epochs=x: …`. On a terminal, places, labels and carets are coloured
unless `NO_COLOR` is set.

`aml-pipeline validate --format json` prints a list of objects with `code`, `severity` (`error` or `warning`), `file`,
`line`, `column` (both count from 1, or are null), `message` and `cure`. `--format github` prints annotations for
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
