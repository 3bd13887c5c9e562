"""PII tokens for drafting systems: tokenise before the model reads, restore what it wrote."""

import argparse
import json
from collections.abc import Callable

from reviewer.cli.answers import Answer, print_line
from reviewer.cli.arguments import AddCommand, lines_of
from reviewer.cli.profile import Opened, unlock
from reviewer.domain.errors import ExitCode, InputRefusedError, NotFoundError
from reviewer.domain.limits import unstorable_character


def add(command: AddCommand) -> None:
    """Add these commands."""
    for name, run, text in (
        ("tokenize", _tokenize, "replace personal data by PII tokens: JSON Lines of conversation and text"),
        ("restore", _restore, "put back what PII tokens stand for: JSON Lines of conversation and text"),
    ):
        parser = command(name, run, text)
        parser.add_argument("file", metavar="FILE", nargs="?", default="-", help="- reads standard input")
        parser.add_argument("--producer", default="import", metavar="NAME", help="as of 'import' (default: import)")


def _tokenize(arguments: argparse.Namespace) -> ExitCode:
    from reviewer.privacy import load  # its model is nothing that every command should load

    with Opened(arguments) as application:
        tokens = unlock(arguments, application).tokens
        detector = load()

        def answer(record: dict[str, str]) -> tuple[Answer, bool]:
            language = record.get("lang") or record.get("language")
            done = tokens.tokenise(
                arguments.producer, record["conversation"], record["text"], detector.find, language=language
            )
            return {"text": done.text, "tokens": done.tokens, "masked_cards": done.masked, "digest": done.digest}, True

        return _each(arguments.file, answer)


def _restore(arguments: argparse.Namespace) -> ExitCode:
    with Opened(arguments) as application:
        tokens = unlock(arguments, application).tokens

        def answer(record: dict[str, str]) -> tuple[Answer, bool]:
            restored = tokens.restore(arguments.producer, record["conversation"], record["text"])
            if restored.text is not None:
                return {"text": restored.text}, True
            left = [
                {
                    "start": each.start,
                    "end": each.end,
                    "token": record["text"][each.start : each.end],
                    "why": "damaged" if not each.known else "unknown to this conversation",
                }
                for each in restored.damages
            ]
            return {"text": None, "blocked": left}, False

        return _each(arguments.file, answer)


def _each(file: str, answer: Callable[[dict[str, str]], tuple[Answer, bool]]) -> ExitCode:
    """Answer line by line; what is refused stands in its place with the reason, and tells in the exit code."""
    code = ExitCode.DONE
    for number, raw in enumerate(lines_of(file), start=1):
        if not raw.strip():
            continue
        echoed: Answer = {}
        try:
            record = _record(raw)
            echoed = {name: record[name] for name in ("id", "conversation") if name in record}
            said, is_whole = answer({"conversation": record.get("id", ""), **record})
        except (InputRefusedError, NotFoundError) as exc:
            print_line({**echoed, "error": f"line {number}: {exc.message}"})
            code = max(code, exc.exit_code)
            continue
        print_line({**echoed, **said})
        code = code if is_whole else max(code, ExitCode.RULE)
    return code


def _record(raw: bytes) -> dict[str, str]:
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError):
        raise InputRefusedError("This is no JSON.") from None
    if not isinstance(record, dict):
        raise InputRefusedError("A line is a JSON object.")
    texts = {name: value for name, value in record.items() if isinstance(value, str)}
    if "text" not in texts or not ("conversation" in texts or "id" in texts):
        raise InputRefusedError("A line has the texts 'conversation' (or 'id') and 'text'.")
    if any(unstorable_character(value) for value in texts.values()):
        raise InputRefusedError("A text holds a character that cannot be stored.")
    return texts
