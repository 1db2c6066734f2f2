"""Lets `python -m relight` do what `relight` does."""

from relight.cli import main

if __name__ == "__main__":
    main()
