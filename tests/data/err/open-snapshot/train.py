from pathlib import Path

folder = Path(__file__).parent / "words"
for file in sorted(folder.glob("*.txt")):
    print(file.read_text())
