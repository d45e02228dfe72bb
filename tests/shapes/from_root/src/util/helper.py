import pathlib


def save(folder, name, text):
    pathlib.Path(folder, name).write_text(text)


def load(folder, name):
    return pathlib.Path(folder, name).read_text()
