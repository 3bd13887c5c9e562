"""An export or a receipt is altered on its way to the auditor: `verify.py`, all that they have, must say so."""

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reviewer.crypto import Identity
from reviewer.ledger import Checkpoint, Export, Placed, Receipt, check_receipt, export
from reviewer.ledger.exports import MalformedExportError
from reviewer.resources import resource
from tests.ledgers import FOUNDER, Book, check, public_keys, reviewed
from tests.verifier import alone

_FILES = ("entries.jsonl", "keys.json", "checkpoints.jsonl")


def _write(folder: Path, files: Export) -> Path:
    folder.mkdir(exist_ok=True)
    texts = ("".join(files.entries), files.keys, files.checkpoints)
    for name, text in zip(_FILES, texts, strict=True):
        (folder / name).write_bytes(text.encode())
    return folder


def _anns(_position: int, fields: dict[str, Any]) -> bool:
    return bool(fields["actor"] == "ann")


@pytest.fixture(scope="module")
def book() -> Book:
    """Return a small ledger."""
    return reviewed(40, checkpoint_every=20).book


def _run(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", str(resource("verify.py")), "--json", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_an_auditor_verifies_an_export_with_one_file(book: Book, tmp_path: Path) -> None:
    folder = _write(tmp_path, export(book.entries, book.checkpoints))
    code, found = _run(str(folder), "--founder", book.founder.hex())
    assert (code, found["ok"], found["entries"], found["founder"]) == (0, True, 40, book.founder.hex())


def test_an_auditor_is_told_which_entry_is_wrong_and_why(book: Book, tmp_path: Path) -> None:
    folder = _write(tmp_path, export(book.entries, book.checkpoints))
    lines = (folder / "entries.jsonl").read_text().splitlines(keepends=True)
    lines[16] = lines[16].replace("item-", "itex-")
    (folder / "entries.jsonl").write_text("".join(lines))
    code, found = _run(str(folder))
    assert code == 6
    assert found == {
        "ok": False,
        "first_bad": 17,
        "why": "its signature is not its actor's",
        "flawed": [17],
        "rest_holds": False,  # its actor's next entry names what it was
    }


def test_an_export_of_another_founders_ledger_is_noticed(book: Book, tmp_path: Path) -> None:
    folder = _write(tmp_path, export(book.entries, book.checkpoints))
    assert _run(str(folder), "--founder", "00" * 32)[0] == 6


def test_an_export_cut_off_with_its_checkpoints_is_noticed_by_who_kept_one(book: Book, tmp_path: Path) -> None:
    folder = _write(tmp_path / "cut", export(book.entries[:20], book.checkpoints[:1]))
    kept = tmp_path / "kept.txt"
    kept.write_text(book.checkpoints[-1])
    assert _run(str(folder))[0] == 0
    code, found = _run(str(folder), "--checkpoint", str(kept))
    assert (code, found["first_bad"]) == (6, 21)


def test_a_missing_file_is_a_wrong_call_and_no_finding(tmp_path: Path) -> None:
    assert alone.main([str(tmp_path)]) == 2


def test_a_part_of_a_ledger_verifies_and_says_that_it_is_a_part(book: Book, tmp_path: Path) -> None:
    folder = _write(tmp_path, export(book.entries, book.checkpoints, wanted=_anns))
    code, found = _run(str(folder))
    assert (code, found["part_of"]) == (0, 40)
    assert 0 < found["entries"] < 40
    assert (folder / "entries.jsonl").read_text().count('"cat') == 0


def test_a_receipt_proves_one_entry_and_shows_no_other_items(book: Book, tmp_path: Path) -> None:
    receipt = Receipt.of(book.entries, 17, book.checkpoints[-1])
    (tmp_path / "receipt.json").write_text(receipt.text())
    assert check_receipt(Receipt.read(receipt.text()), check=check, founder=book.founder) is None
    code, found = _run("--receipt", str(tmp_path / "receipt.json"), "--founder", book.founder.hex())
    assert (code, found["position"], found["entry"]["object"]) == (0, 17, "item-000003")
    assert set(re.findall("item-[0-9]+", receipt.text())) == {"item-000003"}


def _bend(content: bytes) -> bytes:
    bent, bit = bytearray(content), secrets.randbelow(8 * len(content))
    bent[bit // 8] ^= 1 << bit % 8
    return bytes(bent)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", [False, True], ids=["whole", "part"])
def test_a_bit_flipped_anywhere_in_an_export(
    book: Book, tmp_path: Path, count: Callable[[int, int], int], part: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _write(tmp_path, export(book.entries, book.checkpoints, wanted=_anns if part else None))
    for _ in range(count(150, 20_000)):
        path = folder / secrets.choice(_FILES)
        content = path.read_bytes()
        bent = _bend(content)
        path.write_bytes(bent)
        code = alone.main([str(folder)])
        path.write_bytes(content)
        assert code == 6 or _means_the_same(content, bent), (path.name, content[:40])
    assert alone.main([str(folder)]) == 0
    capsys.readouterr()


@pytest.mark.timeout(3600)
def test_a_bit_flipped_anywhere_in_a_receipt(
    book: Book, tmp_path: Path, count: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    path, whole = tmp_path / "receipt.json", Receipt.of(book.entries, 17, book.checkpoints[-1])
    content = whole.text().encode()
    for _ in range(count(300, 40_000)):
        bent = _bend(content)
        path.write_bytes(bent)
        same = _means_the_same(content, bent)
        assert alone.main(["--receipt", str(path)]) == 6 or same
        assert _is_refused(bent) or same
    capsys.readouterr()


def _is_refused(bent: bytes) -> bool:
    try:
        return check_receipt(Receipt.read(bent.decode()), check=check) is not None
    except (MalformedExportError, UnicodeDecodeError):
        return True


def _means_the_same(content: bytes, bent: bytes) -> bool:
    """Tell whether only the spelling of the file changed, not one value in it: a space for a line feed, say."""
    try:
        return bool(json.loads(content) == json.loads(bent))
    except ValueError:
        return False


def test_an_entry_under_anothers_proof_or_position(book: Book) -> None:
    one, other = (Receipt.of(book.entries, position, book.checkpoints[-1]) for position in (17, 18))
    for placed in (
        Placed(one.placed.position, other.placed.signed, one.placed.proof),
        Placed(other.placed.position, one.placed.signed, one.placed.proof),
        Placed(one.placed.position, one.placed.signed, other.placed.proof),
        Placed(one.placed.position, one.placed.signed, None),
        Placed(0, one.placed.signed, one.placed.proof),
    ):
        forged = Receipt(placed, one.keys, one.checkpoint)
        assert check_receipt(forged, check=check) is not None
        with pytest.raises(alone.Broken):
            _verify_alone(forged)


def test_a_receipt_whose_keys_name_a_forger(book: Book) -> None:
    whole, eve = Receipt.of(book.entries, 17, book.checkpoints[-1]), Identity.new()
    fake = Book(book.workspace)
    fake.identities[FOUNDER] = eve
    fake.entries, fake.heads = [], {}
    fake._tree = type(fake._tree)()
    fake.write(FOUNDER, "workspace_made", details={"member": FOUNDER, "roles": ["admin"], **public_keys(eve)})
    forged = Receipt(whole.placed, (Placed(1, fake.entries[0], whole.keys[0].proof),), whole.checkpoint)
    for receipt in (forged, Receipt(whole.placed, (), whole.checkpoint), Receipt(whole.placed, whole.keys[1:], "")):
        assert check_receipt(receipt, check=check) is not None
        with pytest.raises(alone.Broken):
            _verify_alone(receipt)


def test_a_receipt_under_a_checkpoint_of_a_forger(book: Book) -> None:
    whole = Receipt.of(book.entries, 17, book.checkpoints[-1])
    note, eve = whole.checkpoint, Identity.new()
    text = note[: note.index("\n\n") + 1]
    good = Checkpoint.read(note)
    forged = Checkpoint.make(
        good.workspace, good.head, good.at, signer=good.signer, public=eve.public.sign, sign=eve.sign
    )
    assert forged.note.startswith(text)
    receipt = Receipt(whole.placed, whole.keys, forged.note)
    assert check_receipt(receipt, check=check) == "its checkpoint is not signed by a member"
    with pytest.raises(alone.Broken, match="not signed"):
        _verify_alone(receipt)


def _verify_alone(receipt: Receipt) -> None:
    whole = json.loads(receipt.text())
    checkpoint = alone.Checkpoint(whole["checkpoint"])
    keys = [alone.read_line(key) for key in whole["keys"]]
    alone.verify_apart(keys, [alone.read_line(whole["receipt"])], checkpoint)


def test_keys_that_say_something_else_than_the_ledger(book: Book, tmp_path: Path) -> None:
    folder = _write(tmp_path, export(book.entries, book.checkpoints))
    path = folder / "keys.json"
    whole = json.loads(path.read_text())
    for changed in (whole["keys"][1:], whole["keys"][:-1], [*whole["keys"], whole["keys"][0] | {"position": 30}]):
        path.write_text(json.dumps(whole | {"keys": changed}))
        code, found = _run(str(folder))
        assert (code, "keys.json" in found["why"]) == (6, True)


def test_a_whole_ledger_passed_off_as_a_part_has_no_proofs(book: Book, tmp_path: Path) -> None:
    folder = _write(tmp_path, export(book.entries[:30], book.checkpoints[:1]))
    path = folder / "keys.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"part_of": 20}))
    assert _run(str(folder))[0] == 6


def test_the_verifier_shares_no_code_with_the_program() -> None:
    text = resource("verify.py").read_text("utf-8")
    assert "import reviewer" not in text
    assert "from reviewer" not in text
    imported = {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported - {"cryptography"} <= set(sys.stdlib_module_names)
