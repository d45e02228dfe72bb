import argparse
import os
import sys

from util import helper

parser = argparse.ArgumentParser()
parser.add_argument("--model")
parser.add_argument("--output")
arguments = parser.parse_args()
assert os.environ["PYTHONPATH"].endswith(f"{os.pathsep}elsewhere")  # what is declared stays
assert sys.path[0] == os.path.dirname(os.path.abspath(__file__))  # the script's folder comes first
helper.save(arguments.output, "report.txt", helper.load(arguments.model, "model.txt").upper())
