import argparse
import pathlib

from lexicon.lookup import Lexicon  # type: ignore[import-not-found]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--word", required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    (arguments.output / "word.txt").write_text(Lexicon()[arguments.word])


if __name__ == "__main__":
    main()
