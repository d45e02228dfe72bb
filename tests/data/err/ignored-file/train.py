import model

model.train()
