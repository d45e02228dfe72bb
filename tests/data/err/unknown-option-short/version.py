import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--version", action="version", version="1")
parser.add_argument("--optimizer")
parser.parse_args()
