import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--archive")
parser.add_argument("--output", required=True)
print(parser.parse_args())
