import argparse

parser = argparse.ArgumentParser()
parser.add_argument("rate", type=float)
parser.add_argument("models", nargs="*")
parser.add_argument("--best")
parser.parse_args()
