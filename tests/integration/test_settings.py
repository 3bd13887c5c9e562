"""The settings file: read whole, checked, written whole."""

from datetime import timedelta
from pathlib import Path

import pytest

from reviewer.domain.errors import UnavailableError, UsageError
from reviewer.settings import Settings, SettingsFile

_CHANGED = Settings(
    theme="dark",
    zoom=150,
    keys={"approve": "Ctrl+Return"},
    holds={"sms": timedelta(seconds=3), "summary": timedelta(0)},
    window={"width": 1280, "columns": [200, 600, 480]},
    dictionary=("Okafor", "čekić"),
)


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml")


def test_without_a_file_the_defaults_hold(file: SettingsFile) -> None:
    assert file.load() == Settings()


def test_what_is_saved_is_read_back(file: SettingsFile) -> None:
    file.save(_CHANGED)
    assert file.load() == _CHANGED


def test_one_change_leaves_the_rest(file: SettingsFile) -> None:
    file.save(_CHANGED)
    assert file.change(theme="light") == file.load()
    assert file.load().holds == _CHANGED.holds
    assert file.load().theme == "light"


def test_the_file_is_the_owners_alone_and_no_part_is_left(file: SettingsFile, tmp_path: Path) -> None:
    file.save(_CHANGED)
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]
    assert (tmp_path / "settings.toml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "theme = 'pink'",
        "theme = 3",
        "zoom = 99",
        "zoom = 201",
        "zoom = '150'",
        "zoom = true",
        "hold = 10",
        "hold.sms = -1",
        "hold.sms = 3601",
        "hold.sms = 2.5",
        "keys = []",
        "window = 'large'",
        "dictionary = 5",
        "dictionary = [1]",
        "dictionary = 'word'",
        "theme = ",
        "= 5",
        "\x00",
    ],
)
def test_a_wrong_setting_is_named_rather_than_guessed(file: SettingsFile, tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(UsageError, match="setting"):
        file.load()


def test_a_file_that_is_no_text_is_refused(file: SettingsFile, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"theme = '\xff'")
    with pytest.raises(UsageError, match="cannot be read"):
        file.load()


def test_settings_that_are_unknown_are_passed_over(file: SettingsFile, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("colour = 'blue'\nzoom = 125\n[future]\nx = 1\n")
    assert file.load() == Settings(zoom=125)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be written"):
        SettingsFile(tmp_path / "missing" / "settings.toml").save(_CHANGED)
