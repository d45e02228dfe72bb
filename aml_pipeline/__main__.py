"""``python -m aml_pipeline`` is the command ``aml-pipeline``."""

import _signal  # type: ignore[import-not-found] # built in

# Before anything else of ours is imported, which an INT would end with a traceback: see `cli.end_at_once`.
if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import sys

from aml_pipeline.cli import main

if __name__ == "__main__":
    sys.exit(main())
