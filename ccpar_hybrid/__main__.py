"""`python -m ccpar_hybrid`."""

from ccpar_hybrid.front.cli.main import run

if __name__ == "__main__":
    run()
