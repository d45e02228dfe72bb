from pathlib import Path

print(sorted(Path(__file__).parent.glob('words/*')))
