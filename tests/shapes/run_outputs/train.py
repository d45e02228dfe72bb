import argparse
import pathlib


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    (arguments.output / "model.txt").write_text("weights")
    pathlib.Path("outputs/curves").mkdir()
    pathlib.Path("outputs/curves/loss.csv").write_text("1,0.5\n")
    pathlib.Path("logs/rank0.txt").write_text("all is well\n")
    pathlib.Path("scratch.txt").write_text("of no interest\n")


if __name__ == "__main__":
    main()
