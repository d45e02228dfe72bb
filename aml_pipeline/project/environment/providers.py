"""Finds the declared package that provides a module that a script imports. Pure.

The names of a module and its package may differ, and packages have requirements. What an interpreter knows about its
own packages decides; a table covers others. Only what is certain is "not named".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from aml_pipeline.project.environment.dependencies import Declared, normalized
from aml_pipeline.project.environment.installed import NAMESAKES, conda_name, distributions
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.environment.known_packages import asks_for

_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
# Modules → the distributions that provide them, if the names are not similar (see ``_alike``).
_KNOWN: dict[str, tuple[str, ...]] = {
    "attr": ("attrs",),
    "Bio": ("biopython",),
    "bs4": ("beautifulsoup4",),
    "community": ("python-louvain",),
    "Crypto": ("pycryptodome", "pycrypto"),
    "cv2": _OPENCV,
    "Cython": ("cython",),
    "azureml": ("azureml-core",),
    "bson": ("pymongo",),
    "dateutil": ("python-dateutil",),
    "dns": ("dnspython",),
    "docx": ("python-docx",),
    "dotenv": ("python-dotenv",),
    "fitz": ("pymupdf",),
    "functorch": ("torch",),
    "git": ("gitpython",),
    "github": ("pygithub",),
    "google": ("protobuf",),
    "googleapiclient": ("google-api-python-client",),
    "gridfs": ("pymongo",),
    "grpc": ("grpcio",),
    "hydra": ("hydra-core",),
    "igraph": ("python-igraph",),
    "imblearn": ("imbalanced-learn",),
    "keras": ("tensorflow", "tensorflow-cpu", "tensorflow-gpu"),
    "jose": ("python-jose",),
    "jwt": ("pyjwt",),
    "Levenshtein": ("levenshtein",),
    "magic": ("python-magic",),
    "matplotlib": ("matplotlib", "matplotlib-base"),
    "mpl_toolkits": ("matplotlib",),
    "msgpack": ("msgpack",),
    "MySQLdb": ("mysqlclient",),
    "nacl": ("pynacl",),
    "OpenSSL": ("pyopenssl",),
    "osgeo": ("gdal",),
    "ot": ("pot",),
    "past": ("future",),
    "PIL": ("pillow", "pillow-simd"),
    "pptx": ("python-pptx",),
    "pynvml": ("nvidia-ml-py", "nvidia-ml-py3"),
    "pylab": ("matplotlib",),
    "pythoncom": ("pywin32",),
    "pythonjsonlogger": ("python-json-logger",),
    "pywt": ("pywavelets",),
    "skimage": ("scikit-image",),
    "serial": ("pyserial",),
    "sklearn": ("scikit-learn", "scikit-learn-intelex"),
    "skopt": ("scikit-optimize",),
    "sksurv": ("scikit-survival",),
    "surprise": ("scikit-surprise",),
    "socks": ("pysocks",),
    "tensorboard": ("tensorflow", "tensorflow-cpu"),
    "telegram": ("python-telegram-bot",),
    "umap": ("umap-learn",),
    "usb": ("pyusb",),
    "whisper": ("openai-whisper",),
    "wx": ("wxpython",),
    **dict.fromkeys(("win32api", "win32com", "win32con", "win32gui"), ("pywin32",)),
    "yaml": ("pyyaml",),
}
# Modules that many distributions share, and which of them has which part.
NAMESPACES = frozenset({
    "azure", "azureml", "backports", "databricks", "google", "jaraco", "nvidia", "opencensus", "opentelemetry",
    "ruamel", "sphinxcontrib", "zope",
})  # fmt: skip
_PARTS = {
    "azure.identity": "azure-identity",
    "azureml.core": "azureml-core",
    "azureml.mlflow": "azureml-mlflow",
    "google.generativeai": "google-generativeai",
    "google.protobuf": "protobuf",
    "ruamel.yaml": "ruamel.yaml",
}
# Modules that were added to, or removed from, the standard library after Python 3.8: the first minor version with, or
# without, them.
_SINCE = {"graphlib": 9, "zoneinfo": 9, "tomllib": 11}
_UNTIL = {
    "binhex": 11,
    **dict.fromkeys(("asynchat", "asyncore", "distutils", "imp", "smtpd"), 12),
    **dict.fromkeys(("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap"), 13),
    **dict.fromkeys(("msilib", "nis", "nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau"), 13),
    **dict.fromkeys(("telnetlib", "uu", "xdrlib"), 13),
}
# Distributions that every environment with pip has, and conda packages that are not Python and require none.
_ALWAYS = frozenset({"distutils", "pip", "pkg_resources", "setuptools", "wheel"})
_PLAIN = NAMESAKES | {
    "blas", "compilers", "cuda", "cuda-toolkit", "cuda-version", "cudatoolkit", "cudnn", "cxx-compiler", "gcc", "gxx",
    "libblas", "libgcc", "make", "nccl", "nodejs", "openblas", "openjdk", "pip", "python", "pytorch-cuda",
    "pytorch-mutex", "setuptools", "wheel",
}  # fmt: skip

Verdict = Literal["named", "comes along", "perhaps", "not named"]


class Answer(NamedTuple):
    """Whether a module is provided.

    ``packages`` is the declared package that provides it, or those whose requirements are unknown.
    """

    verdict: Verdict
    packages: tuple[str, ...] = ()


class Providers:
    """The modules that declared packages provide, as far as ``python`` and a table know."""

    def __init__(self, packages: Sequence[Declared], python: Interpreter) -> None:
        self._python = python
        wanted = [package for package in packages if not package.constraint]
        self._minor = _declared_minor(wanted)
        self._declared = [package for package in wanted if not (package.source == "conda" and package.name in _PLAIN)]
        self._installed = {normalized(name): name for name in python.distributions}
        self._named = {name for package in self._declared for name in distributions(package)}
        self._along = self._closure()
        self._unknown = tuple(
            dict.fromkeys(package.name or package.text for package in self._declared if not self._knows(package))
        )

    def suggested(self, module: str) -> str | None:
        """Return the name, on PyPI, of the distribution that provides ``module``; None if it is unknown."""
        top, *inner = module.split(".")
        part = f"{top}.{inner[0]}" if inner else top
        names = self._python.modules.get(part, ())
        if not names and top not in NAMESPACES:
            names = self._python.modules.get(top, ())
        own = [name for name in names if name[:1].isalnum()]  # the remains of a broken distribution begin with "-"
        if len(own) == 1:
            return own[0]
        if top in NAMESPACES:
            return _PARTS.get(part)
        name = normalized(top)
        if conda_name(name) or asks_for(name) is not None:
            return name
        return _KNOWN[top][0] if top in _KNOWN else None

    def of(self, module: str) -> Answer:
        """Return whether a declared package provides ``module``, a dotted name."""
        top = module.partition(".")[0]
        candidates = {normalized(name) for name in self._python.modules.get(top, ())}
        candidates |= {normalized(top), *_KNOWN.get(top, ())}
        if self._is_standard(top) or candidates & self._named or any(_alike(top, name) for name in self._named):
            return Answer("named")
        along = (by for name, by in sorted(self._along.items()) if name in candidates or _alike(top, name))
        by = next(along, None)
        if by is not None:
            return Answer("comes along", (by,))
        return Answer("perhaps", self._unknown) if self._unknown else Answer("not named")

    def _is_standard(self, module: str) -> bool:
        if module in _ALWAYS:
            return True
        if module not in _SINCE and module not in _UNTIL:
            return module in self._python.standard or module in sys.stdlib_module_names
        return self._minor is None or _SINCE.get(module, 0) <= self._minor < _UNTIL.get(module, self._minor + 1)

    def _closure(self) -> dict[str, str]:
        """Return the distributions that declared packages require, each with the declared package."""
        along: dict[str, str] = {}
        for package in self._declared:
            waiting = [(name, package.extras) for name in distributions(package)]
            for name, extras in waiting:  # the list grows
                for need in self._needs(name):
                    needed, _, extra = need.partition(";")
                    if (not extra or normalized(extra) in extras) and normalized(needed) not in along:
                        along[normalized(needed)] = package.name
                        waiting.append((normalized(needed), frozenset()))
        return along

    def _needs(self, name: str) -> Sequence[str]:
        """Return the requirements of a distribution: as installed, else as known."""
        if name in self._installed:
            return self._python.requires.get(self._installed[name], ())
        return asks_for(name) or ()

    def _knows(self, package: Declared) -> bool:
        """Whether everything that a declared package provides and requires is known."""
        providing = {name for names in self._python.modules.values() for name in names}
        names = [self._installed[name] for name in distributions(package) if name in self._installed]
        if names:
            return any(name in providing or self._python.requires.get(name) for name in names)
        return not package.extras and any(asks_for(name) is not None for name in distributions(package))


def _declared_minor(packages: Iterable[Declared]) -> int | None:
    """Return the minor version of the declared Python 3, if there is exactly one."""
    versions = [package.versions for package in packages if package.source == "conda" and package.name == "python"]
    alternatives = versions[0] if len(versions) == 1 else ()
    match = re.match(r"==3\.([0-9]+)", alternatives[0]) if len(alternatives) == 1 else None
    return int(match[1]) if match else None


def _alike(module: str, distribution: str) -> bool:
    """Whether a package with ``module`` is often called ``name``; packages of type stubs do not count."""
    name = normalized(module)
    if distribution.endswith("-stubs") or distribution.startswith("types-"):
        return False
    if distribution.replace("-", "") == name.replace("-", ""):  # SpeechRecognition and speech_recognition
        return True
    forms = {f"python-{name}", f"py{name}", f"py-{name}", f"{name}-py", f"standard-{name}", f"legacy-{name}"}
    return distribution in forms or distribution.startswith(f"{name}-")
