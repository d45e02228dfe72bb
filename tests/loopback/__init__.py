"""A small Azure ML service on 127.0.0.1, which the real SDK v1 talks to; README.md beside this file says how."""

import os

# The SDK reads these while it is imported, and some other test may be the first to import it: so they are set while
# tests are collected. The first switches its telemetry off, the others its waiting between retries.
os.environ.setdefault("HBI_WORKSPACE_JOB", "true")
os.environ.setdefault("AZUREML_DEFAULT_BACKOFF", "0")
os.environ.setdefault("AZUREML_DEFAULT_RETRIES", "1")
