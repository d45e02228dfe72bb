"""Keeps logins in addresses of git remotes out of what the SDK sends to Azure ML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_LOGIN = re.compile(r"(?<=://)[^/\s]*@")


def without_login(address: str) -> str:
    """Return the address of a repository without user and password: ``https://me:secret@host/x`` → ``https://host/x``."""
    return _LOGIN.sub("", address)


@dataclass(frozen=True, slots=True)
class Careful:
    """A provider of the SDK without logins."""

    own: Any

    def gather(self) -> dict[str, str]:
        """Return the properties with commit and repository."""
        return {name: without_login(text) for name, text in self.own.gather().items()}


def hide_logins() -> None:
    """Make the SDK send addresses without logins, because everyone with access to the workspace can read them."""
    from azureml._base_sdk_common.tracking import global_tracking_info_registry

    providers = global_tracking_info_registry.providers
    providers[:] = [provider if isinstance(provider, Careful) else Careful(provider) for provider in providers]
