import argparse


def parent():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--epochs", type=int)
    return parser
