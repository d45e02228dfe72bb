"""What the tests of the scripts share: scripts as processes without a network, prepared images, Azure's far side."""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import forking
from tests.patience import PATIENCE

STEPS = Path(__file__).parents[2] / "steps"
CLOSED = "http://127.0.0.1:9"  # nobody listens there
NO_NETWORK = dict.fromkeys(["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"], CLOSED)
# azureml.core's own, while it is imported and when it is told that it is in Azure.
IGNORED = ["FileType Enum is Deprecated", "setDaemon() is deprecated", "'imghdr' is deprecated"]
WARNINGS = ["-Werror", *(f"-Wignore:{message}:DeprecationWarning" for message in IGNORED)]

Script = Callable[..., "subprocess.CompletedProcess[str]"]


def run_script(
    name: str | Path, *arguments: object, status: int = 0, environ: dict[str, str] | None = None, anew: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run a script as people do, in its folder; there is no network, a warning is an error, and it must exit so.

    It finds torch imported, unless ``anew``: then Python is started for it.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "AZUREML"))}
    variables = {**inherited, **NO_NETWORK, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1", **(environ or {})}
    words = [str(name), *map(str, arguments)]
    done = _started(words, variables) if anew else forking.run_script(words, STEPS, variables, WARNINGS)
    assert done.returncode == status, f"{name} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def _started(words: list[str], variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *WARNINGS, *words],
        cwd=STEPS,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture(scope="session")
def script() -> Script:
    return run_script


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of digits, written by the real script."""
    folder = tmp_path_factory.mktemp("digits") / "images"
    done = run_script("prepare_data.py", "--dataset", "digits", "--output", folder)
    assert done.stdout == "data set: digits (real handwritten digits), 1621 training and 176 test images\n"
    assert not done.stderr
    return folder


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 335 training and 67 test images in CIFAR-10's format, written by the real script."""
    folder = tmp_path_factory.mktemp("synthetic") / "images"
    done = run_script("prepare_data.py", "--dataset", "synthetic", "--images-per-batch", 67, "--output", folder)
    assert done.stdout == "data set: synthetic (SYNTHETIC images, not real ones), 335 training and 67 test images\n"
    return folder


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread, as train.py has it: bits depend on the number."""
    import torch  # 2 s, also where no test of this folder runs

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@contextmanager
def serve(answer: Callable[[str, str, bytes], tuple[int, bytes]]) -> Iterator[str]:
    """Serve HTTP on loopback, with what ``answer(method, path, body)`` returns: status and body. Yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = answer(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = handle_one  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Azure:
    """The far side of an Azure ML run, as much of it as the SDK asks within a script, and what it was sent."""

    ENVIRONMENT: dict[str, Any] = {  # noqa: RUF012 - read only
        "name": "used",
        "version": "7",
        "python": {"interpreterPath": "python"},
        "docker": {},
        "environmentVariables": {},
        "spark": {},
    }

    SERVICES = (
        *("api", "artifact", "environment", "experimentation", "history", "hyperdrive", "modelmanagement"),
        *("notebooks", "pipelines", "rp", "studio"),
    )

    def __init__(self, home: Path) -> None:
        self.home = home
        self.address = ""
        self.refuses_environments = False
        self.knows_the_run = True
        self.properties: dict[str, str] = {}
        self.registered: list[dict[str, Any]] = []
        self.metrics: list[tuple[str, float]] = []

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        found = self.find(method, path, json.loads(body) if body else {})
        missing = {"error": {"code": "NotFound", "message": "not there,\nthe service says", "details": []}}
        return (404, json.dumps(missing).encode()) if found is None else (200, json.dumps(found).encode())

    def find(self, method: str, path: str, sent: dict[str, Any]) -> dict[str, Any] | None:
        if "/environment/v1.0/" in path:
            return None if self.refuses_environments else self.environment(method, path, sent)
        if path.startswith("/metric/v2.0/"):
            self.metrics += [(v["name"], row["data"][v["name"]]) for v in sent["values"] for row in v["value"]]
        answers: dict[str, dict[str, Any] | None] = {
            "/discovery": dict.fromkeys(self.SERVICES, self.address),
            "/runs/the-run": self.run if self.knows_the_run else None,
            "/runs/the-run/details": {
                "logFiles": {},
                "runDefinition": {"environment": {"name": "used", "version": "7"}},
            },
            "/user_logs": {"value": []},
            "/system_logs": {"value": []},
            "/runs/the-run/batch": {},
            "/metricsingest/wait": {},
        }
        return next((answer for end, answer in answers.items() if path.endswith(end)), None)

    @property
    def run(self) -> dict[str, Any]:
        ids = {"runId": "the-run", "rootRunId": "the-run", "dataContainerId": "container", "experimentId": "id"}
        about = {"runNumber": 1, "runType": "azureml.StepRun", "status": "Running", "properties": self.properties}
        return {**ids, **about}

    def environment(self, method: str, path: str, sent: dict[str, Any]) -> dict[str, Any] | None:
        if method == "GET":
            return self.ENVIRONMENT if path.endswith("/environments/used/versions/7") else None
        self.registered.append({"path": path.rpartition("/environments/")[2], **sent})
        return {**self.ENVIRONMENT, "name": sent["Name"], "version": "3"}

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which Azure ML tells a script which run it is."""
        expiry = int(time.time()) + 3600
        parts = (json.dumps({"alg": "none"}), json.dumps({"exp": expiry}), "signature")
        return {
            "AZUREML_ARM_SUBSCRIPTION": "subscription",
            "AZUREML_ARM_RESOURCEGROUP": "group",
            "AZUREML_ARM_WORKSPACE_NAME": "the-workspace",
            "AZUREML_ARM_PROJECT_NAME": "experiment",
            "AZUREML_EXPERIMENT_ID": "id",
            "AZUREML_WORKSPACE_ID": "workspace-id",
            "AZUREML_RUN_ID": "the-run",
            "AZUREML_RUN_TOKEN": ".".join(
                base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts
            ),
            "AZUREML_RUN_TOKEN_EXPIRY": str(expiry),
            "AZUREML_SERVICE_ENDPOINT": self.address,
            "AZUREML_DISCOVERY_SERVICE_ENDPOINT": f"{self.address}/discovery",
            "AZUREML_DEFAULT_BACKOFF": "0",
            "AZUREML_DEFAULT_RETRIES": "1",
            "HBI_WORKSPACE_JOB": "true",  # no telemetry
            "HOME": str(self.home),  # the SDK keeps addresses there
        }


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Azure]:
    """An Azure ML run; pass ``azure.environ`` to a script."""
    far_side = Azure(tmp_path / "home")
    (far_side.home / ".azureml").mkdir(parents=True)
    with serve(far_side.answer) as far_side.address:
        yield far_side


@pytest.fixture
def without_v1(tmp_path: Path) -> dict[str, str]:
    """Variables with which a script finds no azureml-core, installed or not."""
    package = tmp_path / "first" / "azureml"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'azureml'\")\n")
    return {"PYTHONPATH": str(package.parent)}


@pytest.fixture
def http_server() -> Callable[..., Any]:
    return serve
