import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float)
parser.add_argument("--learning-decay", type=float)
args = parser.parse_args()
