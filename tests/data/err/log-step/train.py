from azureml.core import Run

run = Run.get_context()
for epoch in range(10):
    run.log("loss", 1 / (epoch + 1), step=epoch)
