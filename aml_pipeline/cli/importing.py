"""Imports what a command needs, without extra work of pydantic and Python."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


# Where pydantic searches all installed distributions for plugins, which imports an e-mail parser; no plugin matters for
# a pipeline. It is there since pydantic 2.7, our oldest version; elsewhere the stand-in has no effect.
_PLUGINS = "pydantic.plugin._loader"


class Uncollected:
    """Within the block there is no garbage collection: what is created there stays, and scanning takes half the time.

    A class because importing ``contextlib`` would take a tenth of the time of a run with nothing to do.
    """

    def __enter__(self) -> None:
        """Stop garbage collection."""
        import gc

        gc.disable()

    def __exit__(self, *_: object) -> None:
        """Resume garbage collection, except for what exists by now."""
        import gc

        gc.freeze()
        gc.enable()


def imported(module: str) -> ModuleType:
    """Import a module without extra work of pydantic and Python, each 10 ms."""
    import importlib
    from types import ModuleType

    stand_in = ModuleType(_PLUGINS)
    stand_in.get_plugins = tuple  # type: ignore[attr-defined]
    sys.modules.setdefault(_PLUGINS, stand_in)
    try:
        with Uncollected():
            return importlib.import_module(module)
    finally:
        if sys.modules.get(_PLUGINS) is stand_in:
            del sys.modules[_PLUGINS]
