import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--layers", type=int, nargs="+")
arguments = parser.parse_args()
