import argparse, pathlib
p=argparse.ArgumentParser()
p.add_argument("--text")
p.add_argument("--output")
a=p.parse_args()
(pathlib.Path(a.output)/"c.txt").write_text((pathlib.Path(a.text)/"t.txt").read_text())
