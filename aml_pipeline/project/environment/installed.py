"""Compares declared packages with those that an interpreter has installed. Pure: knows no file and no syntax.

Versions are compared by PEP 440. What is uncertain is "not checked": a false alarm is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from aml_pipeline.project.environment.dependencies import Declared, normalized
from aml_pipeline.project.environment.interpreter import Interpreter

Verdict = Literal["fits", "missing", "other version", "not for this Python", "not checked"]
DIFFERENCES = frozenset({"missing", "other version"})

# Conda's name of a package → the names of its distributions in Python, if they differ.
_DISTRIBUTIONS = {
    "dask-core": ("dask",),
    "faiss": ("faiss-cpu", "faiss-gpu"),
    "libopencv": ("opencv-python", "opencv-python-headless", "opencv-contrib-python"),
    "matplotlib-base": ("matplotlib",),
    "msgpack-python": ("msgpack",),
    "opencv": ("opencv-python", "opencv-python-headless", "opencv-contrib-python"),
    "py-opencv": ("opencv-python", "opencv-python-headless", "opencv-contrib-python"),
    "py-xgboost": ("xgboost",),
    "py-xgboost-cpu": ("xgboost",),
    "py-xgboost-gpu": ("xgboost",),
    "pyarrow-core": ("pyarrow",),
    "pyg": ("torch-geometric",),
    "pyqt": ("pyqt5",),
    "pytables": ("tables",),
    "pytorch": ("torch",),
    "pytorch-cpu": ("torch",),
    "pytorch-gpu": ("torch",),
    "seaborn-base": ("seaborn",),
    "tensorflow-base": ("tensorflow", "tensorflow-cpu"),
    "tensorflow-cpu": ("tensorflow", "tensorflow-cpu"),
    "tensorflow-gpu": ("tensorflow",),
}
# The name of a distribution → its name in conda.
_CONDA_NAMES = {
    "gitpython": "gitpython",
    "imbalanced-learn": "imbalanced-learn",
    "msgpack": "msgpack-python",
    "opencv-python": "opencv",
    "pyserial": "pyserial",
    "python-dateutil": "python-dateutil",
    "python-docx": "python-docx",
    "python-dotenv": "python-dotenv",
    "python-magic": "python-magic",
    "pywavelets": "pywavelets",
    "tables": "pytables",
    "torch": "pytorch",
    "torch-geometric": "pyg",
    "umap-learn": "umap-learn",
    "wxpython": "wxpython",
}
# Conda packages that are missing if Python has no distribution of that name. Of any other name it is unknown whether
# it is a Python package: it counts if it is installed, and is not checked otherwise.
_PYTHON_PACKAGES = frozenset({
    "accelerate", "aiohttp", "beautifulsoup4", "black", "boto3", "bokeh", "catboost", "click", "cython", "dask",
    "datasets", "diffusers", "fastapi", "flask", "gensim", "geopandas", "h5py", "huggingface-hub", "imageio",
    "ipykernel", "ipython", "jax", "joblib", "jupyter", "jupyterlab", "keras", "lightgbm", "matplotlib", "mlflow",
    "nltk", "notebook", "numba", "numpy", "onnx", "onnxruntime", "openpyxl", "optuna", "pandas", "pillow", "plotly",
    "polars", "protobuf", "psutil", "pyarrow", "pydantic", "pytest", "pytorch-lightning", "pyyaml", "ray",
    "requests", "scikit-image", "scikit-learn", "scipy", "seaborn", "sentence-transformers", "shap", "spacy",
    "sqlalchemy", "statsmodels", "sympy", "tensorboard", "tensorflow", "timm", "tokenizers", "torchaudio",
    "torchmetrics", "torchvision", "tqdm", "transformers", "xgboost",
})  # fmt: skip
# Conda packages whose name on PyPI belongs to another package.
NAMESAKES = frozenset({"cmake", "ffmpeg", "git", "graphviz", "mkl", "ninja", "openmpi", "pandoc", "snappy", "swig"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A declared package, its installed version (None: not installed), and whether that matches."""

    declared: Declared
    installed: str | None
    verdict: Verdict


def compare(packages: Sequence[Declared], python: Interpreter) -> list[Finding]:
    """Return each of ``packages`` with its state in ``python``."""
    installed = {normalized(name): version for name, version in python.distributions.items()}
    bounds: dict[str, list[Declared]] = {}
    for package in packages:
        if package.constraint:
            bounds.setdefault(normalized(package.name), []).append(package)
    return [_finding(package, bounds, installed, python) for package in packages if not package.constraint]


def distributions(package: Declared) -> tuple[str, ...]:
    """Return the normalized names by which Python may know a declared package."""
    name = normalized(package.name)
    return _DISTRIBUTIONS.get(name, (name,)) if package.source == "conda" else (name,)


def conda_name(distribution: str) -> str | None:
    """Return conda's name of a distribution; None if it is unknown whether conda has it."""
    name = normalized(distribution)
    return name if name in _PYTHON_PACKAGES else _CONDA_NAMES.get(name)


def _finding(
    package: Declared, bounds: dict[str, list[Declared]], installed: dict[str, str], python: Interpreter
) -> Finding:
    name = normalized(package.name)
    if package.source == "conda" and name == "python":
        return Finding(package, python.full_version, _verdict([package], python.full_version))
    if name in NAMESAKES and package.source == "conda":
        return Finding(package, None, "not checked")
    if package.marker and not _applies(package.marker, python):
        return Finding(package, None, "not for this Python")
    distribution = next((other for other in distributions(package) if other in installed), None)
    if distribution is not None:
        version = installed[distribution]
        binding = [bound for bound in bounds.get(name, []) if not bound.marker or _applies(bound.marker, python)]
        return Finding(package, version, _verdict([package, *binding], version))
    certain = package.source == "pip" or name in _DISTRIBUTIONS or name in _PYTHON_PACKAGES
    return Finding(package, None, "missing" if certain and name else "not checked")


def _verdict(wanted: Iterable[Declared], version: str | None) -> Verdict:
    answers = [_one_holds(package.versions, version) for package in wanted]
    if False in answers:
        return "other version"
    return "not checked" if None in answers else "fits"


def _one_holds(alternatives: tuple[str, ...], version: str | None) -> bool | None:
    """Return whether ``version`` matches one of the alternatives; None if that is uncertain."""
    if version is None or not alternatives:
        return None
    answers = [holds(alternative, version) for alternative in alternatives]
    return True if True in answers else (None if None in answers else False)


def holds(specifier: str, version: str) -> bool | None:
    """Return whether ``version`` matches ``specifier``; None if one of them is not valid PEP 440."""
    if not specifier:
        return True
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except ValueError:  # not valid PEP 440, or with a number of more digits than Python reads
        return None


def _applies(marker: str, python: Interpreter) -> bool:
    """Whether a requirement with this marker applies to ``python``, which runs on this machine."""
    from packaging.markers import Marker

    here = {
        "python_version": python.version,
        "python_full_version": python.full_version,
        "implementation_name": python.implementation.lower(),
        "implementation_version": python.full_version,
        "platform_python_implementation": python.implementation,
    }
    try:
        return Marker(marker).evaluate({**here, "extra": ""})
    except ValueError:  # not a marker, or one that compares what cannot be compared
        return True
