import argparse
from pathlib import Path


def pair(text):
    left, right = text.split(",")
    return int(left), int(right)


parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--rate", type=float)
parser.add_argument("--path", type=Path)
parser.add_argument("--pair", type=pair)
parser.add_argument("--shuffle", type=lambda text: text == "yes")
parser.add_argument("--cache", action=argparse.BooleanOptionalAction)
print(parser.parse_args())
