"""The ledger: what was done and seen, signed by whoever did it, so that anyone can verify it.

Guarantees: an entry is the exact bytes that were signed, never written anew. Each actor keeps a chain of their own:
every entry names the hash of their previous one, signature included, so the newest signature of a chain covers all of
it. The entries of a workspace are the leaves of one Merkle tree (RFC 6962) whose head is signed again and again, in
checkpoints that others keep. Members, their keys and their roles are entries themselves: whoever verifies needs nothing
but the ledger, the founder's key and, to notice a cut or a second face, one checkpoint from elsewhere.

Pure: no disk, no clock, no cryptography but SHA-256. Signing and checking come in as functions.
"""

from reviewer.ledger.checkpoints import Checkpoint
from reviewer.ledger.directory import KEY_ACTIONS, Directory, MemberKeys
from reviewer.ledger.entries import START, ChainHead, Entry, Listed, SignedEntry
from reviewer.ledger.exports import Export, Placed, Receipt, check_receipt, export
from reviewer.ledger.merkle import CompactRange, TreeHead
from reviewer.ledger.verification import BrokenEntryError, Report, SignatureDepth, Verifier, Witness, verify

__all__ = [
    "KEY_ACTIONS",
    "START",
    "BrokenEntryError",
    "ChainHead",
    "Checkpoint",
    "CompactRange",
    "Directory",
    "Entry",
    "Export",
    "Listed",
    "MemberKeys",
    "Placed",
    "Receipt",
    "Report",
    "SignatureDepth",
    "SignedEntry",
    "TreeHead",
    "Verifier",
    "Witness",
    "check_receipt",
    "export",
    "verify",
]
