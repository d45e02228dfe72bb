import csv

with open("literal-path/data/table.csv") as table:
    rows = list(csv.reader(table))
