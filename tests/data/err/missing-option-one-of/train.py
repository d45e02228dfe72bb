import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
group = parser.add_mutually_exclusive_group(required=True)
group.add_argument("--fast", action="store_true")
group.add_argument("--careful", action="store_true")
args = parser.parse_args()
