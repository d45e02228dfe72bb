"""Runs command lines, a list of lists of words as JSON, as on Windows; prints what each returned and said."""

import json
import sys

from tests import windows

windows.pretend()
sys.stdout.write(json.dumps([windows.told(words) for words in json.loads(sys.argv[1])]))
