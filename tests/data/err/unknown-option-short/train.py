import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--epochs")
parser.parse_args()
