import argparse

from common import parent

parser = argparse.ArgumentParser(parents=[parent()])
for name in ("rate", "decay"):
    parser.add_argument(f"--{name}", type=float)
print(parser.parse_args())
