"""The page of many runs: a table, curves, parallel coordinates, a scatter plot, and two runs side by side."""
