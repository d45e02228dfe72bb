"""Writes docs/pictures anew: the shipped pipeline runs twice in a copy, and Chromium shows the pages of that.

Run as ``python -m tests.page.pictures``; ``make pictures`` does. The pixels differ with the fonts of a machine.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.page.browser import Browser, Tab, program

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
RUNS: tuple[list[str], ...] = (["--param", "learning_rate=0.0005"], [])


def main() -> None:
    """Run, and take the pictures."""
    found = program()
    if found is None:
        sys.exit("Chromium is not installed.")
    with tempfile.TemporaryDirectory() as folder, Browser(found) as browser:
        project = Path(folder) / "cifar10"
        project.mkdir()
        for name in ("pipeline.yaml", "steps", ".azureml"):
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, project / name)
        for words in RUNS:
            _command(project, "run", "--profile", "quickstart", *words)
        page = Path(_command(project, "report"))
        compared = Path(_command(project, "compare", "--page"))
        PICTURES.mkdir(exist_ok=True)
        for scheme in ("light", "dark"):
            _take(browser, page, scheme, PICTURES / f"report-{scheme}.png", height=1500)
        _take(browser, compared, "light", PICTURES / "compare.png", height=1150)


def _command(project: Path, *words: str) -> str:
    """Run the command line; return the last line that it printed."""
    command = [sys.executable, "-m", "aml_pipeline", *words]
    environ = {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(project)}
    done = subprocess.run(command, cwd=project, env=environ, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1]


def _take(browser: Browser, page: Path, scheme: str, place: Path, *, height: int) -> None:
    tab = Tab(browser, scheme=scheme, width=1100, height=height)
    tab.open(page)
    if "report" in place.name:
        tab.value("document.querySelector('#step-1').open = true")
    at = "document.querySelector('.u-over').getBoundingClientRect()"
    left, top, width = tab.value(f"(() => {{ const at = {at}; return [at.left, at.top, at.width]; }})()")
    tab.hover(left + width / 3, top + 60)
    tab.picture(place)
    tab.close()


if __name__ == "__main__":
    main()
