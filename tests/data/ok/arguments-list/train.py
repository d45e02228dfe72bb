import argparse

parser = argparse.ArgumentParser()
parser.add_argument("model", choices=["linear", "quadratic"])
parser.add_argument("table")
parser.add_argument("--set", action="append")
parser.add_argument("--verbose", action="store_true")
parser.add_argument("--output")
print(parser.parse_args())
