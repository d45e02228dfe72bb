import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--sizes", nargs="+", type=int)
parser.add_argument("--names", nargs="*")
parser.add_argument("--resume", nargs="?", const="last")
parser.add_argument("--point", nargs=2, type=float, metavar=("X", "Y"))
parser.add_argument("rest", nargs="*")
print(parser.parse_args())
