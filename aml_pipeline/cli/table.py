"""Every command of ``aml-pipeline``: adding one is an entry here and a module."""

from __future__ import annotations

from aml_pipeline.cli.options import Command, Option

_FILE = Option("-f", "--file", value="FILE", help="The pipeline file; else ./pipeline.yaml.", default="pipeline.yaml")
_PROFILE = Option("--profile", value="NAME", help="Overrides of the file to use.")
_PARAM = Option("--param", value="NAME=VALUE", help="Value of a parameter; may stand repeatedly.", many=True)
_PYTHON = Option("--python", value="PATH", help="Interpreter of the steps; else the one of this program.")
_SELECTION = (
    Option("--only", help="The steps named, without those that they need."),
    Option("--from", value="STEP", help="Start at STEP: it and everything downstream."),
    Option("--until", value="STEP", help="Stop at STEP: everything it needs, and it."),
    Option("--force", help="Run the steps named (all, if none is) even if nothing changed."),
)
_ANY = 1_000_000
_STEPS = ("STEP…", _ANY, "Steps to run, with those that they need; else all.")

COMMANDS = {
    command.name: command
    for command in (
        Command(
            "init",
            "Make a runnable pipeline.yaml with one script in an empty folder.",
            operands=("FOLDER", 1, "Target folder (default: the current one)."),
            example="aml-pipeline init my-project",
        ),
        Command(
            "validate",
            "Tell every problem of the file and of what it names.",
            _FILE,
            _PROFILE,
            _PARAM,
            Option(
                "--format", value="FORMAT", help="Output format.", choices=("text", "json", "github"), default="text"
            ),
            Option(
                "--snapshot", help="Show the files of each step too: which go where it runs, which do not, and why."
            ),
            Option("--python", value="PATH", help="With --snapshot, the Python that has the packages; else ours."),
            operands=("STEP…", _ANY, "With --snapshot, the steps to show; else all."),
            example="aml-pipeline validate --snapshot train",
        ),
        Command(
            "plan",
            "Tell what `run` would do with each step, and why; change nothing.",
            _FILE,
            _PROFILE,
            _PARAM,
            *_SELECTION,
            _PYTHON,
            Option("--remote", help="What `submit` would do: what Azure ML may reuse, and what it will run."),
            Option("-v", "--verbose", help="List every change of a step that has several, a line each."),
            Option("--exit-code", help="Exit with 5 when there is something to run."),
            operands=_STEPS,
            example="aml-pipeline plan --profile quickstart",
        ),
        Command(
            "run",
            "Run the steps here, in order; what did not change is not run again.",
            _FILE,
            _PROFILE,
            _PARAM,
            *_SELECTION,
            _PYTHON,
            Option(
                "--debug",
                help="Run the one step named with the terminal attached, in its source folder; accept nothing.",
            ),
            Option("-n", "--dry-run", help="The same as `plan`."),
            Option("--exit-code", help="With -n, exit with 5 when there is something to run."),
            Option("-j", "--jobs", value="N", help="Run up to N steps that do not need each other at a time; else 1."),
            Option("-k", "--keep-going", help="After a failure go on with what does not need the failed step."),
            Option("--fsync", help="Flush results and the record to the disk (fsync), so that a power cut loses none."),
            Option("-v", "--verbose", help="Show what the steps print, and every change that makes them run."),
            operands=_STEPS,
            example="aml-pipeline run train --param epochs=5",
        ),
        Command(
            "submit",
            "Run the pipeline in Azure ML, or one step alone.",
            _FILE,
            _PROFILE,
            _PARAM,
            Option("--sdk", value="SDK", help="By which SDK; else v1, where it is installed.", choices=("v1", "v2")),
            Option("--wait", help="Wait until it is over; show the steps, and exit with 1 if one failed."),
            Option("--force", help="Let Azure ML run every step, even if nothing changed."),
            Option(
                "-n", "--dry-run", help="Check all that can be checked here, show what would be sent, send nothing."
            ),
            operands=("STEP", 1, "The step to run alone; else the pipeline."),
            example="aml-pipeline submit --param epochs=5 --wait",
        ),
        Command(
            "publish",
            "Make Azure ML agree with the file: published pipeline, endpoint and schedules.",
            _FILE,
            _PROFILE,
            Option("-n", "--dry-run", help="Tell what would change; write nothing."),
            Option("--adopt", help="Take over what another project published under the same name."),
            Option("--version", value="DIGEST", help="Make an earlier version the default again; or `previous`."),
            Option("--exit-code", help="Exit with 5 when something changed, or would."),
            Option("--format", value="FORMAT", help="Output format.", choices=("text", "json"), default="text"),
            example="aml-pipeline publish --dry-run",
        ),
        Command(
            "export",
            "Write the same pipeline and schedules as Azure ML v2 YAML, for `az ml`.",
            _FILE,
            _PROFILE,
            Option("--force", help="Write into a folder that holds other files; they stay."),
            operands=("FOLDER", 1, "Where; it is made, or its last export replaced."),
            example="aml-pipeline export v2",
        ),
        Command(
            "cancel",
            "Stop a run in Azure ML.",
            _FILE,
            Option("--sdk", value="SDK", help="By which SDK; else by the one that sent it.", choices=("v1", "v2")),
            operands=(
                "RUN",
                1,
                "The run, as `submit` or `runs` names it, or a part of that; else the last one submitted.",
            ),
            example="aml-pipeline cancel",
        ),
        Command(
            "environment",
            "Compare the declared packages with those installed for local runs.",
            _FILE,
            _PROFILE,
            _PARAM,
            _PYTHON,
            Option("--exit-code", help="Exit with 5 when something differs."),
            example="aml-pipeline environment --python .venv/bin/python",
        ),
        Command(
            "graph",
            "Show the steps in order, what each reads and what it writes.",
            _FILE,
            _PROFILE,
            Option(
                "--format", value="FORMAT", help="Output format.", choices=("text", "mermaid", "dot"), default="text"
            ),
            example="aml-pipeline graph",
        ),
        Command(
            "schedules",
            "Show when each schedule fires next, in its time zone and in UTC.",
            _FILE,
            _PROFILE,
            Option("--remote", help="Those that Azure ML has, and how they differ from the file."),
            Option("--format", value="FORMAT", help="Output format.", choices=("text", "json"), default="text"),
            example="aml-pipeline schedules --format json",
        ),
        Command(
            "runs",
            "List the runs of this pipeline, newest first.",
            _FILE,
            Option("--remote", help="Those in Azure ML that were sent by `submit`, whoever did it."),
            Option("--format", value="FORMAT", help="Output format.", choices=("text", "json"), default="text"),
            Option("--pin", value="RUN", help="Keep the record of RUN whatever `clean` removes.", many=True),
            Option("--unpin", value="RUN", help="Let `clean` remove the record of RUN again.", many=True),
            example="aml-pipeline runs",
        ),
        Command(
            "logs",
            "Show what a step printed in the last run that ran it.",
            _FILE,
            Option("--run", value="RUN", help="Another run: its name in `runs`, or a part that no other has."),
            operands=("STEP", 1, "The step; else the last one that ran."),
            example="aml-pipeline logs train",
        ),
        Command(
            "report",
            "Write the page of a run: one HTML file that opens without a network.",
            _FILE,
            Option("-o", "--output", value="PATH", help="Where to write it; else beside the record of the run."),
            Option("--open", help="Open it in the browser."),
            operands=("RUN", 1, "The run: its name in `runs`, or a part that no other has; else the last."),
            example="aml-pipeline report --open",
        ),
        Command(
            "compare",
            "Show what differs between two runs: code, environment, parameters, metrics, durations, outputs.",
            _FILE,
            Option("--code", help="Show the lines that changed in the files and environments of the steps, as a diff."),
            Option("--page", help="Write an HTML file, with the curves of both runs on the same charts."),
            Option("-o", "--output", value="PATH", help="With --page, where; else beside the record of the second."),
            Option("--open", help="With --page, open it in the browser."),
            operands=("RUN…", 2, "Two runs, named as for `report`; or one, compared with the last; else the last two."),
            example="aml-pipeline compare --page",
        ),
        Command(
            "clean",
            "Free the disk: all results but the last of each step, and working copies. Records of runs stay.",
            _FILE,
            Option(
                "--runs",
                value="KEEP",
                help="Remove run records too; keep the newest (10) or those younger than an age (12h, 30d, 8w), pinned "
                "runs, and those whose results are in use.",
            ),
            Option("--all", help="Remove everything but pinned runs: the last results too, and all run records."),
            Option("-n", "--dry-run", help="List what would go, with sizes; remove nothing."),
            example="aml-pipeline clean --runs 10 --dry-run",
        ),
        Command(
            "verify",
            "Read all kept results and records again, and report what is damaged. Changes nothing.",
            _FILE,
            example="aml-pipeline verify",
        ),
        Command(
            "schema",
            "Print the JSON Schema of pipeline.yaml, for editors.",
            example="aml-pipeline schema > pipeline.schema.json",
        ),
    )
}


def overview() -> str:
    """Return the help of the program."""
    width = max(map(len, COMMANDS))
    rows = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "aml-pipeline COMMAND [options]",
            "",
            "  Azure ML pipelines from one checked YAML file, run here and there.",
            "",
            *rows,
            "",
            "  -h, --help  This text; `aml-pipeline COMMAND --help` tells about a command.",
            "  --version   The version.",
            "",
            "Example:",
            "  aml-pipeline run --profile quickstart",
        ]
    )
