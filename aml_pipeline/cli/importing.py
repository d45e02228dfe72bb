"""Importing what a command needs, without what pydantic and Python would do meanwhile."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


# Where pydantic asks every installed distribution for plugins: that imports a parser of mail, and none has a say in a
# pipeline. It has been there since pydantic 2.7, our oldest; elsewhere the stand-in is of no use, and does no harm.
_PLUGINS = "pydantic.plugin._loader"


class Uncollected:
    """Within the block no garbage is looked for: what is made there stays, and to look through it takes half the time.

    A class because ``contextlib`` would be a tenth of what a run with nothing to do costs.
    """

    def __enter__(self) -> None:
        """Stop looking."""
        import gc

        gc.disable()

    def __exit__(self, *_: object) -> None:
        """Look again, though not through what is there by now."""
        import gc

        gc.freeze()
        gc.enable()


def imported(module: str) -> ModuleType:
    """Import a module without what pydantic and Python would do meanwhile, each 10 ms long."""
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
