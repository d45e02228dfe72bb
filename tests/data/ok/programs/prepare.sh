seq "$1" > "$2/numbers.txt"
