import pathlib


def pairs(path: pathlib.Path) -> dict[str, str]:
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, meaning = line.partition("\t")
        found[word] = meaning
    return found
