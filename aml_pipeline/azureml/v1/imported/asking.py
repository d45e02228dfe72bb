"""The services of a workspace, asked for JSON as they send it: the SDK's own objects leave out much of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

from aml_pipeline.azureml.v1.imported.found import Json
from aml_pipeline.azureml.v1.sdk import Sdk
from aml_pipeline.azureml.workspace.refusals import NOT_FOUND
from aml_pipeline.core.plain import mapping

_THREADS = 8
_SECONDS = (30, 300)  # to connect, and between two parts of an answer
# The function of the SDK that knows the address of a service, and the version of the service.
_SERVICES = {
    "content": ("_get_project_content_url", "v2.0"),
    "dataset": ("_get_run_history_url", "v1.0"),
    "environment": ("_get_environment_url", "v1.0"),
    "history": ("_get_run_history_url", "v1.0"),
    "pipelines": ("_get_pipelines_url", "v1.0"),
}
# The service for pipelines sends numbers or words, as azureml-pipeline-core says (`AE3PServiceCallerBase`).
_WORDS: Mapping[str, tuple[str, ...]] = {
    "DataStoreMode": ("none", "mount", "download", "upload"),
    "EntityStatus": ("Active", "Deprecated", "Disabled"),
    "Frequency": ("Month", "Week", "Day", "Hour", "Minute"),
    "WeekDays": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_Result = TypeVar("_Result")
Query: TypeAlias = Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Services:
    """The services of ``workspace``. What they refuse is raised as it is: call them within ``sdk.doing``."""

    workspace: Sdk
    session: Sdk

    def get(self, service: str, path: str, query: Query = None, **headers: str) -> Any:  # noqa: ANN401 - JSON
        """Return what a service answers, with words for the numbers of enumerations."""
        return _in_words(_good(self._sent("GET", self._address(service, path), query, headers)).json())

    def find(self, service: str, path: str, query: Query = None) -> Json | None:
        """Return what a service answers; nothing if it does not know the thing."""
        return _if_there(self._sent("GET", self._address(service, path), query))

    def post(self, service: str, path: str) -> Json | None:
        """Let a service make what it can make of a thing; return its answer, nothing if it does not know the thing."""
        return _if_there(self._sent("POST", self._address(service, path)))

    def at(self, address: str) -> Json:
        """Return the JSON at an address that a service gave."""
        return mapping(_good(self._sent("GET", address)).json())

    @contextlib.contextmanager
    def download(self, address: str) -> Iterator[Sdk]:
        """Give the answer of an address with its own signature, which is not read yet."""
        with self.session.get(address, stream=True, timeout=_SECONDS) as answer:
            answer.raise_for_status()
            yield answer

    @property
    def name(self) -> str:
        """The workspace as subscription/group/name."""
        return f"{self.workspace.subscription_id}/{self.workspace.resource_group}/{self.workspace.name}"

    def _address(self, service: str, path: str) -> str:
        context = self.workspace.service_context
        function, version = _SERVICES[service]
        return f"{getattr(context, function)()}/{service}/{version}{context._get_workspace_scope()}/{path}"  # noqa: SLF001

    def _sent(self, method: str, address: str, query: Query = None, headers: Query = None) -> Sdk:
        login = self.workspace._auth_object.get_authentication_header()  # noqa: SLF001 - renewed when it expires
        given = {**login, **(headers or {})}
        return self.session.request(method, address, params=query, headers=given, timeout=_SECONDS)


def _good(answer: Sdk) -> Sdk:
    """Return an answer; raise a refusal, with what the service says of it."""
    if answer.ok:
        return answer
    from requests import HTTPError

    raise HTTPError(answer.text, response=answer)


def _if_there(answer: Sdk) -> Json | None:
    return None if answer.status_code == NOT_FOUND else mapping(_in_words(_good(answer).json()))


@contextlib.contextmanager
def services(workspace: Sdk) -> Iterator[Services]:
    """Give the services of a workspace; what fails is asked again, as the SDK does."""
    from azureml._base_sdk_common.utils import create_session_with_retry

    with create_session_with_retry() as session:
        yield Services(workspace, session)


def each(
    function: Callable[[str], _Result],
    keys: Iterable[str],
    threads: int = _THREADS,
    *,
    told: Callable[[int], object] = bool,
    stop: Callable[[], object] = bool,
) -> dict[str, _Result]:
    """Return what ``function`` returns for each key, called in threads, once for equal keys.

    ``told`` hears from this thread how many are done. After the first error, or a signal, nothing more is begun, and
    ``stop`` tells what runs already.
    """
    executor = ThreadPoolExecutor(threads)
    try:
        futures = {executor.submit(function, key): key for key in dict.fromkeys(keys)}
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            told(done)
    except BaseException:
        stop()
        raise
    finally:
        executor.shutdown(cancel_futures=True)
    return {key: future.result() for future, key in futures.items()}


def quoted(text: str) -> str:
    """Return a name or an id as one part of a path."""
    return quote(text, safe="")


def as_json(text: object) -> object:
    """Return what JSON in a text says; nothing if it is none."""
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _in_words(value: Any, key: str = "") -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _in_words(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_in_words(inner, key) for inner in value]
    words = _WORDS.get(key, ())
    if isinstance(value, (int, str)) and str(value).isdecimal() and int(value) < len(words):
        return words[int(value)]
    return value.lower() if key == "DataStoreMode" and isinstance(value, str) else value
