"""``python -m aml_pipeline`` is the command ``aml-pipeline``."""

import sys

from aml_pipeline.cli import main

sys.exit(main())
