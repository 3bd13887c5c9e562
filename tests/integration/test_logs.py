"""The log tells where and when, never what or who."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewer import cli, logs
from reviewer.bootstrap import Application
from reviewer.domain.decisions import Judgement, Verdict
from tests.factories import Profile, line, new_key

_CONTENT = ["Okafor", "0641234567", "Cough for three days", "Half a sentence", "billing question", "First"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that the log is written to."""
    logs.start(tmp_path / "logs")
    yield tmp_path / "logs"
    logs.stop()


def _text(folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in sorted(folder.glob("*")))


def test_a_crash_is_logged_with_its_place_and_without_its_words(folder: Path) -> None:
    def look_up(name: str) -> str:
        return {"nobody": ""}[name]

    with pytest.raises(KeyError) as raised:
        look_up("Mrs Okafor")
    assert logs.crash(raised.value) == "KeyError"
    text = _text(folder)
    assert "KeyError at test_logs.py:" in text
    assert "look_up" in text
    assert "Okafor" not in text


def test_the_log_is_the_owners_alone_and_stays_small(folder: Path) -> None:
    assert (folder / "reviewer.log").stat().st_mode & 0o777 == 0o600
    logger = logging.getLogger("reviewer.test")
    for _ in range(6):
        logger.info(" " * 1_000_000)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 4 * 1024 * 1024
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_starting_twice_logs_once(folder: Path) -> None:
    logs.start(folder)
    logging.getLogger("reviewer.test").info("once")
    assert _text(folder).count("once") == 1


def test_a_whole_session_leaves_no_content_in_the_log(profile: Profile, capsys: pytest.CaptureFixture[str]) -> None:
    profile.take(
        line(draft="Cough for three days", recipient="0641234567", source=[{"speaker": "Okafor", "text": "billing"}]),
        b'{"draft": "billing question", "recipient": "0641234567"',
    )
    profile.close()
    application = Application(profile.folder, profile.key_file)
    services = application.unlock()
    claimed = services.queue.claim()
    assert claimed is not None
    services.review.save(claimed.item.id, "Half a sentence", 4)
    services.review.decide(claimed.lease, Judgement(Verdict.RESPOND, note="Ask Okafor"), key=new_key())
    profile.let_holds_end()
    (profile.folder / "returned").write_text("in the way")
    services.work.round()
    application.close()
    where = ["--profile", str(profile.folder), "--key-file", str(profile.key_file)]
    assert cli.main([*where, "--json", "claim", "--item", "Okafor"], desk=lambda _: 99) == 4
    assert "Okafor" not in capsys.readouterr().out
    text = _text(profile.folder / "logs")
    assert [content for content in _CONTENT if content in text] == []
    problems = "".join(map(str, profile.rows("SELECT problem FROM outbox")))
    records = "".join(map(str, (bytes(body).decode() for (body,) in profile.rows("SELECT body FROM entry"))))
    assert [content for content in _CONTENT if content in problems + records] == []
