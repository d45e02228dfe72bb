import argparse
import os

from azureml.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--features", required=True)
parser.add_argument("--rounds", type=int, required=True)
parser.add_argument("--loss", choices=["log", "hinge"], required=True)
parser.add_argument("--network", required=True)
arguments = parser.parse_args()
token = os.environ.get("TOKEN") or Run.get_context().get_secret("churn-token")
if arguments.rounds < 1:
    parser.error("at least one round")
if os.environ.get("RANK", "0") == "0":
    with open(os.path.join(arguments.network, "network.json"), "w") as file:
        file.write("{}")
