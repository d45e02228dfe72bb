"""The table of commands in ``docs/how-to/v1-to-v2.md`` says what they do with either SDK."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_pipeline.cli.table import COMMANDS
from tests import parity
from tests.loopback.serving import quiet

pytestmark = quiet


def test_the_table_is_what_the_commands_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parity.written().splitlines() == parity.current(tmp_path, monkeypatch).splitlines(), "run `make checks`"


def test_every_command_that_takes_an_sdk_stands_in_it() -> None:
    taking = {name for name, command in COMMANDS.items() if any("--sdk" in option.names for option in command.options)}
    taking.remove("doctor")  # which asks the same with either: tests/doctor runs it against both services
    assert taking <= {command.split()[0] for command in parity.COMMANDS}
