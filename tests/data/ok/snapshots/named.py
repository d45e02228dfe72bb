print(open("words/greek.txt").read())
