import argparse

import words

parser = argparse.ArgumentParser()
parser.add_argument("--title", required=True)
print(words.FIRST, parser.parse_args().title)
