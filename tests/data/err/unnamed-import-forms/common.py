import plotly.express


def draw():
    import seaborn
