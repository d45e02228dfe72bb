import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--title")
parser.add_argument("--rate", type=float)
parser.add_argument("--code")
parser.add_argument("--since")
parser.add_argument("--sizes", type=int, nargs="+")
parser.add_argument("--fast", action="store_true")
parser.add_argument("--slow", action="store_true")
parser.add_argument("--empty", required=True)
parser.add_argument("-v", "--verbose", action="count", default=0)
parser.add_argument("--output", required=True)
print(parser.parse_args())
