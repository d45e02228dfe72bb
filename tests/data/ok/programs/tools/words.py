FIRST = "report"
