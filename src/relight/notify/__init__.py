"""How a message reaches a person: what it says, when it is tried again, and by which channel."""
