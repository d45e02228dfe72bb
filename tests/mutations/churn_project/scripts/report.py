import argparse
import shutil

parser = argparse.ArgumentParser()
parser.add_argument("--network", required=True)
parser.add_argument("--report", required=True)
arguments = parser.parse_args()
shutil.copy(arguments.network, arguments.report)
