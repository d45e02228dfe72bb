"""Models in files."""

import json
from pathlib import Path

import joblib

FILE = "model.joblib"


def save(model, folder: Path, about: dict) -> None:
    joblib.dump(model, folder / FILE)
    (folder / "about.json").write_text(json.dumps(about))


def load(folder: Path):
    return joblib.load(folder / FILE)
