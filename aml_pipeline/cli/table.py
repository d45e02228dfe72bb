"""Every command of ``aml-pipeline``; a new one needs an entry here and a module."""

from __future__ import annotations

from aml_pipeline.cli.options import Command, Option

_FILE = Option("-f", "--file", value="FILE", help="Pipeline file (default: ./pipeline.yaml).", default="pipeline.yaml")
_PROFILE = Option("--profile", value="NAME", help="Apply this profile of the pipeline file.")
_PARAM = Option("--param", value="NAME=VALUE", help="Set a parameter; can be repeated.", many=True)
_PARAMS = Option(
    "--param",
    value="NAME=VALUE",
    help="Set a parameter; can be repeated. Several values (epochs=5,10) make a run of each combination.",
    many=True,
)
_LOCK = Option(
    "--wait-for-lock",
    value="SECONDS",
    help="Wait until another run in progress has ended, at most SECONDS (default: without limit).",
    bare="",
)
_DATA = Option(
    "--data",
    value="NAME=PLACE",
    help="Read a dataset from another place: a path, azureml:NAME:VERSION; can be repeated.",
    many=True,
)
_PYTHON = Option(
    "--python",
    value="PATH",
    help="Python that runs the steps (default: the file's, else the one that runs aml-pipeline).",
)
_WORKSPACE = Option(
    "--workspace",
    value="WORKSPACE",
    help="subscription/group/name, or path of a config.json (default: the file's).",
)
_SDK = Option(
    "--sdk",
    value="SDK",
    help="SDK to use (default: the file's, else v1 if installed, else v2).",
    choices=("v1", "v2"),
)
_REMOTE_SDK = Option(
    "--sdk",
    value="SDK",
    help="With --remote: SDK to use (default: the file's, else v1 if installed, else v2).",
    choices=("v1", "v2"),
)
_REMOTE_WORKSPACE = Option("--workspace", value="WORKSPACE", help="With --remote: another workspace than the file's.")
_SELECTION = (
    Option("--only", help="Only the named steps, without the steps they need."),
    Option("--from", value="STEP", help="Start at STEP: it and everything downstream."),
    Option("--until", value="STEP", help="Stop at STEP: everything it needs, and it."),
    Option("--force", help="Run the named steps (default: all) even if nothing changed."),
)
_OF_A_RUN = (
    Option("--sdk", value="SDK", help="SDK to use (default: the one that submitted the run).", choices=("v1", "v2")),
    Option("--workspace", value="WORKSPACE", help="Workspace of the run (default: the one it was submitted to)."),
)
_RUN = ("RUN", 1, "Run id from `submit` or `runs`, or a unique part of it (default: the latest submitted run).")
_PROCESSES = Option("--processes", value="N", help="Processes of each distributed step (default: as in the file).")
_ANY = 1_000_000
# The folders of aml_pipeline/templates.
TEMPLATES = ("hello", "tabular", "images", "scoring", "v1-notebook")
_SCHEDULES = ("SCHEDULE…", _ANY, "Schedules, by their names in the file (default: all).")
_STEPS = ("STEP…", _ANY, "Steps to run, with those they need (default: all). Variants of a matrix: 'train[epochs=5]'.")

COMMANDS = {
    command.name: command
    for command in (
        Command(
            "init",
            "Create a runnable project in an empty folder: pipeline.yaml and its scripts.",
            Option(
                "--template",
                value="NAME",
                help="Project to start from (default: hello).",
                choices=TEMPLATES,
            ),
            Option("--vscode", help="Add settings for VS Code; in a folder that has a pipeline.yaml, only those."),
            operands=("FOLDER", 1, "Target folder (default: the current one)."),
            example="aml-pipeline init my-project --template tabular",
        ),
        Command(
            "doctor",
            "Check this machine, the project, the login and the workspace. Changes nothing.",
            _FILE,
            _PROFILE,
            _SDK,
            _WORKSPACE,
            Option("--offline", help="Make no connection: check only this machine and the project."),
            Option("--format", value="FORMAT", help="Output format.", choices=("text", "json"), default="text"),
            example="aml-pipeline doctor --offline",
        ),
        Command(
            "validate",
            "Report every problem in the pipeline file and in what it refers to.",
            _FILE,
            _PROFILE,
            _PARAM,
            _DATA,
            Option(
                "--sdk",
                value="SDK",
                help="Also report what this SDK of Azure ML does not support (default: that of the file, if any).",
                choices=("v1", "v2"),
            ),
            Option(
                "--format",
                value="FORMAT",
                help="Output format.",
                choices=("text", "json", "github", "sarif"),
                default="text",
            ),
            Option(
                "--snapshot",
                help="Also list the files of each step: which are in its snapshot, which are not, and why.",
            ),
            Option("--python", value="PATH", help="With --snapshot: the Python whose packages are inspected."),
            operands=("STEP…", _ANY, "With --snapshot: the steps to list (default: all)."),
            example="aml-pipeline validate --snapshot train",
        ),
        Command(
            "plan",
            "Show what `run` would do with each step, and why. Changes nothing.",
            _FILE,
            _PROFILE,
            _PARAMS,
            _DATA,
            *_SELECTION,
            _PYTHON,
            _PROCESSES,
            Option(
                "--remote", help="Show what `submit` would do: which steps Azure ML may reuse and which it will run."
            ),
            _REMOTE_SDK,
            _REMOTE_WORKSPACE,
            Option("-v", "--verbose", help="List every change of a step, one per line."),
            Option(
                "--exit-code",
                help="Exit with status 5 if a step would run, with --remote also if it changed since its submission.",
            ),
            operands=_STEPS,
            example="aml-pipeline plan --profile quickstart",
        ),
        Command(
            "run",
            "Run the steps on this machine, in order. Unchanged steps do not run again.",
            _FILE,
            _PROFILE,
            _PARAMS,
            _DATA,
            *_SELECTION,
            _PYTHON,
            _PROCESSES,
            Option(
                "--debug",
                help="Run the one named step in its source folder with the terminal attached; keep no result.",
            ),
            Option("-n", "--dry-run", help="Same as `plan`."),
            Option("--exit-code", help="With -n: exit with status 5 if a step would run."),
            Option("-j", "--jobs", value="N", help="Run up to N independent steps at a time (default: 1)."),
            Option(
                "-k",
                "--keep-going",
                help="After a failure, continue with the steps, and the runs, that do not depend on the failed step.",
            ),
            _LOCK,
            Option("--fsync", help="Flush results and the run record to disk (fsync) to survive a power cut."),
            Option("-v", "--verbose", help="Show what the steps print and every change that makes them run."),
            operands=_STEPS,
            example="aml-pipeline run train --param epochs=5",
        ),
        Command(
            "submit",
            "Run the pipeline, or a single step, in Azure ML.",
            _FILE,
            _PROFILE,
            _PARAMS,
            _DATA,
            _SDK,
            _WORKSPACE,
            Option("--tag", value="NAME=VALUE", help="Add a tag to the run; can be repeated.", many=True),
            Option("--wait", help="Show progress until the run ends; exit with status 1 if it failed."),
            Option("--force", help="Make Azure ML run every step even if nothing changed."),
            Option(
                "-n",
                "--dry-run",
                help="Check everything that can be checked offline and show what would be sent; send nothing.",
            ),
            operands=("STEP", 1, "Step, or variant 'train[epochs=5]', to run alone (default: the whole pipeline)."),
            example="aml-pipeline submit --param epochs=5 --wait",
        ),
        Command(
            "publish",
            "Bring the published pipeline, endpoint and schedules in Azure ML up to date with the file.",
            _FILE,
            _PROFILE,
            _SDK,
            _WORKSPACE,
            Option("-n", "--dry-run", help="Show what would change; change nothing."),
            Option(
                "--adopt",
                value="ENDPOINT",
                help="Take over what another project published under this name, or an endpoint made with SDK v1 alone.",
                bare="",
            ),
            Option("--version", value="DIGEST", help="Go back to an earlier version, or to the `previous` one."),
            Option("--exit-code", help="Exit with status 5 if something changed or would change."),
            Option("--format", value="FORMAT", help="Output format.", choices=("text", "json"), default="text"),
            example="aml-pipeline publish --dry-run",
        ),
        Command(
            "pause",
            "Pause the published schedules. They stay paused, whatever is published, until they are resumed.",
            _FILE,
            _PROFILE,
            _SDK,
            _WORKSPACE,
            operands=_SCHEDULES,
            example="aml-pipeline pause nightly",
        ),
        Command(
            "resume",
            "Resume the published schedules that were paused.",
            _FILE,
            _PROFILE,
            _SDK,
            _WORKSPACE,
            operands=_SCHEDULES,
            example="aml-pipeline resume",
        ),
        Command(
            "export",
            "Export the pipeline and its schedules as Azure ML v2 YAML, for `az ml`.",
            _FILE,
            _PROFILE,
            Option("--force", help="Write into a folder that holds other files, and keep those."),
            operands=("FOLDER", 1, "Target folder; created if missing. An earlier export in it is replaced."),
            example="aml-pipeline export v2",
        ),
        Command(
            "import",
            "Write the project of a pipeline that Azure ML v1, or v2 YAML, already has, and compare the two.",
            Option("--endpoint", value="NAME", help="v1: the default version of this pipeline endpoint."),
            Option("--pipeline", value="ID", help="v1: this published pipeline."),
            Option("--run", value="ID", help="v1: the pipeline of this run."),
            Option("--list", help="v1: list what can be imported."),
            Option("--check", help="Only compare the project in FOLDER with the original; write nothing."),
            Option("--force", help="Write into a folder that holds other files, and keep those."),
            Option("--workspace", value="WORKSPACE", help="v1: subscription/group/name, or path of a config.json."),
            operands=(
                "v1|v2 [FILE] [FOLDER]",
                3,
                "v1, or v2 and the YAML of a pipeline job; target folder (default: the pipeline's name).",
            ),
            example="aml-pipeline import v1 --endpoint training",
            function="import_pipeline",
        ),
        Command(
            "cancel",
            "Stop a run in Azure ML.",
            _FILE,
            Option("--group", help="Stop all runs that were submitted together with RUN."),
            *_OF_A_RUN,
            operands=_RUN,
            example="aml-pipeline cancel",
        ),
        Command(
            "wait",
            "Follow a run in Azure ML until it ends, and record it; goes on where an earlier wait stopped.",
            _FILE,
            *_OF_A_RUN,
            operands=_RUN,
            example="aml-pipeline wait",
        ),
        Command(
            "environment",
            "Compare the declared packages with those installed for local runs.",
            _FILE,
            _PROFILE,
            _PARAM,
            _PYTHON,
            Option("--exit-code", help="Exit with status 5 if something differs."),
            example="aml-pipeline environment --python .venv/bin/python",
        ),
        Command(
            "graph",
            "Show the steps in order, with what each one reads and writes.",
            _FILE,
            _PROFILE,
            Option(
                "--format", value="FORMAT", help="Output format.", choices=("text", "mermaid", "dot"), default="text"
            ),
            example="aml-pipeline graph",
        ),
        Command(
            "schedules",
            "Show the next runs of each schedule, in its time zone and in UTC.",
            _FILE,
            _PROFILE,
            Option("--remote", help="Show the schedules in Azure ML and how they differ from the file."),
            _REMOTE_SDK,
            _REMOTE_WORKSPACE,
            Option("--format", value="FORMAT", help="Output format.", choices=("text", "json"), default="text"),
            example="aml-pipeline schedules --format json",
        ),
        Command(
            "runs",
            "List the runs of this pipeline, newest first.",
            _FILE,
            Option("--where", value="CONDITION", help="Only runs for which it holds: 'epochs > 5 and state == done'."),
            Option("--sort", value="COLUMN", help="Sort by a column, the lowest value first; -COLUMN: the highest."),
            Option(
                "--best",
                value="COLUMN",
                help="Sort by a metric, the best first: the highest, or of a loss, an error or METRIC:min the lowest.",
            ),
            Option("--last", value="N", help="Only the newest N runs."),
            Option("--columns", value="A,B,C", help="Show these columns; * stands for any text: run,epochs,train.*."),
            Option("--variants", value="STEP", help="List each variant of a step with a matrix in a row of its own."),
            Option(
                "--format",
                value="FORMAT",
                help="Output format.",
                choices=("text", "json", "csv", "markdown"),
                default="text",
            ),
            Option("--note", value="RUN", help='Note the text that follows about RUN; "" removes the note.'),
            Option("--tag", value="RUN", help="Give RUN the tags NAME=VALUE that follow; NAME= removes one."),
            Option("--pin", value="RUN", help="Protect the record of RUN from `clean`; can be repeated.", many=True),
            Option(
                "--unpin",
                value="RUN",
                help="Allow `clean` to remove the record of RUN again; can be repeated.",
                many=True,
            ),
            Option(
                "--to-mlflow",
                value="URI",
                help="Write the runs into a store of MLflow (./mlruns, sqlite:///mlflow.db, http://…), each run once.",
            ),
            Option("--remote", help="List the runs in Azure ML, also those that a schedule or an endpoint began."),
            Option("--profile", value="NAME", help="With --remote: look where this profile sends its runs."),
            _REMOTE_SDK,
            _REMOTE_WORKSPACE,
            operands=("TEXT…", _ANY, "With --note: the note. With --tag: NAME=VALUE of each tag."),
            example="aml-pipeline runs --best train.accuracy --last 20",
        ),
        Command(
            "logs",
            "Show what a step printed in the latest run in which it ran; with --remote, in a run in Azure ML.",
            _FILE,
            Option("--remote", help="Show the log of a step from Azure ML; the run needs no record here."),
            Option(
                "--sdk",
                value="SDK",
                help="With --remote: SDK to use (default: the one that submitted the run).",
                choices=("v1", "v2"),
            ),
            _REMOTE_WORKSPACE,
            Option("-F", "--follow", help="Follow the run in progress until it ends; without STEP, all that run."),
            Option("--run", value="RUN", help="Another run: its id from `runs`, or a unique part of it."),
            Option("--rank", value="N", help="Of a distributed step, the process of rank N (default: 0)."),
            operands=(
                "[RUN] STEP",
                2,
                "Step (default: the last one that ran). With --remote: a run (the latest), a step (a failed one).",
            ),
            example="aml-pipeline logs train",
        ),
        Command(
            "models",
            "List the models that local runs registered, with their versions.",
            _FILE,
            Option("--format", value="FORMAT", help="Output format.", choices=("text", "json"), default="text"),
            example="aml-pipeline models",
        ),
        Command(
            "report",
            "Write a report of a run, or of all runs: one HTML file that opens offline.",
            _FILE,
            Option("--all", help="Report on all runs (at most the newest 1,000): table, curves, parameters, code."),
            Option("--where", value="CONDITION", help="With --all: only runs for which it holds, as in `runs`."),
            Option("--last", value="N", help="With --all: only the newest N runs."),
            Option("--variants", value="STEP", help="With --all: a row for each variant of this step with a `matrix`."),
            Option(
                "--format",
                value="FORMAT",
                help="Output format; junit: each step as a test case, for CI services.",
                choices=("html", "junit"),
                default="html",
            ),
            Option("-o", "--output", value="PATH", help="Output file (default: in the folder of the run's record)."),
            Option("--open", help="Open the report in the browser."),
            operands=("RUN", 1, "Run id from `runs`, or a unique part of it (default: the latest run)."),
            example="aml-pipeline report --open",
        ),
        Command(
            "compare",
            "Compare two runs (code, environment, parameters, metrics, durations, outputs), or more.",
            _FILE,
            Option("--code", help="Show the changed lines of the steps' files and environments as a diff (two runs)."),
            Option("--page", help="Write an HTML file with the curves of the runs on the same charts."),
            Option(
                "-o",
                "--output",
                value="PATH",
                help="With --page: output file (default: in the folder of the second run's record).",
            ),
            Option("--open", help="With --page: open it in the browser."),
            operands=("RUN…", 1_000, "Runs; if only one, it is compared with the latest (default: the latest two)."),
            example="aml-pipeline compare --page",
        ),
        Command(
            "clean",
            "Free disk space: remove working copies and all results but each step's latest. Keeps run records.",
            _FILE,
            Option(
                "--runs",
                value="KEEP",
                help="Also remove run records, except the newest (10) or those younger than an age (12h, 30d, 8w), "
                "pinned runs, and runs whose results are in use.",
            ),
            Option("--all", help="Remove everything except pinned runs, even the latest results and all run records."),
            Option("-n", "--dry-run", help="List what would be removed, with sizes; remove nothing."),
            _LOCK,
            example="aml-pipeline clean --runs 10 --dry-run",
        ),
        Command(
            "verify",
            "Reread all results and run records and report what is damaged. Changes nothing.",
            _FILE,
            example="aml-pipeline verify",
        ),
        Command(
            "schema",
            "Print the JSON Schema of pipeline.yaml, for editors.",
            example="aml-pipeline schema > pipeline.schema.json",
        ),
        Command(
            "completion",
            "Print the script that makes a shell complete commands, options and names.",
            operands=("SHELL", 1, "bash, zsh or fish."),
            example="aml-pipeline completion zsh",
        ),
    )
}


def overview() -> str:
    """Return the help text of the program."""
    width = max(map(len, COMMANDS))
    rows = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "aml-pipeline COMMAND [options]",
            "",
            "  Azure ML pipelines from one checked YAML file, run locally or in Azure ML.",
            "",
            *rows,
            "",
            "  -h, --help  Show this help; `aml-pipeline COMMAND --help` describes a command.",
            "  --version   Show the version.",
            "",
            "Example:",
            "  aml-pipeline run --profile quickstart",
        ]
    )
