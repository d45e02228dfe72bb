import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--optimizer", choices=["sgd", "adam"])
args = parser.parse_args()
