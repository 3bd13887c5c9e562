"""The Merkle tree, against RFC 6962's own definition, against pymerkle, and by property."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree  # type: ignore[import-untyped]  # ships no types

from reviewer.ledger.merkle import (
    EMPTY_ROOT,
    CompactRange,
    Tree,
    TreeHead,
    is_consistent,
    is_included,
    leaf_hash,
)
from tests.verifier import alone

# https://github.com/google/certificate-transparency/blob/master/cpp/merkletree/merkle_tree_test.cc
_LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
_MOST = 70
_ALL = [leaf_hash(str(number).encode()) for number in range(_MOST)]
_TREE = Tree(_ALL)
_sizes = st.integers(1, _MOST)


def test_roots_are_those_of_certificate_transparency() -> None:
    tree = CompactRange()
    for leaf, root in zip(_LEAVES, _ROOTS, strict=True):
        tree.append(leaf_hash(bytes.fromhex(leaf)))
        assert tree.root.hex() == root


def test_every_way_to_a_root_agrees_with_pymerkle() -> None:
    oracle, grown = InmemoryTree(algorithm="sha256"), CompactRange()
    assert grown.root == _TREE.root(0) == EMPTY_ROOT
    for size, leaf in enumerate(_ALL, 1):
        oracle.append_entry(str(size - 1).encode())
        grown.append(leaf)
        assert grown.head == TreeHead(size, _TREE.root(size))
        assert grown.root == oracle.get_root() == alone.Leaves(_ALL).root(0, size)


def test_every_proof_agrees_with_pymerkle() -> None:
    oracle = InmemoryTree(algorithm="sha256")
    for number in range(_MOST):
        oracle.append_entry(str(number).encode())
    for size in (1, 2, 3, 5, 8, 33, 64, _MOST):
        for index in range(size):
            theirs = oracle.prove_inclusion(index + 1, size)
            assert theirs.path == [_ALL[index], *_TREE.inclusion_proof(index, size)]


@given(_sizes, st.data())
def test_a_leaf_in_the_tree_is_shown_to_be_there(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = _TREE.inclusion_proof(index, size)
    head = TreeHead(size, _TREE.root(size))
    assert is_included(_ALL[index], index, head, proof)
    assert alone.climbed(_ALL[index], index, size, proof) == head.root


@given(_sizes, _sizes, st.data())
def test_a_tree_that_only_grew_is_shown_to_have_grown(one: int, other: int, data: st.DataObject) -> None:
    old, new = sorted((one, other))
    proof = _TREE.consistency_proof(old, new)
    heads = TreeHead(old, _TREE.root(old)), TreeHead(new, _TREE.root(new))
    assert is_consistent(*heads, proof)
    assert is_consistent(TreeHead(0, EMPTY_ROOT), heads[1], [])
    if old < new:
        bent = list(proof)
        place = data.draw(st.integers(0, len(bent) - 1))
        bent[place] = bytes([bent[place][0] ^ 1]) + bent[place][1:]
        for wrong in (bent, proof[:-1], [*proof, _ALL[0]], []):
            assert not is_consistent(*heads, wrong)
        assert not is_consistent(heads[1], heads[0], proof)


@given(_sizes, st.data())
def test_a_proof_that_is_changed_in_any_way_shows_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, head = _TREE.inclusion_proof(index, size), TreeHead(size, _TREE.root(size))
    other = data.draw(st.integers(0, _MOST - 1).filter(lambda each: each != index))
    assert not is_included(_ALL[other], index, head, proof)
    assert not is_included(_ALL[index], other, head, proof)
    assert not is_included(_ALL[index], index, TreeHead(size, _ALL[0][::-1]), proof)
    assert not is_included(_ALL[index], index, head, [*proof, _ALL[0]])
    assert not is_included(_ALL[index], -1, head, proof)
    if proof:
        assert not is_included(_ALL[index], index, head, proof[:-1])
        assert not is_included(_ALL[index], index, head, proof[::-1]) or proof == proof[::-1]


def test_a_tree_with_one_leaf_changed_is_not_consistent_with_the_old() -> None:
    forked = Tree([*_ALL[:10], _ALL[11], *_ALL[11:]])
    for new in range(11, _MOST):
        old = TreeHead(11, _TREE.root(11))
        proof = forked.consistency_proof(11, new)
        assert not is_consistent(old, TreeHead(new, forked.root(new)), proof)


def test_a_leaf_does_not_pass_for_a_node() -> None:
    left, right = _ALL[:2]
    assert leaf_hash(left + right) != Tree([left, right]).root(2)
    assert hashlib.sha256(left + right).digest() != Tree([left, right]).root(2)


def test_a_range_goes_on_where_it_was_kept() -> None:
    for size in range(_MOST):
        kept = CompactRange.over(_ALL[:size])
        again = CompactRange(kept.size, kept.peaks)
        twin = again.copy()
        for leaf in _ALL[size:]:
            again.append(leaf)
        assert again.root == _TREE.root(_MOST)
        assert twin.head == kept.head
    with pytest.raises(ValueError, match="peaks"):
        CompactRange(3, _ALL[:1])


def test_what_is_not_in_the_tree_cannot_be_proved() -> None:
    for index, size in ((3, 3), (-1, 3), (0, 0), (0, _MOST + 1)):
        with pytest.raises(IndexError):
            _TREE.inclusion_proof(index, size)
    for old, size in ((4, 3), (-1, 3), (1, _MOST + 1)):
        with pytest.raises(IndexError):
            _TREE.consistency_proof(old, size)
