import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--mode", choices=["fast", "slow"])
parser.add_argument("--speed", choices=["fast", "slow"])
arguments = parser.parse_args()
