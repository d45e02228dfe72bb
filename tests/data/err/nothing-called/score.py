import joblib


def init():
    global model
    model = joblib.load("model")


def run(rows):
    return model.predict(rows)
