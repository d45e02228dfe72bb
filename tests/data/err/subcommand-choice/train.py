import argparse

parser = argparse.ArgumentParser()
commands = parser.add_subparsers(required=True)
commands.add_parser("train")
commands.add_parser("evaluate")
args = parser.parse_args()
