"""What a run, a submission or a publication needs of this machine and of Azure: each checked, nothing changed."""
