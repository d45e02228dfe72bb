"""Hooks of MkDocs (mkdocs.yml): addresses, the scripts that the site takes along, and links as they are on GitHub.

A link that leads out of docs/ becomes one to a page of the site, if the root's page has one, else to the source.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import Any

import tomllib
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
MODULES = Path(__file__).parent / "node_modules"
URLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
# Pages of the repository's root → pages of the site.
OF_THE_ROOT = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
    "RELEASING.md": "releasing.md",
    "SECURITY.md": "security.md",
}
MERMAID = "assets/mermaid.js"
TAKEN = {
    "assets/site.js": Path(__file__).parent / "site.js",
    "assets/style.css": Path(__file__).parent / "style.css",
    "assets/iframe-worker.js": MODULES / "iframe-worker/shim/index.js",
    "assets/iframe-worker.LICENSE.txt": MODULES / "iframe-worker/LICENSE",
    MERMAID: MODULES / "@mermaid-js/tiny/dist/mermaid.tiny.js",
    "assets/mermaid.LICENSE.txt": MODULES / "@mermaid-js/tiny/LICENSE",
}
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")
_MARK = re.compile(r"^ *<!-- (?:not )?run: .* -->\n", re.MULTILINE)


def on_config(config: Any) -> Any:  # noqa: ANN401 - MkDocs's own
    """Take addresses from pyproject.toml, and let the search work without a server by a script of ours."""
    config.site_url = URLS["Documentation"]
    config.extra["polyfills"] = ["assets/iframe-worker.js"]  # else the plugin `offline` takes it from a CDN
    config.copyright = f'<a href="{URLS["Source"]}">Source</a> · MIT'
    return config


def on_files(files: Any, config: Any) -> Any:  # noqa: ANN401
    """Add the root's pages, and what is taken along."""
    for name, uri in OF_THE_ROOT.items():
        if files.get_file_from_path(uri) is None and (ROOT / name).exists():
            files.append(File.generated(config, uri, content=(ROOT / name).read_text(encoding="utf-8")))
    for uri, path in TAKEN.items():
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:  # noqa: ANN401
    """Let each link lead to what it leads to on GitHub; leave out the comments about fences."""
    uri = page.file.src_uri
    origin = next((name for name, of_the_site in OF_THE_ROOT.items() if of_the_site == uri), join("docs", uri))
    origin = join("docs", uri) if (ROOT / "docs" / uri).exists() else origin
    return _LINK.sub(lambda link: _target(link[1], origin, uri), _MARK.sub("", markdown))


def _target(link: str, origin: str, uri: str) -> str:
    path = normpath(join(dirname(origin), link))
    if not (ROOT / path).exists():
        raise PluginError(f"{origin}: {link} does not exist")
    inside = OF_THE_ROOT.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
    return relpath(inside, dirname(uri) or ".") if inside else f"{URLS['Source']}/blob/main/{path}"


def on_page_content(html: str, page: Any, **_: object) -> str:  # noqa: ANN401
    """Let an empty corner of a table be no heading, and only pages with a drawing load what draws it."""
    html = html.replace("<th></th>", "<td></td>")
    if 'class="mermaid"' not in html:
        return html
    return f'{html}<script src="{relpath(MERMAID, dirname(page.file.dest_uri) or ".")}"></script>'


def on_post_page(output: str, **_: object) -> str:
    """Name the dialog of the search, which the theme leaves without a name."""
    return output.replace(
        'data-md-component="search" role="dialog"', 'data-md-component="search" role="dialog" aria-label="Search"'
    )
