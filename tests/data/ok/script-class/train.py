import argparse


class Program:
    def __init__(self):
        self.parser = argparse.ArgumentParser(prog="train", allow_abbrev=False)
        self.parser.add_argument("-e", "--epochs", type=int)
        self.parser.add_argument("-b", "--batch-size", type=int, dest="batch")

    def run(self):
        print(self.parser.parse_args())


Program().run()
