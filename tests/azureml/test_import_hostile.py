"""A workspace full of hostile names and paths: an import writes nothing outside its folder, and overwrites nothing."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aml_pipeline import azureml
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.wording import printable
from tests.azureml.raw_v1.basics import prepare, scripts, step
from tests.loopback.serving import quiet
from tests.loopback.storage import KEY, storing

if TYPE_CHECKING:
    from tests.loopback.service import Service
    from tests.loopback.state import Sdk

pytestmark = quiet

# Names that an honest SDK accepts, for a service that anybody may write to.
NAMES = {
    "a step above": "../x",
    "an absolute path": "/etc/cron.d/x",
    "of Windows": "C:\\Windows\\x",
    "long": "n" * 300,
    "control characters": "a\x00b\nc\x1b[2Jd\u202ee",
    "a device of Windows": "CON",
    "nothing": " ",
    "Markdown": "|a|`b`<script>[c](javascript:d)",
    "YAML": "x: !!python/object/apply:os.system ['true']",
    "an expression": "${{ parameters.p }}",
}
SCRIPT = b"print('honest')\n"
PATHS = {
    "../above.py": SCRIPT,
    "a/../../../above.py": SCRIPT,
    "/absolute.py": SCRIPT,
    "C:/drive.py": SCRIPT,
    "..\\windows.py": SCRIPT,
    "CON.py": SCRIPT,
    f"{'n' * 300}.py": SCRIPT,
    "b\x1b[2J.py": SCRIPT,
    ".git/hooks/post-checkout": b"#!/bin/sh\n",
    ".aml_pipeline/runs/x": b"",
    "RUN.py": b"print('the same name to some systems')\n",
    "lib/honest.py": SCRIPT,
}
HONEST = ("lib/honest.py", "CON.py")  # the latter is a device of Windows only


@pytest.fixture
def hostile(service: Service, workspace: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give the id of a published pipeline whose names and code somebody has made hostile."""
    prepare(service)
    with storing(service.guard, tmp_path, monkeypatch) as storage:
        service.unlock("AccountKey", KEY)
        service.store_snapshots(storage)
        yield _published(service, workspace, tmp_path / "notebook")


def _published(service: Service, workspace: Sdk, folder: Path) -> str:
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline, PipelineParameter

    source = scripts(folder, "run.py")
    p = PipelineParameter("p", default_value="\x1b]0;p\x07")
    steps = []
    for number, name in enumerate(NAMES):
        out = OutputFileDatasetConfig(f"out_{number}").as_upload()
        steps.append(step("run.py", name, ["--name", name, "--p", p, out], source_directory=source))
    published = Pipeline(workspace, steps).publish("../../evil", description="\x1b[2Jdescription\n---\n", version="1")
    code = service.add_snapshot(_zip())
    for module in service.modules.values():
        module["StorageId"] = code
        module["DataLocation"]["StorageId"] = code
        module["Name"] = NAMES[module["Name"]]
    for node in service.state.graphs[published.graph_id]["ModuleNodes"]:
        run = json.loads(node["Runconfig"])
        run["environment"]["name"] = "../../environment"
        node["Runconfig"] = json.dumps(run)
    return str(published.id)


def _zip() -> bytes:
    """Return a snapshot as no client sends it: paths that lead out, links, and an honest script."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("run.py", SCRIPT)
        for path, data in PATHS.items():
            archive.writestr(path, data)
        for name, target in (("link.py", "/etc/passwd"), ("folder", "/tmp")):  # noqa: S108 - a target of a link
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, target)
        archive.writestr("folder/through_a_link.py", SCRIPT)
    return made.getvalue()


def test_nothing_is_written_outside_the_folder(hostile: str, workspace: Sdk, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    before = _files(tmp_path)
    imported = azureml.import_pipeline(workspace, str(work / "project"), pipeline=hostile)
    project = work / "project"
    assert [path for path in _files(tmp_path) - before if not path.is_relative_to(project)] == []
    assert [path for path in project.rglob("*") if path.is_symlink()] == []
    assert {"run.py", "lib/honest.py", "CON.py"} == {
        str(path.relative_to(project / "steps")) for path in (project / "steps").rglob("*") if path.is_file()
    }
    lost = "\n".join(f"{one.where} {one.what} {one.why}" for one in imported.draft.losses)
    assert [path for path in (*PATHS, "link.py") if path not in HONEST and printable(path)[:20] not in lost] == []
    assert set(NAMES.values()) <= {one.old for one in imported.draft.renamed}
    for page in ("README.md", "pipeline.yaml"):
        text = (project / page).read_text(encoding="utf-8")
        assert [sign for sign in text if ord(sign) < 32 and sign != "\n"] == [], page
    assert "<script>" not in (project / "README.md").read_text(encoding="utf-8")


@pytest.mark.more
def test_nothing_is_overwritten_without_force(hostile: str, workspace: Sdk, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pipeline.yaml").write_text("mine")
    (project / "notes.txt").write_text("mine too")
    with pytest.raises(UsageError, match="--force"):
        azureml.import_pipeline(workspace, str(project), pipeline=hostile)
    assert sorted(os.listdir(project)) == ["notes.txt", "pipeline.yaml"]
    assert (project / "pipeline.yaml").read_text() == "mine"
    azureml.import_pipeline(workspace, str(project), pipeline=hostile, force=True)
    assert (project / "pipeline.yaml").read_text() != "mine"
    assert (project / "notes.txt").read_text() == "mine too"


@pytest.mark.more
def test_two_snapshots_with_one_name_are_two_folders(
    service: Service, hostile: str, workspace: Sdk, tmp_path: Path
) -> None:
    for number, module in enumerate(service.modules.values()):
        module["Name"] = "Train"
        module["DataLocation"]["StorageId"] = module["StorageId"] = service.add_snapshot({"run.py": b"%d\n" % number})
    azureml.import_pipeline(workspace, str(tmp_path / "project"), pipeline=hostile)
    code = [path.read_text() for path in (tmp_path / "project").rglob("run.py")]
    assert sorted(code) == sorted(f"{number}\n" for number in range(len(NAMES)))


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}
