"""Start the review desk: no arguments opens the desk, arguments run a command."""

import argparse
import sys

from reviewer import cli


def main() -> int:
    """Run what the command line asks for and return the exit code."""
    return cli.main(sys.argv[1:], desk=_open_desk)


def _open_desk(arguments: argparse.Namespace) -> int:
    # Qt is loaded only by those who want to see something.
    from reviewer.ui import app

    pictures = getattr(arguments, "screenshots", None)
    return app.run(arguments.profile, arguments.key_file, demo=arguments.command == "demo", pictures=pictures)


if __name__ == "__main__":
    sys.exit(main())
