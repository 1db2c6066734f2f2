"""Small programs for those who work on Relight; nothing here is installed with it."""
