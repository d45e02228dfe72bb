"""Every page, and what makes it."""

from __future__ import annotations

from tests.reference import FOLDER, commands, exits, keys, state, variables

PAGES = {
    FOLDER / "commands.md": commands.page,
    FOLDER / "environment-variables.md": variables.page,
    FOLDER / "exit-statuses.md": exits.page,
    FOLDER / "keys.md": keys.page,
    FOLDER / "state.md": state.page,
}
