from package import model

print(model.fit)
