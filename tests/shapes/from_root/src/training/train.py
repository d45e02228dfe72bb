import argparse

from network import describe  # beside this script
from util.helper import save

parser = argparse.ArgumentParser()
parser.add_argument("--output")
save(parser.parse_args().output, "model.txt", describe())
