import argparse

parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["train-small", "train-large"])
parser.add_argument("--images", required=True)
parser.add_argument("--labels", nargs=2)
parser.add_argument("--epochs", type=int)
parser.add_argument("--size", choices=["small", "large"])
parser.add_argument("--model")
parser.add_argument("--json")
parser.parse_args()
