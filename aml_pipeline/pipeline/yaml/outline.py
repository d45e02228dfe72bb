"""YAML text → its data as written, unchecked and without places: for a Tab, which cannot wait for the loader."""

from __future__ import annotations

import yaml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def outline(data: bytes) -> dict[str, Any]:
    """Return the top of a file: mappings, lists and strings, as written. Raises ValueError if it is not readable."""
    try:
        top = yaml.load(data, Loader=_Loader)  # noqa: S506 - it makes strings, lists and mappings of them, nothing else
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError from error
    return top if isinstance(top, dict) else {}
