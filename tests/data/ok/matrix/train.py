import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--rate", type=float)
parser.add_argument("--shuffle", choices=["true", "false"])
parser.add_argument("--name")
parser.add_argument("--epochs", type=int)
parser.add_argument("--output")
parser.parse_args()
