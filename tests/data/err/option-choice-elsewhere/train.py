import argparse

parser = argparse.ArgumentParser()
for name in ("--mode", "--speed"):
    parser.add_argument(name, choices=["fast", "slow"])
arguments = parser.parse_args()
