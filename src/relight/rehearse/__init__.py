"""REHEARSE: stage an outage on this machine, and tell from outside whether it was handled."""
