import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--rate")
parser.add_argument("--output")
args = parser.parse_args()
