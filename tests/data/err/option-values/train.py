import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int, nargs=2)
parser.add_argument("--shuffle", action="store_true")
args = parser.parse_args()
