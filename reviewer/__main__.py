"""Start the review desk: no arguments opens the desk, arguments run a command."""

import sys


def main() -> int:
    """Run what the command line asks for and return the exit code."""
    from reviewer import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
