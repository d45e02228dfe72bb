"""What a run may be told by variables of its environment."""

import os
from pathlib import Path

STAGE = os.environ["STAGE"]
LEVEL = os.environ.get("CHURN_LOG_LEVEL", "INFO")
WORKERS = int(os.getenv("CHURN_WORKERS") or 1)
CACHE = Path(os.environ.get("TMPDIR", "/tmp")) / "churn"
RUN = os.environ.get("AZUREML_RUN_ID")
DEVICES = os.getenv("CUDA_VISIBLE_DEVICES")
if "CHURN_DEBUG" in os.environ:
    LEVEL = "DEBUG" if os.environ["CHURN_DEBUG"] else LEVEL
try:
    SEED = int(os.environ["CHURN_SEED"])
except KeyError:
    SEED = 0
os.environ["OMP_NUM_THREADS"] = str(WORKERS)
os.environ.setdefault("CHURN_LANGUAGE", "en")
LANGUAGE = os.environ["CHURN_LANGUAGE"]
