import argparse

from . import model

parser = argparse.ArgumentParser()
parser.add_argument("--images", required=True)
parser.add_argument("--epochs", type=int)
model.fit(parser.parse_args())
