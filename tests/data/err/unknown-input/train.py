import argparse

from azureml.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.parse_args()
images = Run.get_context().input_datasets["images"]
