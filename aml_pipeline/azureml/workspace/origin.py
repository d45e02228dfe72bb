"""Identifies the publishing project, wherever it was cloned: its repository and the path of its file there.

Two projects may use the same pipeline name. They are distinguished by the normalised address of the git remote, or
without one by an id in a file of the project.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from urllib.parse import quote, unquote
from uuid import uuid4

from aml_pipeline.core import files
from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.masking import without_secrets

ID_FILE = ".aml-pipeline-origin"
_ABOUT = """\
# aml-pipeline marks what this project publishes to Azure ML with this id, because it has no git remote.
# Keep this file with the project and commit it. Do not copy it to another project.
"""
_ID = re.compile(r"^id-[0-9a-f]{16}$", re.MULTILINE)
# The limit of the description that contains the mark.
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """``names`` are possible origins of the project, of which the first is written; ``new`` is an id to store."""

    names: tuple[str, ...]
    folder: str
    new: str = ""

    def keep(self) -> str:
        """Store a new id of the project; return a remark if that was done."""
        if not self.new:
            return ""
        place = os.path.join(self.folder, ID_FILE)
        files.write(place, f"{_ABOUT}{self.new}\n".encode())
        return (
            "This project has no git remote, so what it publishes is marked with the id in "
            f"{ID_FILE}. Keep that file with the project, and commit it."
        )


def origin(file: str) -> Origin:
    """Return the origin of the pipeline in ``file``. Raises MachineError when git cannot report the remote."""
    folder, name = os.path.split(os.path.abspath(file))
    folder = os.path.realpath(folder)
    remote, known = _remote(folder), _id(folder)
    new = "" if remote or known else f"id-{uuid4().hex[:16]}"
    names = [_text(remote[0], f"{remote[1]}{name}")] if remote else []
    names += [_text(address, name) for address in (known, new) if address]
    return Origin(tuple(names), folder, new)


def _id(folder: str) -> str:
    place = os.path.join(folder, ID_FILE)
    line = _ID.search(files.read(place).decode("utf-8", "replace")) if files.is_file(place) else None
    return line[0] if line else ""


def _text(address: str, file: str) -> str:
    """Return an origin for a mark: without spaces and not too long."""
    text = quote(f"{address}:{file}", safe="/:~+@,=()!*'&;$", errors="surrogateescape")
    return text if len(text) <= _LONGEST else f"sha256:{files.digest_of(text.encode())[:32]}"


def _remote(folder: str) -> tuple[str, str] | None:
    """Return the address of the repository of ``folder`` and the folder's path in it; None without a remote."""
    if not _is_in_repository(folder):
        return None
    rows = [row.split("\t", 1) for row in _git(folder, "remote", "-v").splitlines() if "\t" in row]
    remotes = {name: re.sub(r" \((fetch|push)\)( \[.*\])?$", "", rest) for name, rest in rows if "(fetch)" in rest}
    if not remotes:
        return None
    address = remotes.get("origin") or remotes[min(remotes)]
    return normalised(address, _git(folder, "rev-parse", "--show-toplevel")), _git(folder, "rev-parse", "--show-prefix")


def _is_in_repository(folder: str) -> bool:
    above = os.path.dirname(folder)
    return os.path.exists(os.path.join(folder, ".git")) or (above != folder and _is_in_repository(above))


def _git(folder: str, *words: str) -> str:
    cure = "publish needs the address of its remote to distinguish this project from others: see `git remote -v` there."
    failed = f"git cannot read the repository of {folder}, and {cure}"
    command = ["git", "-C", folder, *words]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        raise MachineError(failed) from None
    if answer.returncode != 0:
        raise MachineError(failed)
    return answer.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


# Hosts with case-insensitive paths, and their host names for ssh.
_CASELESS = frozenset({"github.com", "gitlab.com", "bitbucket.org", "dev.azure.com"})
_SAME_HOST = {
    "www.github.com": "github.com",
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "ssh.dev.azure.com": "dev.azure.com",
    "vs-ssh.visualstudio.com": "dev.azure.com",
}
_SCP = re.compile(r"(?:[^/\s]*@)?([\w.-]{2,}):(?!//)(.*)", re.DOTALL)


def normalised(address: str, folder: str) -> str:
    """Return the normalised address of a remote, without a login: ``github.com/me/project``.

    A local path is relative to ``folder``.
    """
    scheme, slashes, rest = address.strip().partition("://")
    scp = None if slashes else _SCP.fullmatch(address.strip())
    if slashes and scheme != "file":
        host, _, path = rest.partition("/")
    elif scp:
        host, path = scp[1], scp[2]
    else:
        return f"file:{_plain(os.path.realpath(os.path.join(folder, unquote(rest if slashes else address.strip()))))}"
    host = re.sub(r":\d*$", "", host.rpartition("@")[2]).lower()
    host, path = _of_azure_devops(_SAME_HOST.get(host, host), _plain(unquote(re.split(r"[?#]", path)[0])))
    text = f"{host}/{path.lower() if host in _CASELESS else path}"
    safe = without_secrets(text)
    if safe == text and "@" not in path:
        return text
    digest = files.digest_of(safe.encode("utf-8", "surrogateescape"))[:32]
    return f"{'sha256' if '@' in path else host}/{digest}"  # a malformed login may end within the path


def _plain(path: str) -> str:
    return re.sub(r"/+", "/", path).strip("/").removesuffix(".git").rstrip("/")


def _of_azure_devops(host: str, path: str) -> tuple[str, str]:
    """Return host and path of an Azure DevOps repository as ``dev.azure.com/ORGANISATION/PROJECT/REPOSITORY``."""
    organisation, dot, domain = host.partition(".")
    parts = path.split("/")
    if dot and domain == "visualstudio.com":
        parts = [organisation, *(part for part in parts if part.lower() != "defaultcollection")]
    elif host != "dev.azure.com":
        return host, path
    elif parts[0] == "v3":
        return host, "/".join(parts[1:])
    if "_git" in parts:
        place = parts.index("_git")
        before, repository = parts[:place], parts[place + 1 :]
        parts = [*before, *(repository if len(before) > 1 else repository * 2)]
    return "dev.azure.com", "/".join(parts)
