"""Downloads the code of steps: the real SDK v1 over a loopback service, which serves zip files."""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from aml_pipeline.azureml import heard_by
from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.v1.imported import snapshots
from aml_pipeline.azureml.v1.imported.snapshots import fetch
from aml_pipeline.core.errors import AzureError
from tests.loopback.service import Service
from tests.loopback.serving import quiet, serving
from tests.loopback.state import Sdk
from tests.loopback.storage import storing
from tests.loopback.wire import Request

pytestmark = quiet

CODE = {"train.py": b"print(1)\n", "data/a.bin": bytes(range(256))}


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr("urllib3.util.retry.Retry.get_backoff_time", lambda _: 0)  # the SDK waits between two attempts
    monkeypatch.setattr(snapshots, "_PAUSE_SECONDS", 0.01)
    with serving(tmp_path, monkeypatch) as service:
        yield service


@pytest.fixture
def workspace(service: Service, tmp_path: Path) -> Sdk:
    from tests.loopback.client import connect

    return connect(service, tmp_path)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    made = tmp_path / "outside" / "target"
    made.mkdir(parents=True)
    return made


def contents(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_equal_snapshots_are_downloaded_once(service: Service, workspace: Sdk, target: Path) -> None:
    one, other = service.add_snapshot(CODE), service.add_snapshot({"x.py": b""})
    heard: list[str] = []
    with heard_by(heard.append):
        assert fetch(workspace, {"steps/a": one, "steps/b": other, "steps/c": one}, str(target)) == []
    wanted = {f"steps/{step}/{path}": data for step in "ac" for path, data in CODE.items()}
    assert contents(target) == {**wanted, "steps/b/x.py": b""}
    assert len(service.asked("GET", ".zip")) == len(service.asked("POST", "/zip")) == 2
    first, half, last = heard
    assert (first, last) == ("Downloading 2 snapshots of 3 folders.", "Downloaded 2 snapshots, 590 bytes.")
    assert half.startswith("[#####·····] 1 of 2 snapshots, ")
    assert os.stat(target / "steps/a/train.py").st_ino != os.stat(target / "steps/c/train.py").st_ino, "copies"
    assert service.writes() == []


def test_a_zip_that_is_not_ready_is_waited_for(
    service: Service, workspace: Sdk, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.state.late_zips = 3
    fetch(workspace, {"steps": service.add_snapshot(CODE)}, str(target))
    assert contents(target / "steps") == CODE
    service.state.late_zips = 1_000_000
    monkeypatch.setattr(snapshots, "_PATIENCE_SECONDS", 0.05)
    with pytest.raises(AzureError, match=r"did not make a zip file of snapshot .* in time. Try again."):
        fetch(workspace, {"other": service.add_snapshot(CODE)}, str(target))


def test_a_download_that_breaks_off_is_tried_again(service: Service, workspace: Sdk, target: Path) -> None:
    snapshot = service.add_snapshot({"big.bin": os.urandom(3 << 20)})
    service.cut(r"\.zip$")
    service.drop(r"\.zip$", first=2)
    heard: list[str] = []
    with heard_by(heard.append):
        fetch(workspace, {"steps": snapshot}, str(target))
    assert len(contents(target)["steps/big.bin"]) == 3 << 20
    assert heard[-1] == "Downloaded 1 snapshot, 3.1 MB.", "each byte counts once"
    assert len(service.asked("GET", ".zip")) >= 3


@pytest.mark.parametrize("route", ["/zip$", r"\.zip$"])
def test_a_fault_is_said_in_our_words(service: Service, workspace: Sdk, target: Path, route: str) -> None:
    code = {f"steps/{number}": service.add_snapshot(CODE) for number in range(6)}
    for status, said in ((401, "You are not logged in"), (500, "internal error"), (0, "cannot be reached")):
        service.faults.ordered.clear()
        service.fail(route, status, times=1000)
        with pytest.raises(AzureError, match=f"^Downloading snapshots failed. .*{said}") as refused:
            fetch(workspace, code, str(target))
        assert "sig=" not in str(refused.value)
        assert contents(target.parent) == {}, "no half zip files"


def test_code_comes_back_from_the_storage_of_azure(
    service: Service, workspace: Sdk, tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azureml._restclient.snapshots_client import SnapshotsClient

    source = tmp_path / "source"
    for name, data in CODE.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    with storing(service.guard, tmp_path, monkeypatch) as storage:
        service.store_snapshots(storage)
        snapshot = SnapshotsClient(workspace.service_context).create_snapshot(str(source))
        assert fetch(workspace, {"steps": snapshot}, str(target)) == []
        (asked,) = storage.asked("GET", f"{snapshot}.zip")
    assert contents(target / "steps") == CODE
    assert "authorization" not in asked.headers, "its address has a signature; the login is for Azure ML"


def test_a_signal_stops_all_downloads(service: Service, workspace: Sdk, target: Path) -> None:
    code = {f"steps/{number}": service.add_snapshot(CODE) for number in range(20)}

    first = threading.Lock()  # four downloads begin at once, and one signal arrives

    def stop(request: Request) -> None:
        if request.route.endswith(".zip") and first.acquire(blocking=False):
            _thread.interrupt_main()

    with service.meeting(stop), pytest.raises(KeyboardInterrupt):
        fetch(workspace, code, str(target))
    assert not [name for name in contents(target) if name.endswith(".zip")]
    assert len(service.asked("POST", "/zip")) < len(code)


def test_what_is_left_out_is_returned(service: Service, workspace: Sdk, target: Path) -> None:
    hostile = service.add_snapshot({"../x.py": b"", "/etc/x": b"", "train.py": b"1"})
    missing = "00000000-0000-4000-8000-0000000000ff"
    lost = fetch(workspace, {"steps/a": hostile, "steps/b": missing, "steps/c": "../../x"}, str(target))
    assert contents(target.parent) == {"target/steps/a/train.py": b"1"}
    assert [one.where for one in lost] == ["steps/a", "steps/a", "steps/b", "steps/c"]
    assert lost[2] == Loss("steps/b", "code", snapshots._GONE.format(missing))
    with pytest.raises(AzureError, match=r"is damaged. Try the import again."):
        fetch(workspace, {"steps": service.add_snapshot(b"no zip file")}, str(target))
