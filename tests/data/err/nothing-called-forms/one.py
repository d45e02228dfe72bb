def train():
    print("training")
