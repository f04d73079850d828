"""`python -m labkit` does what `labkit` does."""

import sys

from labkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
