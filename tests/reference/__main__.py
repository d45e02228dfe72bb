"""Write the pages anew."""

from __future__ import annotations

from tests.reference.pages import PAGES

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
