from __future__ import annotations

import pytest

from aml_pipeline.project.environment import conda_file, pip_file
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.environment.providers import Answer, Providers

# Distributions that the interpreter has: the modules of each, and what it asks for.
INSTALLED = {
    "torch": (["torch", "functorch"], ["numpy", "sympy", "opt-einsum;opt-einsum"]),
    "sympy": (["sympy"], ["mpmath"]),
    "mpmath": (["mpmath"], []),
    "numpy": (["numpy"], []),
    "scikit-learn": (["sklearn"], ["scipy", "pandas;docs"]),
    "scipy": (["scipy"], []),
    "pandas": (["pandas"], ["numpy"]),
    "opt-einsum": (["opt_einsum"], []),
    "Odd_Name": (["strange"], []),
    "azureml-core": (["azureml"], ["azure-core"]),
    "azure-core": (["azure"], []),
    "meta": ([], ["pandas"]),
    "hidden": ([], []),
}
NAMED, NOT_NAMED = Answer("named"), Answer("not named")


def _python(version: str = "3.11") -> Interpreter:
    modules: dict[str, list[str]] = {}
    for name, (provided, _) in INSTALLED.items():
        for module in provided:
            modules.setdefault(module, []).append(name)
    standard = frozenset({"os", "json", "tomllib", "distutils"})
    versions = dict.fromkeys(INSTALLED, "1.0")
    requires = {name: needs for name, (_, needs) in INSTALLED.items()}
    return Interpreter(
        "/python", "CPython", version, f"{version}.1", "linux", standard, modules, versions, (), requires
    )


def _of(module: str, *, conda: str = "", pip: str = "") -> Answer:
    if conda:
        found = conda_file.read("e", lambda _: f"dependencies: [{conda}]".encode())
    else:
        found = pip_file.read("r", lambda _: "\n".join(pip.split()).encode())
    assert found.problems == []
    return Providers(found.packages, _python()).of(module)


# Module, what is declared → the answer.
CASES = {
    "the name itself": (_of("numpy", pip="numpy"), NAMED),
    "conda's name": (_of("torch", conda="pytorch"), NAMED),
    "another spelling": (_of("strange", pip="odd.name"), NAMED),
    "another name, installed": (_of("sklearn", pip="scikit-learn"), NAMED),
    "another name, not installed": (_of("cv2", pip="opencv-python-headless"), NAMED),
    "conda's other name": (_of("cv2", conda="py-opencv"), NAMED),
    "yaml": (_of("yaml", conda="pyyaml"), NAMED),
    "PIL": (_of("PIL", conda="pillow"), NAMED),
    "bs4": (_of("bs4.element", pip="beautifulsoup4"), NAMED),
    "dateutil": (_of("dateutil", pip="python-dateutil"), NAMED),
    "a variant": (_of("tensorflow", pip="tensorflow-cpu"), NAMED),
    "a package of a family": (_of("google.cloud.storage", pip="google-cloud-storage"), NAMED),
    "a module that Python had": (_of("cgi", conda="python=3.13, legacy-cgi"), NAMED),
    "SDK": (_of("azureml.core", pip="azureml-defaults"), NAMED),
    "types are not the package": (
        _of("numpy", pip="types-numpy numpy-stubs pandas"),
        Answer("comes along", ("pandas",)),
    ),
    "the standard library": (_of("os.path", pip="numpy"), NAMED),
    "what is always there": (_of("pkg_resources", pip="numpy"), NAMED),
    "not named": (_of("pandas", conda="python=3.11, pytorch, scikit-learn, pip"), NOT_NAMED),
    "nowhere": (_of("no_such_module", pip="numpy"), NOT_NAMED),
    "nothing is declared": (_of("numpy", conda="python"), NOT_NAMED),
    "comes along": (_of("numpy", conda="pytorch"), Answer("comes along", ("pytorch",))),
    "comes along with what comes along": (_of("mpmath", conda="pytorch"), Answer("comes along", ("pytorch",))),
    "through a package without modules": (_of("pandas", pip="meta"), Answer("comes along", ("meta",))),
    "with an extra that is not asked for": (_of("opt_einsum", pip="torch"), NOT_NAMED),
    "with an extra": (_of("opt_einsum", pip="torch[opt_einsum]"), Answer("comes along", ("torch",))),
    "what is not known": (_of("pandas", pip="numpy no-such-a"), Answer("perhaps", ("no-such-a",))),
    "a package of which no module is known": (_of("pandas", pip="hidden"), Answer("perhaps", ("hidden",))),
    "a path": (_of("pandas", pip="./here"), Answer("perhaps", ("./here",))),
    "what is no Python package": (_of("pandas", conda="ffmpeg, numpy"), NOT_NAMED),
    "a module that the declared Python has": (_of("tomllib", conda="python=3.11"), NAMED),
    "one that it has not yet": (_of("tomllib", conda="python=3.10"), NOT_NAMED),
    "one that it has no more": (_of("imp", conda="python=3.12"), NOT_NAMED),
    "one that some Pythons have": (_of("imp", conda="python>=3.8"), NAMED),
    "one that an old Python has": (_of("imp", conda="python=3.9.7"), NAMED),
}


@pytest.mark.parametrize(("answer", "expected"), CASES.values(), ids=CASES)
def test_a_module_is_provided_or_not(answer: Answer, expected: Answer) -> None:
    assert answer == expected


def test_constraints_name_nothing() -> None:
    files = {"r": b"-c c\nnumpy\n", "c": b"pandas<2\n"}
    packages = pip_file.read("r", files.get).packages
    assert Providers(packages, _python()).of("pandas") == NOT_NAMED
