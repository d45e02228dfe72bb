import argparse

parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("--epochs", type=int)
print(parser.parse_args())
