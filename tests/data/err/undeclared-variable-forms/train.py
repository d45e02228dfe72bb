import argparse
import os as system
from os import environ, getenv

import settings

REGION = "REGION"

declared = system.environ["DECLARED"]
system.environ["WRITTEN"] = "yes"
written = environ["WRITTEN"]
level = environ.get("LEVEL")
region = getenv(REGION, None)
key = system.environ["SERVICE_API_KEY"]
fast = getenv("FAST", "no")
slow = getenv("SLOW") or "no"
if "TRACE" in environ:
    print(environ["TRACE"])
try:
    port = environ["PORT"]
except KeyError:
    port = "80"
devices = environ["CUDA_VISIBLE_DEVICES"]
parser = argparse.ArgumentParser()
parser.add_argument("--given", default=getenv("GIVEN"))
parser.add_argument("--left", default=getenv("LEFT"))
parser.parse_args()
