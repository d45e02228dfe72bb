import pathlib

from . import reading

WORDS = pathlib.Path(__file__).with_name("words.tsv")


class Lexicon:
    def __init__(self) -> None:
        self._words = reading.pairs(WORDS)

    def __getitem__(self, word: str) -> str:
        return self._words[word]
