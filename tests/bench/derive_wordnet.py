"""Derive `resources/evidence/wordnet.txt` from Princeton WordNet 3.0 as Debian's `wordnet-base` unpacks it.

Run as `python tests/bench/derive_wordnet.py FOLDER_WITH_DATA_FILES`.
Keeps single lower-case words only: the words that the tagged corpora use, with their usual part of speech (`w`), sets
of words that share one of their three first senses (`s`), and antonyms (`a`).
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

_WORD = re.compile(r"[a-z]{3,}$")
_OUT = Path(__file__).parents[2] / "resources" / "evidence" / "wordnet.txt"


def main(folder: Path) -> None:
    """Write the derived file."""
    counts, ranks = _senses(folder)
    antonyms: set[tuple[str, str]] = set()
    synonyms: set[tuple[str, ...]] = set()
    for part in ("noun", "verb", "adj", "adv"):
        synsets = _synsets(folder / f"data.{part}")
        for offset, (words, pointers) in synsets.items():
            usual = [w for w in words if _WORD.match(w) and ranks.get((w, part, offset), 9) <= 3 and counts[w]]
            if len(usual) > 1:
                synonyms.add(tuple(sorted(set(usual))))
            for here, there, target in pointers:
                one, other = words[here - 1], synsets[target][0][there - 1]
                if _WORD.match(one) and _WORD.match(other) and counts[one] and counts[other]:
                    low, high = sorted((one, other))
                    antonyms.add((low, high))
    usual_part = _usual_part(folder)
    lines = [f"w {word} {usual_part[word]}" for word in sorted(counts) if _WORD.match(word) and counts[word]]
    lines += ["s " + " ".join(group) for group in sorted(synonyms) if len(group) > 1]
    lines += ["a " + " ".join(pair) for pair in sorted(antonyms)]
    _OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _usual_part(folder: Path) -> dict[str, str]:
    """Return the part of speech in which the tagged corpora use each word most: n, v, a (adjective) or r (adverb)."""
    uses: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in (folder / "cntlist.rev").read_text().splitlines():
        key, _, count = line.split()
        word, _, sense = key.partition("%")
        uses[word]["nvara"[int(sense[0]) - 1]] += int(count)
    return {word: max(parts, key=lambda part: parts[part]) for word, parts in uses.items()}


def _senses(folder: Path) -> tuple[defaultdict[str, int], dict[tuple[str, str, str], int]]:
    """Return how often the tagged corpora use each word, and the rank of each of its senses."""
    counts: defaultdict[str, int] = defaultdict(int)
    for line in (folder / "cntlist.rev").read_text().splitlines():
        key, _, count = line.split()
        counts[key.split("%")[0]] += int(count)
    ranks = {}
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"index.{part}").read_text().splitlines():
            if line.startswith(" "):
                continue
            fields = line.split()
            for rank, offset in enumerate(fields[-int(fields[2]) :], start=1):
                ranks[fields[0], part, offset] = rank
    return counts, ranks


def _synsets(file: Path) -> dict[str, tuple[list[str], list[tuple[int, int, str]]]]:
    """Return the words of each synset and its antonym pointers: place here, place there, synset there."""
    synsets = {}
    for line in file.read_text().splitlines():
        if line.startswith(" "):
            continue
        fields = line.split("|")[0].split()
        width = int(fields[3], 16)
        words = [re.sub(r"\(.*\)", "", word) for word in fields[4 : 4 + 2 * width : 2]]
        rest = fields[4 + 2 * width :]
        pointers = []
        for at in range(1, 1 + 4 * int(rest[0]), 4):
            symbol, target, _, places = rest[at : at + 4]
            if symbol == "!":
                pointers.append((int(places[:2], 16), int(places[2:], 16), target))
        synsets[fields[0]] = (words, pointers)
    return synsets


if __name__ == "__main__":
    main(Path(sys.argv[1]))
