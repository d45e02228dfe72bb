"""``doctor``: whether this machine and Azure have what a run, a submission and a publication need."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from aml_pipeline import __version__
from aml_pipeline.cli.exits import EXIT_AZURE, EXIT_MACHINE, EXIT_USAGE
from aml_pipeline.cli.importing import Uncollected
from aml_pipeline.cli.opened import DEFAULT_FILE
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.printing import print_json
from aml_pipeline.cli.sending import login, without_telemetry
from aml_pipeline.core.wording import counted
from aml_pipeline.doctor.examination import Wishes, examine, unchecked
from aml_pipeline.doctor.finding import Finding

# The exit status of a problem is that of the commands which it stops; all others are of this machine.
_STATUSES = {
    **dict.fromkeys(("pipeline file", "configuration"), EXIT_USAGE),
    **dict.fromkeys(("proxy", "TLS", "network", "login", "tenant", "workspace", "services"), EXIT_AZURE),
    **dict.fromkeys(("computes", "quota", "permissions"), EXIT_AZURE),
}
_WIDTH = 14


def doctor(options: Options, environ: Mapping[str, str]) -> int:
    """Print what was found, line by line; exit with the status of the first problem."""
    environ = dict(environ)
    without_telemetry()
    if options.flag("offline"):
        os.environ.pop("ARM_CLOUD_METADATA_URL", None)  # whose address SDK v2 asks when it is imported
    out = sys.stdout  # a check may replace it, to silence an SDK
    file = options.text("file") or DEFAULT_FILE
    wishes = Wishes(
        file=file,
        file_demanded=file != DEFAULT_FILE,
        profile=options.text("profile"),
        sdk=options.text("sdk"),
        workspace=options.text("workspace"),
        login=login(environ),
        environ=environ,
        offline=options.flag("offline"),
    )
    found: list[Finding] = []
    is_text = options.text("format") == "text"
    with Uncollected():
        for finding in examine(wishes):
            found.append(finding)
            if is_text:
                print(_lines(finding), file=out, flush=True)
    sys.stdout = out
    if is_text:
        print(_summary(found))
    else:
        print_json({"version": __version__, "findings": list(map(asdict, found)), "not_checked": unchecked(found)})
    problems = [finding.name for finding in found if finding.state == "problem"]
    return _STATUSES.get(problems[0], EXIT_MACHINE) if problems else 0


def _lines(finding: Finding) -> str:
    line = f"{finding.state:<8} {finding.name:<{_WIDTH}} {finding.seen}"
    return f"{line}\n{' ' * (_WIDTH + 10)}{finding.cure}" if finding.cure else line


def _summary(found: Sequence[Finding]) -> str:
    """Return how many problems there are, and what was not checked."""
    states = Counter(finding.state for finding in found)
    missed = unchecked(found)
    counts = f"{counted(states['problem'], 'problem')}, {counted(states['warning'], 'warning')}."
    rest = f" Not checked: {', '.join(missed)}." if missed else ""
    return f"\n{counts}{rest}"
