"""`python -m sluice.init`: the same as the command `sluice-init`."""

from sluice.init.main import main

if __name__ == "__main__":
    main()
