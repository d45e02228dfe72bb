"""Clean the raw table."""

import argparse
import logging
from pathlib import Path

from churn import settings, tables

log = logging.getLogger("prepare")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, default=Path("../data/raw"), help="such as data/raw")
    parser.add_argument("--notes", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=settings.LEVEL)
    rows = [row for row in tables.read(args.raw) if all(row.values())]
    if args.notes:
        log.info("notes are in %s", args.notes)
    log.info("stage %s: %d rows of data/raw/customers.csv", settings.STAGE, len(rows))
    tables.write(rows, args.output)


if __name__ == "__main__":
    main()
