import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
args, rest = parser.parse_known_args()
print(args, rest)
