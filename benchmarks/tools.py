"""Who is compared: how each tool is started, what it is told, and what a run of it leaves behind."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks import environments, projects
from benchmarks.projects import Chain

OURS = "aml-pipeline"
NAMES = (OURS, "make", "doit", "Snakemake", "DVC")


class Tool(NamedTuple):
    """A tool: its name and start, its file, and what is added to the start to run, plan and check.

    ``check`` is None where the tool has nothing that checks its file. ``state`` are patterns of what a run leaves;
    ``output`` is the file that step ``{number}`` wrote.
    """

    name: str
    start: Sequence[str]
    file: str
    text: Callable[[Chain], str]
    run: Sequence[str] = ()
    plan: Sequence[str] = ()
    check: Sequence[str] | None = None
    state: Sequence[str] = ("out",)
    output: str = "out/s{number}/o.txt"

    def write(self, folder: str, chain: Chain) -> None:
        """Write the project of the chain into a folder."""
        for number in range(chain.steps):
            projects.write_script(folder, number, str(number))
        projects.write(folder, self.file, self.text(chain))
        if self.name == "DVC":
            projects.write(folder, ".dvc/config", _dvc_settings(folder))

    def renew(self, folder: str) -> None:
        """Put a project that was never run in the place of one that was, which is kept beside it.

        Removing what a run left would slow the next one down: ext4 makes files slowly for minutes after many were
        removed (``recently_deleted`` in its source), and no user's first run begins like that.
        """
        used = tempfile.mkdtemp(prefix="used-", dir=os.path.dirname(folder))
        os.rename(folder, used)
        state = shutil.ignore_patterns(*map(os.path.basename, self.state))
        shutil.copytree(used, folder, copy_function=os.link, ignore=state)


LOOP = Tool("shell loop", [shutil.which("sh") or "/bin/sh"], "loop.sh", projects.loop, run=["loop.sh"])


def ours(start: Sequence[str]) -> Tool:
    """Return our own tool, with the way it is started."""
    return Tool(
        OURS,
        start,
        "pipeline.yaml",
        projects.pipeline,
        run=["run"],
        plan=["plan"],
        check=["validate"],
        state=[".aml_pipeline"],
        output=".aml_pipeline/bench/outputs/s{number}/o/o.txt",
    )


def peers(folder: str, dvc: str | None = None) -> list[Tool]:
    """Return the other tools that are here: make from PATH, the rest from the environments in ``folder``.

    ``dvc`` is another DVC, if there is none.
    """
    make = shutil.which("make")
    doit, snakemake, own = (environments.found(folder, name) for name in ("doit", "snakemake", "dvc"))
    dvc = own or dvc
    return [
        *([Tool("make", [make], "Makefile", projects.makefile, plan=["-n"])] if make else []),
        *([_doit(doit)] if doit else []),
        *([_snakemake(snakemake)] if snakemake else []),
        *([_dvc(dvc)] if dvc else []),
    ]


def _doit(path: str) -> Tool:
    state = [".doit.db*", "out"]
    plan, check = ["list", "--all", "--status"], ["list", "--all"]
    return Tool("doit", [path], "dodo.py", projects.dodo, plan=plan, check=check, state=state)


def _snakemake(path: str) -> Tool:
    run, plan, state = ["--cores", "1"], ["--dry-run"], [".snakemake", "out"]
    return Tool("Snakemake", [path], "Snakefile", projects.snakefile, run=run, plan=plan, check=plan, state=state)


def _dvc(path: str) -> Tool:
    state = [".dvc/cache", ".dvc/tmp", ".dvc/site", "dvc.lock", "out"]
    check = ["stage", "list"]
    return Tool("DVC", [path], "dvc.yaml", projects.dvc, ["repro"], ["status"], check, state)


def _dvc_settings(folder: str) -> str:
    """Return what `dvc init --no-scm` writes, with what would reach for the network turned off."""
    site = os.path.join(folder, ".dvc", "site")
    return f"[core]\n    no_scm = True\n    analytics = false\n    check_update = false\n    site_cache_dir = {site}\n"


def shown(command: Sequence[str]) -> str:
    """Return a command as a reader would type it."""
    return " ".join("python" if word == sys.executable else os.path.basename(word) for word in command)
