"""`python -m callcard`."""

from callcard.main import run

if __name__ == "__main__":
    run()
