import csv
import pathlib


def read(path: pathlib.Path) -> list[tuple[float, float]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return [(float(row["width"]), float(row["weight"])) for row in csv.DictReader(stream)]


def write(path: pathlib.Path, rows: list[tuple[float, float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["width", "weight"])
        writer.writerows(rows)
