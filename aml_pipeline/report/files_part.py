"""Pictures and small tables among the outputs, as parts of a page. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from aml_pipeline.core.text import cut
from aml_pipeline.core.wording import counted, size_in_words
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import table
from aml_pipeline.report.shown_files import (
    MOST_FILES,
    PICTURE_BYTES,
    PICTURES_BYTES,
    TABLE_BYTES,
    ShownFile,
    ShownFiles,
)

_MOST_ROWS, _MOST_COLUMNS, _MOST_LETTERS = 20, 12, 80
_MOST_NAMED = 10


def pictures(files: ShownFiles) -> Iterator[Html]:
    """Yield the pictures, and which files are not shown. A picture is data of an image: no script in it runs."""
    shown = [_picture(file) for file in files.files if file.picture]
    if shown:
        yield tag("div", *shown, class_="pictures")
    if files.left_out:
        named = ", ".join(cut(path, 120) for path in files.left_out[:_MOST_NAMED])
        more = f" and {len(files.left_out) - _MOST_NAMED} more" if len(files.left_out) > _MOST_NAMED else ""
        yield tag("p", f"Not shown, because too large or not readable: {named}{more}. {_limits()}", class_="remark")


def _limits() -> str:
    each, total, rows = map(size_in_words, (PICTURE_BYTES, PICTURES_BYTES, TABLE_BYTES))
    return f"Limits: {each} for a picture, {total} for all, {rows} for a table, {counted(MOST_FILES, 'file')}."


def _picture(file: ShownFile) -> Html:
    name = f"{file.output}/{file.path}"
    data = base64.b64encode(file.picture).decode()
    image = tag("img", src=f"data:{file.kind};base64,{data}", alt=cut(name, 200), loading="lazy")
    return tag("figure", image, tag("figcaption", cut(name, 200)))


def small_tables(files: ShownFiles, room: int) -> Iterator[Html]:
    """Yield the beginnings of the tables."""
    for file in files.files:
        if file.rows:
            yield _table(file, min(room, 20_000))


def _table(file: ShownFile, room: int) -> Html:
    heads, *rows = ([cut(text, _MOST_LETTERS) for text in row[:_MOST_COLUMNS]] for row in file.rows[: _MOST_ROWS + 1])
    wide = len(file.rows[0]) - len(heads)
    about = f"{file.output}/{file.path}" + (f", without {counted(wide, 'column')}" if wide > 0 else "")
    numbers = {at for at in range(len(heads)) if all(_is_number(row[at]) for row in rows if at < len(row))}
    even = [[*row, *[""] * (len(heads) - len(row))][: len(heads)] for row in rows]
    return table(heads, even, cut(about, 300), room, numbers=numbers, in_all=file.rows_in_all)


def _is_number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True
