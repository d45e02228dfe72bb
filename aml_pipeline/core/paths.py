"""The way from one path to another, with / between folders; on Windows, there is none between two drives."""

from __future__ import annotations

import os
import re

_DRIVE = re.compile(r"(?P<letter>[A-Za-z]):[/\\]+(?P<rest>.*)", re.DOTALL)


def relative(path: str, start: str) -> str:
    """Return ``path`` relative to the folder ``start``, or ``path`` itself if that is on another drive."""
    try:
        return os.path.relpath(path, start).replace(os.sep, "/")
    except ValueError:
        return path.replace(os.sep, "/")


def is_in(path: str, folder: str) -> bool:
    """Whether an absolute path is ``folder`` or inside it, by their texts."""
    try:
        return os.path.commonpath([path, folder]) == folder
    except ValueError:
        return False


def of_windows(text: str) -> str:
    r"""Return how to write a path of Windows here, as a cure; "" if it is none, or if this is Windows.

    ``data\x.csv`` is data/x.csv on every system; ``C:\x.csv`` is found by Linux in WSL as /mnt/c/x.csv.
    """
    if os.sep != "/":
        return ""
    if drive := _DRIVE.fullmatch(text):
        return f"In WSL, write /mnt/{drive['letter'].lower()}/{drive['rest']}.".replace("\\", "/")
    portable = text.replace("\\", "/")
    return f"Write {portable}." if text not in {portable, ""} and not portable.startswith("/") else ""
