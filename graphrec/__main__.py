"""`python -m graphrec` is the same as `graphrec`."""

from graphrec.cli.main import run

if __name__ == "__main__":
    run()
