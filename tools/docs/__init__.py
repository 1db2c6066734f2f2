"""Writes the reference pages in `docs/reference/` from the code, and checks that they are true.

    python -m tools.docs            # write them
    python -m tools.docs --check    # change nothing; list what is undocumented, stale or broken

The pages are generated, so they are never edited by hand: mend the docstring and run it again.
"""
