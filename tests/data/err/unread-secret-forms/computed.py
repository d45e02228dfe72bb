"""It reads a secret of a name that nobody knows before."""

import sys

from azureml.core import Run

Run.get_context().get_secret(sys.argv[1])
