"""Registers the model that a step wrote. Runs in Azure ML as a step of its own, as this file alone.

SDK v1 has no setting that registers an output as a model, so ``registration`` adds this step after the one that wrote
it. The model belongs to the run of this step, as with any ``Run.register_model``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> None:
    """Upload what is at ``--model``, and register it as the next version of the model ``--name``."""
    parser = argparse.ArgumentParser(description="Register a model.", allow_abbrev=False)
    parser.add_argument("--model", required=True, help="the folder that the step before wrote")
    parser.add_argument("--name", required=True, help="the name of the model")
    args = parser.parse_args(argv)
    from azureml.core import Run

    run = Run.get_context(allow_offline=False)
    run.upload_folder(name="model", path=args.model)
    run.register_model(model_name=args.name, model_path="model")


if __name__ == "__main__":
    main()
