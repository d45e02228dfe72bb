"""A wheel → a clean environment, by pip, uv or pipx; and its program, run as a newcomer runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.release import called, environ, tool


@dataclass(frozen=True)
class Program:
    """An installed ``aml-pipeline`` in the folder ``bin``, whose steps run by ``python``."""

    bin: Path
    python: Path

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a shell that finds the program, and no package but those beside it."""
        kept = environ()
        return {**kept, "PATH": f"{self.bin}:{self.python.parent}:{kept['PATH']}"}

    def __call__(self, *words: str, cwd: Path) -> str:
        """Run a command; return its standard output. Raises FailedError if it fails."""
        return called(self.bin / "aml-pipeline", *words, cwd=cwd, env=self.environ).stdout


def _by_pip(python: str, what: str, folder: Path) -> Program:
    called(python, "-m", "venv", folder)
    ours = folder / "bin" / "python"
    called(ours, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check", what)
    return Program(folder / "bin", ours)


def _by_uv(python: str, what: str, folder: Path) -> Program:
    places = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    called(tool("uv"), "tool", "install", "--quiet", "--no-config", "--python", python, what, env=environ(**places))
    return Program(folder / "bin", folder / "tools" / "aml-pipeline-yaml" / "bin" / "python")


def _by_pipx(python: str, what: str, folder: Path) -> Program:
    places = {"PIPX_HOME": folder / "home", "PIPX_BIN_DIR": folder / "bin", "PIPX_MAN_DIR": folder / "man"}
    variables = environ(**{name: str(path) for name, path in places.items()})
    called(tool("pipx"), "install", "--quiet", "--python", python, what, env=variables)
    return Program(folder / "bin", folder / "home" / "venvs" / "aml-pipeline-yaml" / "bin" / "python")


INSTALLERS: Mapping[str, Callable[[str, str, Path], Program]] = {"pip": _by_pip, "uv": _by_uv, "pipx": _by_pipx}
