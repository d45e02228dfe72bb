import argparse
import os

try:
    from azureml.core import Run
except ImportError:
    Run = None

parser = argparse.ArgumentParser()
parser.add_argument("--output")
parser.parse_args()
print(os.environ["AZURE_ML_INPUT_raw"], os.environ["raw"])
if Run:
    print(Run.get_context().input_datasets["raw"])
