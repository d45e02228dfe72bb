"""``exit-statuses.md``: from the constants of the command line."""

from __future__ import annotations

from aml_pipeline.cli import exits
from aml_pipeline.cli.table import COMMANDS
from tests.reference import headed, table

# Constant → what it means, and what to do.
MEANINGS = {
    "EXIT_FAILED": ("a step or a run failed; `verify` found damage", "read the log: `aml-pipeline logs`"),
    "EXIT_USAGE": ("the command line, the file, or a file that it names is wrong", "do what the message says"),
    "EXIT_BUG": ("a bug of aml-pipeline, with a traceback", "report it"),
    "EXIT_AZURE": (
        "Azure ML refused the request, or could not be reached",
        "do what the message says; try again later",
    ),
    "EXIT_SOMETHING_TO_DO": (
        "with `--exit-code`: there is something to do; `import`: something differs",
        "see the output",
    ),
    "EXIT_MACHINE": (
        "this machine refused: disk full, no permission, another run in progress",
        "do what the message says",
    ),
    "EXIT_INTERRUPTED": ("Ctrl-C (SIGINT)", "the next run continues from there"),
    "EXIT_PIPE": ("the reader of the output is gone (SIGPIPE), such as `head`", "nothing"),
    "EXIT_TERMINATED": ("the process was asked to end (SIGTERM)", "the next run continues from there"),
}


def page() -> str:
    """Return the page."""
    values = {name: getattr(exits, name) for name in MEANINGS}
    rows = [
        (f"{values[name]}", meaning, cure)
        for name, (meaning, cure) in sorted(MEANINGS.items(), key=lambda one: values[one[0]])
    ]
    asked = [
        f"`{name}`" for name, one in COMMANDS.items() if any("--exit-code" in option.names for option in one.options)
    ]
    text = f"""
Every command ends with one of these. A status above {exits.SIGNALLED} is {exits.SIGNALLED} and the number of a
signal: after SIGHUP, because a terminal was closed, it is 129.

{table(("status", "meaning", "what to do"), ("0", "done, or nothing to do", ""), *rows)}

`--exit-code` is an option of {", ".join(asked)}: without it, they end with 0 if there is something to do.

From Python, the same are exceptions: `UsageError` and `PipelineError` ({exits.EXIT_USAGE}), `AzureError`
({exits.EXIT_AZURE}), `MachineError` ({exits.EXIT_MACHINE}); [python.md](python.md) shows them.
"""
    return headed("Exit statuses", "the constants of the command line", text)
