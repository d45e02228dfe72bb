import os

STAGE = os.environ["STAGE"]

if __name__ == "__main__":
    print(os.environ["OF_A_PROGRAM_OF_ITS_OWN"])
