import argparse

parser = argparse.ArgumentParser()
commands = parser.add_subparsers(dest="command", required=True)
fit = commands.add_parser("fit", aliases=["train"])
fit.add_argument("--epochs", type=int)
test = commands.add_parser("test")
test.add_argument("--folder", required=True)
print(parser.parse_args())
