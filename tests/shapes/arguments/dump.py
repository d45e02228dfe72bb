import json
import pathlib
import sys

(pathlib.Path(sys.argv[-1]) / "argv.json").write_text(json.dumps(sys.argv))
