def fit(settings):
    print(settings.images, settings.epochs)
