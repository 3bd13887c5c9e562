"""What a command says: text for people, JSON for programs, and nothing that could steer a terminal."""

import argparse
import json
import sys
from datetime import datetime
from typing import Any

Answer = dict[str, Any]


def say(arguments: argparse.Namespace, answer: Answer, text: str) -> None:
    print(json.dumps(answer) if arguments.json else text, flush=True)


def print_line(answer: Answer) -> None:
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def fail(code: str, message: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": {"code": code, "message": message}}), flush=True)
    else:
        print(message, file=sys.stderr, flush=True)


def stamp(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")


def due(instant: datetime | None) -> str:
    return "" if instant is None else f"due {instant:%Y-%m-%d %H:%M}Z"


def plain(untrusted: str) -> str:
    """Return text that cannot steer a terminal: control and direction characters are spelled out."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{{{ord(c):x}}}" for c in untrusted)


def in_line(untrusted: str) -> str:
    """Return text that cannot pretend to be a line of ours either."""
    return plain(untrusted.replace("\n", "\\u{a}"))
