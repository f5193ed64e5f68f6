"""`python -m sluice`: the command line."""

from sluice.cli.main import main

if __name__ == "__main__":
    main()
