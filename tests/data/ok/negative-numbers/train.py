import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--offset", type=int)
parser.add_argument("--range", type=float, nargs=3)
parser.add_argument("seed", type=int)
print(parser.parse_args())
