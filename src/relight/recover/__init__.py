"""RECOVER: whether it really works again, shown with data."""
