"""The folder of an import: complete or absent, nothing overwritten unasked, and nothing outside it."""

from __future__ import annotations

import datetime as dt
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.azureml.importing import document, readme
from aml_pipeline.azureml.importing.draft import Draft, Loss, Renamed
from aml_pipeline.azureml.importing.folder import Imported, write
from aml_pipeline.core import exchanging
from aml_pipeline.core.errors import MachineError, UsageError
from aml_pipeline.pipeline.yaml import scalars, source
from aml_pipeline.project.opening import open_pipeline
from tests.faults.disk_full import small_disk

SCRIPT = "import argparse\n\nparser = argparse.ArgumentParser()\nparser.add_argument('--rate')\nparser.parse_args()\n"
DOCUMENT: dict[str, Any] = {
    "name": "churn",
    "steps": {
        "train": {"script": "train.py", "arguments": {"--rate": "${{ parameters.rate }}"}},
        "score": {"script": "train.py", "after": ["train"], "compute": "gpu", "arguments": {"--rate": "0.10"}},
    },
    "compute": "cpu",
    "environment": {"registered": "torch", "version": "3"},
    "source_directory": "steps",
    "snapshot": ["**"],
    "parameters": {"rate": scalars.resolve("0.10")},
    "description": "one\ntwo",
    "x-imported-from": {"endpoint": "churn training", "id": "0123"},
}
DRAFT = Draft(
    DOCUMENT, code={"steps": "snapshot-1"}, files={"environments/torch.yml": b"name: torch\n"}, source="run 1"
)
NOW = dt.datetime(2026, 11, 28, 17, 0, tzinfo=dt.timezone.utc)


def fetch(code: Mapping[str, str], target: str) -> list[Loss]:
    for folder in code:
        (Path(target) / folder).mkdir(parents=True)
        (Path(target) / folder / "train.py").write_text(SCRIPT)
    return []


def same(_folder: str) -> list[str]:
    return []


def written(folder: Path, draft: Draft = DRAFT, **others: Any) -> Imported:  # noqa: ANN401 - as write
    return write(draft, str(folder), others.pop("fetch", fetch), others.pop("prove", same), **others)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


FILES = [
    ".gitignore",
    "README.md",
    "environments/torch.yml",
    "pipeline.schema.json",
    "pipeline.yaml",
    "steps/train.py",
]


def test_a_project_is_written_and_valid(tmp_path: Path) -> None:
    imported = written(tmp_path / "a" / "churn")
    assert imported.differences == []
    assert names(tmp_path) == [f"a/churn/{name}" for name in FILES]
    opened = open_pipeline(str(tmp_path / "a/churn/pipeline.yaml"))
    assert opened.loaded.problems == []
    assert opened.plan
    assert [step.name for step in opened.plan.steps] == ["train", "score"]


def test_the_file_is_laid_out_as_people_write_it() -> None:
    assert document.text(DRAFT) == (
        "# yaml-language-server: $schema=pipeline.schema.json\n"
        "# Imported from run 1 by `aml-pipeline import`.\n"
        "name: churn\ndescription: |-\n  one\n  two\n\n"
        'compute: cpu\nenvironment:\n  registered: torch\n  version: "3"\nsource_directory: steps\nsnapshot: ["**"]\n\n'
        "parameters:\n  rate: 0.10\n\n"
        "steps:\n  train:\n    script: train.py\n    arguments:\n      --rate: ${{ parameters.rate }}\n\n"
        '  score:\n    script: train.py\n    after: [train]\n    compute: gpu\n    arguments:\n      --rate: "0.10"\n\n'
        'x-imported-from:\n  endpoint: churn training\n  id: "0123"\n'
    )


ODD = [
    "a\n  \nb",
    "a\n\nb\n",
    " a\nb",
    "a\n b",
    "\n",
    "a\n\tb",
    "\x85",
    "- a\n- b",
    "# a\n# b",
    "a: b\nc: d",
    "012",
    "é\u2028😀",
]


@pytest.mark.parametrize("odd", ODD)
def test_what_steps_have_is_read_back_as_it_was(odd: str) -> None:
    step = {"script": odd, "arguments": [odd, {odd: [odd]}], "deep": {"er": {odd: odd}}}
    draft = Draft({"name": "a", "steps": {"b": step, "c": step}, "description": odd}, missing={"d": step})
    read = source.parse(source.decode(document.text(draft).encode())[0])
    assert read.root
    assert read.root.value == {**draft.document, "x-not-imported": {"d": step}}


def missing(**known: Any) -> Draft:  # noqa: ANN401 - JSON
    return Draft(DOCUMENT, missing={"score-all": {"type": "Databricks", "why": "it is a notebook", **known}})


def test_what_was_not_imported_is_kept_and_reported(tmp_path: Path) -> None:
    written(tmp_path / "p", Draft(DOCUMENT, {"steps": "1"}, missing=missing(cluster={"size": 3}).missing))
    problems = open_pipeline(str(tmp_path / "p/pipeline.yaml")).loaded.problems
    assert [(problem.code, problem.severity) for problem in problems] == [("not-imported", "error")]
    text = (tmp_path / "p/pipeline.yaml").read_text()
    assert (
        "x-not-imported:\n  score-all:\n    type: Databricks\n    why: it is a notebook\n    cluster:\n      size: 3\n"
        in text
    )
    assert "`validate` reports each as an error" in text
    assert "| score-all | Databricks | it is a notebook |" in (tmp_path / "p/README.md").read_text()


def test_hostile_data_of_a_missing_step_is_read_back() -> None:
    deep: Any = "end"
    for _ in range(100):
        deep = {"in": [deep]}
    text = document.text(missing(deep=deep, odd="\0\ud800\x1b[31m", when=NOW, bad={1: None}))
    read = source.parse(source.decode(text.encode())[0])
    assert not read.problems
    assert read.root
    known = read.root.value["x-not-imported"]["score-all"]
    assert known["odd"] == "\ufffd\ufffd\x1b[31m"
    assert known["bad"] == {"1": None}


SECRET = "hunter2-secret-value"  # noqa: S105 - to be looked for


def test_no_secret_is_shown(tmp_path: Path) -> None:
    losses = (Loss("step train", f"password={SECRET}", f"it was --token {SECRET}"),)
    known = {
        "score": {"type": "X", "why": f"api_key={SECRET}", "DB_PASSWORD": SECRET, "list": [f"--password={SECRET}"]}
    }
    draft = Draft(
        DOCUMENT, {"steps": "1"}, losses=losses, missing=known, renamed=(Renamed("step", f"token={SECRET}", "a"),)
    )
    written(tmp_path / "p", draft, prove=lambda _: [f"step train, variable DB_PASSWORD: password={SECRET} → nothing"])
    for path in (tmp_path / "p").rglob("*"):
        assert not path.is_file() or SECRET not in path.read_text()


@pytest.mark.parametrize(
    "known",
    [
        {"inputs": {"db_password": {"type": "string", "default": SECRET}}},
        {"inputs": {"db_password": {"type": "integer", "value": 1234567}}},
        {"variables": [{"name": "DB_PASSWORD", "value": SECRET}]},
        {"arguments": ["--user", "me", "--password", SECRET]},
        {"db_password": [SECRET, 1234567]},
    ],
)
def test_a_secret_of_a_missing_step_is_masked_by_what_it_is_called(known: dict[str, Any]) -> None:
    text = document.text(missing(**known))
    assert SECRET not in text
    assert "1234567" not in text
    assert "***" in text
    assert all(word in text for word in ("integer", "string", "me") if word in str(known))


def test_the_page_names_everything() -> None:
    losses = (Loss("schedule nightly", "end_time 2027", "a schedule here has no end"),)
    draft = Draft(
        DOCUMENT, losses=losses, renamed=(Renamed("step", "Train|Model `x|<i>`\n<b>`", "train-model"),), source="run 1"
    )
    page = readme.text(draft, ["step train, argument 2: 1 → 2"], NOW)
    assert page.startswith("# churn\n\nImported from run 1 on 2026-11-28 17:00 UTC by `aml-pipeline import`.\n")
    assert "| train | train.py | torch | cpu |\n| score | train.py | torch | gpu |\n" in page
    assert "| step | Train\\|Model `x\\|<i>` \\<b\\>\\` | train-model |\n" in page
    assert "| schedule nightly | end_time 2027 | a schedule here has no end |" in page
    assert "- step train, argument 2: 1 → 2\n" in page
    assert "$ aml-pipeline publish --dry-run --adopt 'churn training'\n" in page
    assert "submit" not in page
    assert "Identical" in readme.text(draft, [], NOW)
    assert "Nothing was compared" in readme.text(draft, None, NOW)


def test_the_next_commands_are_those_of_what_was_imported() -> None:
    job = {key: value for key, value in DOCUMENT.items() if key != "x-imported-from"}
    assert readme.text(Draft(job), [], NOW).endswith("$ aml-pipeline run\n$ aml-pipeline submit --dry-run\n```\n")
    scheduled = job | {"schedules": {"nightly": {"cron": "0 2 * * *"}}}
    assert readme.text(Draft(scheduled), [], NOW).endswith("$ aml-pipeline publish --dry-run\n```\n")


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_a_folder_that_is_not_empty_is_refused(there: str, tmp_path: Path) -> None:
    place = tmp_path / "p"
    if there == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / ".hidden").symlink_to("nowhere") if there == "link" else (place / "a").write_text("mine")
    before = names(tmp_path)
    with pytest.raises(UsageError, match="not a folder" if there == "file" else "is not empty"):
        written(place)
    assert names(tmp_path) == before


def test_what_the_code_lost_is_reported(tmp_path: Path) -> None:
    loss = Loss("steps", "code", ".git/config: not code")
    imported = written(tmp_path / "p", fetch=lambda code, target: [*fetch(code, target), loss])
    assert imported.draft.losses == (loss,)
    assert "| steps | code | .git/config: not code |" in (tmp_path / "p/README.md").read_text()
    assert "README.md lists" in (tmp_path / "p/pipeline.yaml").read_text()


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    written(tmp_path / "p")
    assert names(tmp_path / "p") == FILES


def test_with_force_other_files_stay(tmp_path: Path) -> None:
    place = tmp_path / "p"
    (place / "steps").mkdir(parents=True)
    (place / ".aml_pipeline").mkdir()
    for name in ("pipeline.yaml", "mine.txt", "steps/old.py", ".aml_pipeline/record"):
        (place / name).write_text("mine")
    (place / "mine.txt").chmod(0o600)
    outside = tmp_path / "outside"
    os.link(place / "pipeline.yaml", outside)
    seen: list[str] = []

    def prove(made: str) -> list[str]:
        seen.extend(names(Path(made)))
        return []

    written(place, force=True, prove=prove)
    assert names(place) == sorted([*FILES, "mine.txt", "steps/old.py", ".aml_pipeline/record"])
    assert "steps/old.py" in seen  # which a step would send, too
    assert (place / "mine.txt").stat().st_mode & 0o777 == 0o600
    assert outside.read_text() == "mine"
    assert (place / "pipeline.yaml").read_text().startswith("# yaml-language-server")


def test_the_current_folder_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "p" / "inner")
    for place in (Path(), Path("..")):
        with pytest.raises(UsageError, match="contains the current folder"):
            written(place, force=True)


BAD = [
    ".git/config",
    ".aml_pipeline/x",
    ".azureml/config.json",
    ".Git/x",
    "../x",
    "/x",
    "a/../x",
    "a\\b",
    "C:/x",
    "a//b",
    "",
]


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("kind", ["code", "files"])
def test_a_path_outside_or_of_others_is_refused(name: str, kind: str, tmp_path: Path) -> None:
    draft = Draft(DOCUMENT, code={name: "1"}) if kind == "code" else Draft(DOCUMENT, files={name: b""})
    with pytest.raises(UsageError, match="not part of a project"):
        written(tmp_path / "p", draft)
    assert names(tmp_path) == []


def _fails(number: int) -> Any:  # noqa: ANN401 - a function of any kind
    def fail(*_: object) -> Any:  # noqa: ANN401
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("place", ["fetch", "prove"])
def test_a_full_disk_leaves_nothing(place: str, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="disk is full, and nothing was imported"):
        written(tmp_path / "p", **{place: _fails(errno.ENOSPC)})
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(PermissionError):
        written(tmp_path / "p", **{place: _fails(errno.EACCES)})


def test_an_interrupt_leaves_what_was_there(tmp_path: Path) -> None:
    def stop(_: str) -> list[str]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written(tmp_path / "new", prove=stop)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "pipeline.yaml").write_text("mine")
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path / "p", prove=stop, force=True)
    assert names(tmp_path) == ["p/pipeline.yaml"]
    assert (tmp_path / "p" / "pipeline.yaml").read_text() == "mine"


KILLED = """
import os, signal, sys
from tests.azureml.test_import_folder import DRAFT, fetch, same
from aml_pipeline.azureml.importing.folder import write
left = int(sys.argv[2])
def audit(event, _):
    global left
    if event in {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.listdir", "ctypes.dlsym"}:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(audit)
write(DRAFT, sys.argv[1], fetch, same, force=True)
"""


def _killed_at(moment: int, place: Path) -> int:
    return subprocess.run([sys.executable, "-c", KILLED, str(place), str(moment)], check=False).returncode


def _is_whole(place: Path) -> bool:
    """Whether a killed import left no project, or a whole one: either is fine, if nothing else is visible."""
    assert all(path == place or path.name.startswith(".p.") for path in place.parent.iterdir())
    return place.exists() and names(place) == FILES


@pytest.mark.parametrize("moment", [1, 8])
def test_a_kill_leaves_no_half_project(moment: int, tmp_path: Path) -> None:
    assert _killed_at(moment, tmp_path / "p") == -signal.SIGKILL
    assert not (tmp_path / "p").exists() or _is_whole(tmp_path / "p")
    written(tmp_path / "p", force=True)
    assert _is_whole(tmp_path / "p")


@pytest.mark.more
def test_a_kill_at_any_moment_leaves_no_half_project(tmp_path: Path) -> None:
    for moment in range(1, 500):
        place = tmp_path / str(moment) / "p"
        place.parent.mkdir()
        status = _killed_at(moment, place)
        assert not place.exists() or _is_whole(place)
        if status == 0:
            assert _is_whole(place)
            return
    pytest.fail("it never ended")


def _replaced_at(moment: int, place: Path) -> bool:
    """Kill a second import at a moment, and look for the first or the second; return whether it ended before."""
    written(place)
    old = {"pipeline.yaml": "old", "README.md": "old", "mine.txt": "old"}
    for name, text in old.items():
        (place / name).write_text(text)
    status = _killed_at(moment, place)
    assert names(place) == sorted([*FILES, "mine.txt"])
    texts = {name: (place / name).read_text() for name in old}
    assert texts == old or [name for name in old if texts[name] == "old"] == ["mine.txt"]
    assert status == (0 if status == 0 else -signal.SIGKILL)
    return status == 0


# About the last moment before the folder has its place, and the first after it.
@pytest.mark.parametrize("moment", [40, 41, 42])
def test_a_kill_leaves_one_of_two_versions(moment: int, tmp_path: Path) -> None:
    _replaced_at(moment, tmp_path / "p")


@pytest.mark.more
def test_a_kill_at_any_moment_leaves_one_of_two_versions(tmp_path: Path) -> None:
    assert any(_replaced_at(moment, tmp_path / str(moment) / "p") for moment in range(1, 500))


@pytest.mark.parametrize("call", [None, lambda *_: -1])
def test_a_file_system_that_cannot_exchange_folders(
    call: exchanging.Exchange | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "p")
    (tmp_path / "p" / "README.md").write_text("old")
    monkeypatch.setattr(exchanging, "_call", lambda: call)
    written(tmp_path / "p", force=True)
    assert names(tmp_path) == [f"p/{name}" for name in FILES]
    assert (tmp_path / "p" / "README.md").read_text() != "old"


LARGE = Draft(DOCUMENT, code={"steps": "1"}, files={"environments/torch.yml": b"# torch\n" * 10_000})


def opening(folder: str) -> list[str]:
    """Open the project, as the real proof does, which writes answers into it."""
    return [str(problem) for problem in open_pipeline(str(Path(folder) / "pipeline.yaml")).loaded.problems]


def _fits(kilobytes: int, disk: Path, *, forced: bool) -> bool:
    """Import onto a disk of this size; return whether that worked. Else what was there before is there, and no more."""
    with small_disk(disk, kilobytes) as allowed:
        if not allowed:
            pytest.skip("mounting is not allowed: run it as root")
        if forced:
            (disk / "p").mkdir()
            (disk / "p" / "pipeline.yaml").write_text("mine")
        before = sorted(disk.rglob("*"))
        try:
            written(disk / "p", LARGE, prove=opening, force=forced)
        except MachineError as error:
            told = str(error)
        else:
            assert names(disk) == [f"p/{name}" for name in FILES]
            return True
        assert told == "The disk is full, and nothing was imported. Free some space, and try again."
        assert sorted(disk.rglob("*")) == before
        assert not forced or (disk / "p" / "pipeline.yaml").read_text() == "mine"
        return False


@pytest.mark.parametrize("forced", [False, True])
def test_a_disk_that_is_full_has_what_it_had(tmp_path: Path, *, forced: bool) -> None:
    assert [_fits(size, tmp_path, forced=forced) for size in (4, 100, 1000)] == [False, False, True]


@pytest.mark.more
@pytest.mark.parametrize("forced", [False, True])
def test_a_disk_of_any_size_that_is_full_has_what_it_had(tmp_path: Path, *, forced: bool) -> None:
    """A page more each time: the disk is full at each write that there is."""
    fits = [_fits(size, tmp_path, forced=forced) for size in range(4, 400, 4)]
    assert fits == sorted(fits)
    assert set(fits) == {False, True}
