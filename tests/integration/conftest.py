"""What these tests say of a profile holds whichever database it has."""

import pytest

from tests.conftest import on_both

# What a file alone has: its own pragmas and lock, its plans, its folder, its catalogue.
_FILE_ONLY = {
    "test_a_write_holds_the_writers_lock_from_its_start",
    "test_a_write_that_never_gets_its_turn_is_unavailable",
    "test_opening_again_migrates_nothing",
    "test_no_act_of_reviewing_reads_a_whole_table",
    "test_a_claim_takes_the_head_of_the_index_and_sorts_nothing",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on both."""
    on_both(metafunc, file_only=_FILE_ONLY)
