"""Find CIFAR-10 as it was published: a copy in a folder, else a download.

torchvision's MD5 of each file is checked, the folder with the copy is only read, and if the network does not answer,
this fails within seconds.
"""

import contextlib
import http.client
import shutil
import socket
import sys
import tarfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import check_integrity, download_url

from image_set import ImageSetError

__all__ = ["CIFAR10", "find"]

PATIENCE = 10.0  # seconds until a silent network counts as missing
CURES = (
    "Put cifar-10-python.tar.gz or cifar-10-batches-py/ into the folder that --archive names, or use --dataset digits"
)


def find(archive: Path | None, scratch: Path) -> Path:
    """Return the folder with a complete, checked ``cifar-10-batches-py``: ``archive``, or else ``scratch``.

    In ``archive``, ``cifar-10-batches-py/`` takes precedence over ``cifar-10-python.tar.gz``, which is unpacked into
    ``scratch``; without either, the tar is downloaded. Raises ImageSetError, naming the file, if one is missing or not
    the published one, and naming the cures if there is neither a copy nor a network.
    """
    if archive is not None and not archive.is_dir():
        raise ImageSetError(f"the archive folder {archive} is not a folder. {CURES}")
    extracted = archive is not None and (archive / CIFAR10.base_folder).exists()
    root = archive if archive is not None and extracted else scratch
    if not extracted:
        _unpack(_find_tar(archive, scratch), scratch)
    for name, md5 in _files():
        _check(root / CIFAR10.base_folder / name, md5)
    return root


def _find_tar(archive: Path | None, scratch: Path) -> Path:
    """Return the published tar, checked: the one in ``archive``, else one downloaded into ``scratch``."""
    if archive is not None and (archive / CIFAR10.filename).exists():
        tar: Path = archive / CIFAR10.filename
        _check(tar, CIFAR10.tgz_md5)
        return tar
    where = archive or "an archive folder (--archive)"
    print(f"no copy of CIFAR-10 in {where}: downloading {CIFAR10.url}", file=sys.stderr)
    return _download(scratch)


def _download(scratch: Path) -> Path:
    """Download the published tar into ``scratch`` through torchvision, which checks its MD5."""
    try:
        with _patience():
            _reach(CIFAR10.url)
            download_url(CIFAR10.url, scratch, CIFAR10.filename, CIFAR10.tgz_md5)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it keeps the connection open
        reason = " ".join(str(error).split())
        raise ImageSetError(f"CIFAR-10 could not be downloaded from {CIFAR10.url} ({reason}). {CURES}") from error
    return scratch / str(CIFAR10.filename)


def _unpack(tar: Path, scratch: Path) -> None:
    """Write only the files of CIFAR-10 from the tar into ``scratch/cifar-10-batches-py``."""
    (scratch / CIFAR10.base_folder).mkdir()
    with tarfile.open(tar, "r:gz") as members:
        names = set(members.getnames())
        for name, _ in _files():
            member = f"{CIFAR10.base_folder}/{name}"
            content = members.extractfile(member) if member in names else None
            if content is None:
                raise ImageSetError(f"{tar} does not contain the file {member}")
            with content, (scratch / member).open("wb") as file:
                shutil.copyfileobj(content, file)


def _files() -> list[tuple[str, str]]:
    """Return name and MD5 of each file that torchvision reads."""
    batches = [(name, md5) for name, md5 in CIFAR10.train_list + CIFAR10.test_list]
    return [*batches, (CIFAR10.meta["filename"], CIFAR10.meta["md5"])]


def _check(path: Path, md5: str) -> None:
    """Raise ImageSetError unless the file is there and has this MD5."""
    if not path.is_file():
        raise ImageSetError(f"{path} is missing: this copy of CIFAR-10 is incomplete")
    if not check_integrity(path, md5):
        raise ImageSetError(
            f"{path} is not the published CIFAR-10 file (MD5 {md5}): it is damaged or belongs to another data set"
        )


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Limit each wait on a socket: torchvision sets no timeout itself."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _reach(url: str) -> None:
    """Raise OSError unless ``url`` answers in time; in a thread, because name lookups have no timeout."""
    failure: list[BaseException] = [TimeoutError(f"no answer in {PATIENCE:g} seconds")]

    def ask() -> None:
        try:
            urllib.request.urlopen(url).close()  # noqa: S310 - the address is torchvision's
            failure.clear()
        except (OSError, http.client.HTTPException) as error:
            failure[:] = [error]

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if failure:
        raise failure[0]
