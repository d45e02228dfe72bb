"""The place of a dataset as one text: a name in the workspace, a path on a datastore, a web address, or a path here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_REGISTERED = re.compile(r"azureml:(?P<registered>[^:@/\s]+)(?P<version>:[^:@/\s]+|@latest)?")
_ON_DATASTORE = re.compile(r"azureml://datastores/(?P<datastore>[^/\s]+)/paths/(?P<path>.*\S)")
WEB_ADDRESS = r"https?://[^\s/]+/\S*[^\s/]"
# ``azureml:``, ``https:``, ``wasbs:``; not the drive of a path on Windows.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")

# The keys of a dataset that say where it is in Azure ML.
REMOTE = ("datastore", "path", "registered", "version", "url")
CURE = (
    "Write azureml:NAME:VERSION, azureml:NAME@latest, azureml://datastores/DATASTORE/paths/PATH or https://HOST/FILE."
)


def keys_of(text: str) -> dict[str, str] | None:
    """Return the keys of a dataset that ``text`` stands for; None if it stands for none."""
    match = _REGISTERED.fullmatch(text) or _ON_DATASTORE.fullmatch(text)
    if match:
        return {key: value.lstrip(":@") for key, value in match.groupdict().items() if value is not None}
    if re.fullmatch(WEB_ADDRESS, text):
        return {"url": text}
    return {"local": text} if text.strip() and not _SCHEME.match(text) else None


def moved(keys: Mapping[str, Any], place: Mapping[str, str]) -> dict[str, Any]:
    """Return the ``keys`` of a dataset that is wanted at another ``place`` and nowhere else, see ``keys_of``.

    An uploaded one is uploaded from another path here. Only a registered FileDataset is evaluated.
    """
    kept = dict(keys)
    if not (keys["upload"] and "local" in place):
        kept |= {"local": None, "upload": 0, **dict.fromkeys(REMOTE)}
    if "registered" not in place:
        kept["mode"] = keys["mode"].removeprefix("eval_")
    return {**kept, "optional": False, **place}


def is_local(text: str) -> bool:
    """Whether ``text`` is a path on this machine."""
    return "local" in (keys_of(text) or {})
