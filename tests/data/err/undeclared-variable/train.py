import os

mode = os.environ["MODE"]
