"""Start the review desk: no arguments opens the desk, arguments run a command."""

import argparse
import sys


def main() -> int:
    """Run what the command line asks for and return the exit code."""
    if getattr(sys, "frozen", False):
        # In the packaged desk the processes of the spelling checker and the analyst start here too; elsewhere this
        # would do nothing.
        import multiprocessing

        multiprocessing.freeze_support()
    # Late, because such a process reads this module in any case and needs none of the commands.
    from reviewer import cli, hardening, logs

    hardening.harden(logs.crash)
    return cli.main(sys.argv[1:], desk=_open_desk)


def _open_desk(arguments: argparse.Namespace) -> int:
    # Qt is loaded only by those who want to see something.
    from reviewer.ui import app

    pictures = getattr(arguments, "screenshots", None)
    return app.run(arguments.profile, arguments.key_file, demo=arguments.command == "demo", pictures=pictures)


if __name__ == "__main__":
    sys.exit(main())
