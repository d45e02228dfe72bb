import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int, nargs="+")
parser.add_argument("--title")
parser.add_argument("--fast", action="store_true")
parser.add_argument("--epochs", type=int)
args = parser.parse_args()
