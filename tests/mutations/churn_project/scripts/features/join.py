import argparse
import shutil

parser = argparse.ArgumentParser()
parser.add_argument("--people", required=True)
parser.add_argument("--labels", required=True)
parser.add_argument("--cities", required=True)
parser.add_argument("--features", required=True)
arguments = parser.parse_args()
shutil.copy(arguments.labels, arguments.features)
