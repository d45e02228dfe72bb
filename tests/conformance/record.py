"""Stands in for every script of a step: writes down the command line and the environment of its process."""

import os
import sys

with open("outputs/started", "w", encoding="ascii") as file:  # kept with the run, whatever the arguments are
    file.write(ascii([sys.argv, dict(os.environ)]))
for word in sys.argv[1:]:
    # An output, which must not stay empty and may be an MLflow model; it may also be the beginning of a longer text.
    if os.path.dirname(word) == os.path.dirname(os.getcwd()) and os.path.isdir(word):
        with open(os.path.join(word, "MLmodel"), "w", encoding="ascii") as file:
            file.write("made")
