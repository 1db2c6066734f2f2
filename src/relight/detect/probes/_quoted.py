"""What a target said, cut and cleaned so that it can stand in a sentence."""

_LONGEST_QUOTED = 60


def quoted(said: bytes | str) -> str:
    """Give the beginning of it in one line of printable characters, between backticks."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    line = " ".join(printable(text[: _LONGEST_QUOTED * 4]).split()).replace("`", "'")
    more = "…" if len(line) > _LONGEST_QUOTED or len(text) > _LONGEST_QUOTED * 4 else ""
    return f"`{line[:_LONGEST_QUOTED]}{more}`"


def printable(text: str) -> str:
    """Put a space for whatever could steer a terminal or break a line."""
    return "".join(c if c.isprintable() else " " for c in text)
