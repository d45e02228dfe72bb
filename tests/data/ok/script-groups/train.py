import argparse


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    speed = parser.add_mutually_exclusive_group(required=True)
    speed.add_argument("--fast", action="store_true")
    speed.add_argument("--careful", action="store_true")
    training = parser.add_argument_group("training")
    training.add_argument("--epochs", type=int, choices=range(1, 10))
    training.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    return parser.parse_args()


if __name__ == "__main__":
    print(arguments())
