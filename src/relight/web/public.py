"""The public page from memory, redrawn when something that it shows has changed."""

from relight.web.headers import Headers
from relight.web.memory import FilesInMemory

PREFIX = "/status/"
_MISSING = (
    b'<!doctype html><html lang="en"><meta charset="utf-8">'
    b'<meta name="viewport" content="width=device-width,initial-scale=1">'
    b"<title>No such page</title>"
    b'<link rel="stylesheet" href="/status/style.css">'
    b"<main><h1>There is no such page.</h1>"
    b'<p><a href="/status/">See how everything stands</a></p></main>'
)


def public_site(headers: Headers) -> FilesInMemory:
    """Give the place that serves the public page, still empty."""
    return FilesInMemory(headers, missing=_MISSING, prefix=PREFIX)
