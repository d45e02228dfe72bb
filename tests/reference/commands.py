"""``commands.md``: every command with its options, from the table that the command line is parsed with."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.cli.options import Command
from aml_pipeline.cli.table import COMMANDS
from tests.reference import headed, table

# Command → where more is said of it.
MORE = {
    "cancel": "[Azure ML](../how-to/azure.md)",
    "clean": "[disk space](local-runs.md#disk-space)",
    "compare": "[two runs](reports.md#two-runs)",
    "completion": "[completion](../how-to/completion.md)",
    "doctor": "[what it checks](doctor.md)",
    "environment": "[the declared environment](local-runs.md#the-declared-environment)",
    "export": "[from v1 to v2](../how-to/v1-to-v2.md#the-export)",
    "graph": "[reports](reports.md)",
    "import": "[importing](../how-to/import.md)",
    "init": "[the file](pipeline.md), [editors](pipeline.md#editor)",
    "logs": "[records](local-runs.md#what-is-recorded), [Azure ML](../how-to/azure.md)",
    "models": "[models](local-runs.md#models)",
    "pause": "[schedules](schedules.md)",
    "plan": "[local runs](local-runs.md)",
    "publish": "[publishing](../how-to/publishing.md)",
    "report": "[a run](reports.md), [many runs](reports.md#the-page-of-many-runs)",
    "resume": "[schedules](schedules.md)",
    "run": "[local runs](local-runs.md), [many runs](local-runs.md#many-runs-at-once), [terminal](terminal.md)",
    "runs": "[all runs](reports.md#all-runs), [MLflow](metrics.md#runs-to-mlflow)",
    "schedules": "[schedules](schedules.md)",
    "schema": "[editors](pipeline.md#editor)",
    "submit": "[Azure ML](../how-to/azure.md), [with SDK v2](../how-to/v1-to-v2.md#run-with-sdk-v2)",
    "validate": "[checks](checks.md), [the files of a step](local-runs.md)",
    "verify": "[verify](local-runs.md#verify)",
    "wait": "[Azure ML](../how-to/azure.md)",
}
_INTRODUCTION = """
`aml-pipeline COMMAND --help` prints the same for one command, and `aml-pipeline --version` the version. Options and
operands may be mixed; after `--`, every word is an operand. Each command reads `./pipeline.yaml` unless `-f FILE`
names another file. [Exit statuses](exit-statuses.md) are common to all.
"""


def page() -> str:
    """Return the page."""
    rows = [(f"[`{name}`](#{name})", one.summary, MORE.get(name, "")) for name, one in COMMANDS.items()]
    parts = [part for command in COMMANDS.values() for part in _section(command)]
    text = "\n\n".join([_INTRODUCTION.strip(), table(("command", "what it does", "more"), *rows), *parts])
    return headed("Commands", "the table of the command line", text)


def _section(command: Command) -> Iterator[str]:
    yield f"## `{command.name}`"
    yield command.summary
    operands = [(f"`{command.operands[0]}`", command.operands[2])] if command.operands else []
    options = [
        (f"`{', '.join(option.names)}{_value(option.value, option.bare)}`", f"{option.help}{_choices(option.choices)}")
        for option in command.options
    ]
    if operands or options:
        yield table(("operand or option", "meaning"), *operands, *options)
    yield f"```console\n$ {command.example}\n```"


def _value(value: str | None, bare: str | None) -> str:
    if value is None:
        return ""
    return f" {value}" if bare is None else f"[={value}]"


def _choices(choices: tuple[str, ...]) -> str:
    return f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else ""
