"""A script's argparse, read from its syntax tree, and a step's arguments compared with it.

Nothing is imported or run. Where the tree cannot tell, nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aml_pipeline.project.contract.faults import faults, other_faults
from aml_pipeline.project.contract.model import SILENT, Contract

if TYPE_CHECKING:
    import ast

__all__ = ["SILENT", "Contract", "faults", "other_faults", "read"]


def read(tree: ast.Module) -> Contract:
    """Return what the script whose syntax tree is ``tree`` takes on its command line."""
    from aml_pipeline.project.contract.reading import read as read_tree

    return read_tree(tree)
