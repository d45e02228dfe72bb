import argparse
import pathlib

from training.network import describe

parser = argparse.ArgumentParser()
parser.add_argument("--output")
pathlib.Path(parser.parse_args().output, "model.txt").write_text(describe())
