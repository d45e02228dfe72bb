"""The foundation of all other packages: problems, errors, files, secrets, words. Imports nothing of ours."""
