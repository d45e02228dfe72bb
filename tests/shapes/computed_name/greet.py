import argparse
import pathlib


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--language", required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    with open(f"vocabulary/{arguments.language}.txt", encoding="utf-8") as stream:
        greeting = stream.read().strip()
    (arguments.output / "text.txt").write_text(greeting, encoding="utf-8")


if __name__ == "__main__":
    main()
