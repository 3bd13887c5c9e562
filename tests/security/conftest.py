"""What a stranger does to rows they do to a server's as to a file's: such tests run on both."""

import pytest

from tests.conftest import on_both

# One uses a member's store in another's name, which a server shows nothing to begin with.
_FILE_ONLY = {"test_nobody_signs_with_a_colleagues_lease_or_under_a_colleagues_name"}
_IF_FULL = {
    "test_every_edit_of_an_entry_is_noticed_by_verifying_and_on_the_way",
    "test_an_honest_workspace_raises_no_alarm",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run those on both: all about signatures, and with the large counts what is done to the ledger's rows."""
    module, name = metafunc.module.__name__.rpartition(".")[2], metafunc.definition.originalname
    if module == "test_forged_signatures" or (name in _IF_FULL and metafunc.config.getoption("--full")):
        on_both(metafunc, file_only=_FILE_ONLY)
