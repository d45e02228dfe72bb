"""Writes a greeting into its output folder."""

import argparse
import pathlib


def main() -> None:
    """Write the greeting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--greeting", required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    (arguments.output / "greeting.txt").write_text(f"{arguments.greeting}, world\n")
    print(f"wrote {arguments.greeting}")


if __name__ == "__main__":
    main()
