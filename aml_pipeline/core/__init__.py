"""What everything else stands on: problems, errors, files, secrets, words. Imports nothing of ours."""
