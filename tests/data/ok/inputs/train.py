import argparse

try:
    from azureml.core import Run
except ImportError:
    Run = None

parser = argparse.ArgumentParser()
parser.add_argument("training")
parser.add_argument("--pictures")
parser.add_argument("--again")
parser.parse_args()
if Run:
    inputs = Run.get_context().input_datasets
    print(inputs["training"], inputs["pictures"], inputs["letters"])
