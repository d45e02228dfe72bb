import argparse, pathlib
p=argparse.ArgumentParser()
p.add_argument("--word")
p.add_argument("--output")
a=p.parse_args()
(pathlib.Path(a.output)/"t.txt").write_text(a.word)
print("said", a.word)
