def describe():
    return "slope 2"
