"""Negations that were added or lost: what the draft denies against what the source affirms, scope against scope.

A word alone decides only where it names a symptom, a condition or a habit. Anything else must come in company: the
phrase that the draft denies has to stand together in one exchange of the source, affirmed, with no negation near it.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from reviewer.evidence import lexicon
from reviewer.evidence.checks.context import Context, Finding
from reviewer.evidence.facts import Place
from reviewer.evidence.negation import (
    Polarity,
    Scope,
    asks,
    begins_question,
    firmly_denied,
    has_negation,
    is_beside,
    is_cue,
    is_listing,
    scopes,
)
from reviewer.evidence.normalise import UNITS
from reviewer.evidence.report import Status
from reviewer.evidence.source import Prepared, Segment
from reviewer.evidence.words import Token, is_content

_PARTING = frozenset(", ; : / ( ) . ? ! - and or nor with but that which because due i ili".split())
_OVER = frozenset(
    "resolved resolution improved improvement negative gone subsided free resolves improves controlled".split()
)
# What says that a part, a time or another one is denied, not the thing itself.
_NARROWING = frozenset(
    """
        new further other additional previous prior past significant severe worsening recurrent current currently
        residual obvious associated radiating now today present recent recently anymore before earlier more acute
        ongoing persistent longer else similar much many longterm really necessarily always completely entirely
        """.split()
)
# Words that stand around a symptom and say nothing of which one it is.
_PLAIN_WORDS = frozenset(
    """
        denies denied reports reported has had complains acute chronic mild severe significant associated recent
        further history patient pt sign signs evidence symptom symptoms issue issues problem problems use any
        states stated notes noted feels endorses presents complaint complaints
        """.split()
)
# What makes a "not" deny less than what follows: "not very expensive", "no longer".
_LIMITING = frozenset(
    """
        new further other additional more longer necessarily always completely entirely yet too very really just only
        much many enough quite exactly sure rarely seldom hardly
        """.split()
)
# What may stand before a word that is said of somebody: "I am divorced", "are you married".
_SAID_OF = frozenset("i'm i am is are was were be been being got he's she's it's you're they're we're you".split())
_CLAUSES = frozenset(", . ; and but so".split())
# Verbs with which somebody holds a view: "does not believe that she is pregnant" is no denial of believing.
_HOLDING = frozenset("believe think feel know recall remember see bring".split())
_SIDES = frozenset("left right".split())
_LEAST_SHARE = 0.6  # of the weight of what is said and of whom: how much an exchange must have
# What leaves open whatever follows it: a condition, a possibility, an advice.
_OPENING = frozenset("if whether unless unaware until should could may might worsening return call avoid ako".split())
_ADVISING = frozenset("go seek come call return contact watch monitor emergency ring phone javite pozovite".split())
_OPENING_PAIRS = frozenset(
    {
        ("rule", "out"),
        ("risk", "of"),
        ("in", "case"),
        ("monitor", "for"),
        ("look", "for"),
        ("emergency", "department"),
        ("emergency", "room"),
        ("event", "of"),
        ("watch", "for"),
        ("due", "for"),
        ("rather", "than"),
        ("instead", "of"),
    }
)
_LEAST_COVER = 0.3  # of a sentence's weight in its passage, for a "not" that it lacks to be foreign to it
# What stands before a noun that a sentence says to be there.
_HAVING = frozenset("with has have had needs need wants want requests requires includes include a an and the".split())
# What begins something affirmed in a list of denials: "no lesions, normal gait", "no edema with good pulses".
_ENDING_LISTS = frozenset("with but normal intact clear stable regular positive full good".split())
_SPEAKING = frozenset("i we you i'm i'd i'll we're we'll you're you'll won't".split())
_NEAR = 12  # words within which a part of the body may tell where a symptom is
_MOST_MENTIONS = 100  # of one word that are looked at
# In the source: another one, a change or a part of it is denied, not the thing itself.
_PARTLY = frozenset(
    """
        other else besides except than then since new change changes changed first like always just only but though
        usually rather anymore longer now currently much many very really more less worse better yet until unless
        """.split()
)
# A habit so described is neither simply denied nor simply affirmed.
_SOMETIMES = frozenset(
    """
        rare rarely occasional occasionally social socially former formerly quit past previous previously history
        sometimes stopped ex remote used
        """.split()
)
_LEAST_WORDS = 6  # of an exchange that affirms a phrase: less is a title or an interjection
_HABITS = frozenset("alcohol tobacco drink smok cigarett etoh marijuana cannabi cocain heroin vap".split())


def negation_added(context: Context) -> Iterator[Finding]:
    """Find a symptom, condition or habit that the sentence denies and the source only ever affirms."""
    found: list[Finding] = []
    for scope in scopes(context.words):
        for entry in _entries(context.words, scope.places):
            found += _added(context, scope, entry)
    yield from _weightiest(found)


def _added(context: Context, scope: Scope, entry: Sequence[int]) -> Iterator[Finding]:
    words = context.words
    of = frozenset(words[p].stem for p in _clause_before(words, scope.cue)) & lexicon.site_stems()
    for place in entry:
        token = words[place]
        if not _names_a_condition(token):
            continue
        mentions = _mentions(token.stem, _company(words, place, entry) | of, context.source)
        stances = {stance for stance, _, _ in mentions}
        exact = {stance for stance, itself, _ in mentions if itself}
        if Polarity.ASSERTED not in stances or Polarity.DENIED in stances:
            continue
        narrowed = any(t.word in _NARROWING for t in words[_opening(words, place) : entry[-1] + 4])
        sure = exact == {Polarity.ASSERTED} and not narrowed and firmly_denied(words, place)
        where = tuple(where for stance, _, where in mentions if stance is Polarity.ASSERTED)[:2]
        message = f"denied here, but the source affirms {context.quote(token.start, token.end)}"
        yield Finding(Status.STOP if sure else Status.LOOK, message, token.start, token.end, where)


def _opening(words: Sequence[Token], place: int) -> int:
    """Return where the list entry, or the pair of them joined by "or", that holds `place` begins."""
    for back in range(place - 1, -1, -1):
        if words[back].word in {",", ";", ":", "."} or is_cue(words, back):
            return back
    return 0


def phrase_denied(context: Context) -> Iterator[Finding]:
    """Find a phrase that the sentence denies and that the source affirms, with no negation near it."""
    found: list[Finding] = []
    for scope in scopes(context.words):
        groups = _list(context.words, scope)
        for group in groups:
            found += _phrase(context, scope, group)
        if not found:
            found += _foreign(context, scope)
    told = {range(f.start, f.end) for f in negation_added(context)} if found else set()
    yield from _weightiest(f for f in found if not any(f.start < t.stop and t.start < f.end for t in told))


def _list(words: Sequence[Token], scope: Scope) -> list[list[int]]:
    """Return what a cue denies entry by entry, as far as it surely reaches."""
    groups = _entries(words, scope.places)
    if not is_listing(words[scope.cue].word):
        return groups[:1]
    for number, group in enumerate(groups):
        begins = max(scope.cue, groups[number - 1][-1] if number else 0)
        if {t.word for t in words[begins : group[0] + 1]} & _ENDING_LISTS:
            return groups[:number]
    return groups


def _phrase(context: Context, scope: Scope, group: Sequence[int]) -> Iterator[Finding]:
    words, source = context.words, context.source
    said = [p for p in group if words[p].word not in UNITS and words[p].word not in _PLAIN_WORDS | _SIDES]
    if not said or said[0] - scope.cue > 4 or all(_names_a_condition(words[p]) for p in said):
        return
    if words[said[0]].word in _HOLDING:
        return
    if any(t.word in _LIMITING for t in words[max(0, scope.cue - 1) : group[-1] + 3]):
        return
    before = [] if is_listing(words[scope.cue].word) else _clause_before(words, scope.cue)
    wanted = list(dict.fromkeys(words[p].stem for p in said))
    about = {words[p].stem for p in before if words[p].word not in _PLAIN_WORDS} - set(wanted)
    whole = sum(source.weight(one) for one in (*wanted, *about))
    # A test that is negative is not denied, and what is so since then may have been otherwise before.
    unsure = words[scope.cue].word == "negative" or any(token.word == "since" for token in words)
    # How far a "no" reaches into a list is a guess: "no pressure, priority household".
    unsure = unsure or "," in context.text[words[scope.cue].end : words[said[0]].start]
    best: tuple[float, tuple[Segment, ...], Status] | None = None
    for window in _windows(wanted[0], source):
        stems = frozenset().union(*(s.stems for s in window))
        found = [one for one in (*wanted, *about) if one in stems]
        share = sum(source.weight(one) for one in found) / whole
        if share < _LEAST_SHARE or any(_negates_near(s, found) for s in window):
            continue
        stances = {s.stance[one] for s in window for one in wanted if one in s.stance}
        if Polarity.ASSERTED not in stances or Polarity.DENIED in stances:
            continue
        alone = len(found) < 2
        plain = len(source.places_of(wanted[0])) <= 2 and said[0] - scope.cue <= 2 and _is_predicate(window, wanted[0])
        if alone and not plain:
            continue
        if not alone and sum(len(s.words) for s in window) < _LEAST_WORDS:
            continue
        sure = Polarity.ASKED not in stances and not unsure and not _denied_elsewhere(wanted, found, source)
        if best is None or share > best[0]:
            best = share, window, Status.STOP if sure else Status.LOOK
    if best is not None:
        first, last = words[said[0]], words[said[-1]]
        message = f"denied here, but the source affirms {context.quote(first.start, last.end)}"
        where = tuple(Place(s.turn, s.start, s.end) for s in best[1])
        yield Finding(best[2], message, first.start, last.end, where)


def _negates_near(segment: Segment, stems: Sequence[str]) -> bool:
    """Tell whether a segment denies anything close before one of `stems`, or behind it in the same clause."""
    words = segment.words
    places = [place for place, token in enumerate(words) if token.stem in stems]
    cues = [place for place in range(len(words)) if is_cue(words, place)]
    if not places:
        return bool(cues) and len(words) <= 30
    for cue in cues:
        if any(0 <= place - cue <= 10 for place in places):
            return True
        last = max((place for place in places if place < cue), default=-10)
        if cue - last <= 6 and not any(token.word in _CLAUSES for token in words[last:cue]):
            return True
    return False


def _foreign(context: Context, scope: Scope) -> Iterator[Finding]:
    """Find a "not" in a sentence whose passage speaks of what it denies and denies nothing."""
    words, source = context.words, context.source
    said = [p for p in scope.places if is_content(words[p])]
    if is_listing(words[scope.cue].word) or not said or context.link.best < _LEAST_COVER:
        return
    number = context.link.segments[0]
    near = [source.segments[n] for n in (number - 1, number, number + 1) if 0 <= n < len(source.segments)]
    stems = source.segments[number].stems
    if any(has_negation(s.words) for s in near) or not any(source.match(words[p].stem).keys() & stems for p in said):
        return
    first, last = words[scope.cue], words[said[-1]]
    segment = source.segments[number]
    message = f"{context.quote(first.start, last.end)}: the passage denies nothing"
    yield Finding(Status.LOOK, message, first.start, last.end, (Place(segment.turn, segment.start, segment.end),))


def _denied_elsewhere(wanted: Sequence[str], found: Sequence[str], source: Prepared) -> bool:
    """Tell whether the source denies one of `wanted` anywhere beside another word of `found`, or where it is alone."""
    for one in wanted:
        for number in source.places_of(one):
            segment = source.segments[number]
            weighs = one == wanted[0] or len(found) < 2 or len(segment.stems & set(found)) > 1
            if weighs and segment.stance[one] is Polarity.DENIED:
                return True
    return False


def _is_predicate(window: Sequence[Segment], one: str) -> bool:
    """Tell whether a word is said of somebody in `window`: "I am divorced", "are you married? yes"."""
    for segment in window:
        for place, token in enumerate(segment.words):
            if token.stem == one and {t.word for t in segment.words[max(0, place - 3) : place]} & _SAID_OF:
                return True
    return False


def negation_lost(context: Context) -> Iterator[Finding]:
    """Find what the sentence affirms and the source only ever denies."""
    if any(token.word in _OVER for token in context.words):
        return
    left_open = _left_open(context.words)
    affirmed = [p for p in range(len(context.words)) if p not in context.denied and p not in left_open]
    found: list[Finding] = []
    for entry in _entries(context.words, affirmed):
        found += _lost(context, entry)
        found += _phrase_lost(context, entry)
        found += _noun_lost(context, entry)
    yield from _weightiest(found or _turned(context))


def _turned(context: Context) -> Iterator[Finding]:
    """Find a sentence that denies nothing, though its passage denies most of what they share."""
    source = context.source
    if any(is_cue(context.words, p) for p in range(len(context.words))) or context.link.best < _LEAST_COVER:
        return
    segment = source.segments[context.link.segments[0]]
    shared: dict[str, Polarity] = {}
    for token in context.words:
        if is_content(token) and token.stem in segment.stance:
            shared[token.stem] = segment.stance[token.stem]
    weight = sum(source.weight(one) for one in shared)
    turned = sum(source.weight(one) for one, stance in shared.items() if stance is Polarity.DENIED)
    if len(shared) >= 2 and turned >= _LEAST_SHARE * weight:
        message = "the passage denies what is affirmed here"
        where = (Place(segment.turn, segment.start, segment.end),)
        yield Finding(Status.LOOK, message, 0, len(context.text), where)


def _lost(context: Context, entry: Sequence[int]) -> Iterator[Finding]:
    source = context.source
    for place in entry:
        token = context.words[place]
        habit = token.stem in _HABITS
        if not _names_a_condition(token) or (token.stem not in source.postings and not habit):
            continue
        if habit and any(t.word in _SOMETIMES for t in context.words):
            continue
        mentions = _mentions(token.stem, _company(context.words, place, entry), source)
        if not mentions or any(stance is not Polarity.DENIED for stance, itself, _ in mentions if itself or habit):
            continue
        if not any(itself or habit for _, itself, _ in mentions):
            continue
        sure = any(
            _firm(source.segments[n], other)
            for other in source.match(token.stem)
            if other == token.stem or habit
            for n in source.places_of(other)
        )
        message = f"affirmed here, but the source denies {context.quote(token.start, token.end)}"
        where = tuple(where for stance, _, where in mentions if stance is Polarity.DENIED)[:2]
        yield Finding(Status.STOP if sure else Status.LOOK, message, token.start, token.end, where)


def _noun_lost(context: Context, entry: Sequence[int]) -> Iterator[Finding]:
    """Find a noun that the source asks about at most, and denies right behind a "no" or "don't need" in the end."""
    source = context.source
    for place in entry:
        token = context.words[place]
        if lexicon.part_of_speech(token.word, token.stem) not in {"n", ""} or token.stem not in source.postings:
            continue
        if not place or context.words[place - 1].word not in _HAVING:
            continue  # a heading, or a noun that is only spoken of
        segments = [source.segments[n] for n in source.places_of(token.stem)]
        if any(s.stance[token.stem] is Polarity.ASSERTED for s in segments):
            continue
        last = segments[-1]
        denied = last.stance[token.stem] is Polarity.DENIED
        if denied and _denied_directly(last, token.stem) and _firm(last, token.stem):
            if not (source.clinical or _of_a_speaker(last, token.stem)):
                continue
            message = f"affirmed here, but the source denies {context.quote(token.start, token.end)}"
            where = (Place(last.turn, last.start, last.end),)
            yield Finding(Status.STOP, message, token.start, token.end, where)


def _of_a_speaker(segment: Segment, one: str) -> bool:
    """Tell whether a word is denied of whoever speaks or is spoken to, or of nobody: "I don't need", "no charge"."""
    words = segment.words
    place = next(place for place, token in enumerate(words) if token.stem == one)
    for back in range(place - 1, max(-1, place - 6), -1):
        if is_cue(words, back):
            before = {t.word for t in words[max(0, back - 2) : back]}
            return is_listing(words[back].word) or bool(before & _SPEAKING) or not before
    return False


def _denied_directly(segment: Segment, one: str) -> bool:
    for place, token in enumerate(segment.words):
        if token.stem == one:
            for back in range(place - 1, max(-1, place - 5), -1):
                if is_cue(segment.words, back):
                    return True
                if is_beside(segment.words, back) or segment.words[back].word in _PARTING:
                    break
    return False


def _phrase_lost(context: Context, entry: Sequence[int]) -> Iterator[Finding]:
    """Find neighbouring words that the source has together, only ever denied together."""
    source = context.source
    places = [p for p in entry if context.words[p].word not in _PLAIN_WORDS and context.words[p].word not in UNITS]
    for one, other in itertools.pairwise(places):
        a, b = context.words[one], context.words[other]
        if other - one > 2 or a.stem == b.stem or lexicon.part_of_speech(a.word, a.stem) == "v":
            continue
        numbers = sorted(set(source.places_of(a.stem)) & set(source.places_of(b.stem)))
        segments = [source.segments[n] for n in numbers]
        if not any(_denies_phrase(s, a.stem, b.stem) for s in segments):
            continue
        if not all(_denies_both(s, a.stem, b.stem) for s in segments):
            continue
        # Where the source affirms either word elsewhere, it may speak of another thing, or of the same one otherwise.
        sure = not any(source.stance[one][Polarity.ASSERTED] for one in (a.stem, b.stem))
        sure = sure and (source.clinical or any(_of_a_speaker(s, a.stem) for s in segments))
        message = f"affirmed here, but the source denies {context.quote(a.start, b.end)}"
        where = tuple(Place(s.turn, s.start, s.end) for s in segments[:2])
        yield Finding(Status.STOP if sure else Status.LOOK, message, a.start, b.end, where)
        return


def _denies_both(segment: Segment, one: str, other: str) -> bool:
    return segment.stance[one] is Polarity.DENIED and segment.stance[other] is Polarity.DENIED


def _denies_phrase(segment: Segment, one: str, other: str) -> bool:
    """Tell whether a segment denies two neighbouring words right behind what denies or asks for them."""
    words = segment.words
    if not _firm(segment, one):
        return False
    for place, token in enumerate(words):
        if token.stem != one or not any(t.stem == other for t in words[place + 1 : place + 3]):
            continue
        for back in range(place - 1, max(-1, place - 5), -1):
            if is_cue(words, back) or begins_question(words, back):
                return True
            if is_beside(words, back) or words[back].word in {"to", "for", "of", ",", ".", "your", "the", "that"}:
                break
    return False


def _firm(segment: Segment, one: str) -> bool:
    """Tell whether a word is denied whole where it is denied: not another one, a change, or all but something."""
    near: set[str] = set()
    for place, token in enumerate(segment.words):
        if token.stem == one:
            near |= {t.word for t in segment.words[max(0, place - 6) : place + 5]}
    return not near & _PARTLY


def _weightiest(found: Iterable[Finding]) -> list[Finding]:
    """Return the first finding that stops, else the first: one line for each sentence is enough."""
    return sorted(found, key=lambda finding: finding.status is not Status.STOP)[:1]


def _names_a_condition(token: Token) -> bool:
    return is_content(token) and (token.stem in lexicon.symptom_stems() or token.stem in _HABITS)


def _entries(words: Sequence[Token], places: Iterable[int]) -> list[list[int]]:
    """Return the content words at `places`, entry by entry of what they list."""
    found: list[list[int]] = []
    last = -2
    for place in places:
        apart = any(words[p].word in _PARTING for p in range(last + 1, place + 1)) if last >= 0 else True
        if is_content(words[place]):
            if apart or not found:
                found.append([])
            found[-1].append(place)
            last = place
    return found


def _clause_before(words: Sequence[Token], cue: int) -> list[int]:
    """Return the content words of the clause that leads up to a cue."""
    found = []
    for place in range(cue - 1, max(-1, cue - 9), -1):
        if words[place].word in {",", ";", ":", ".", "and", "but", "that", "who", "which"}:
            break
        if is_content(words[place]):
            found.append(place)
    return found


def _left_open(words: Sequence[Token]) -> frozenset[int]:
    """Return the places that a sentence leaves open: behind "if" or "rule out", and in advice: "go to the ER for"."""
    if words and words[0].word in _ADVISING:
        return frozenset(range(len(words)))
    found: set[int] = set()
    for place, token in enumerate(words):
        following = words[place + 1].word if place + 1 < len(words) else ""
        if token.word in _OPENING or (token.word, following) in _OPENING_PAIRS:
            found |= set(range(place, min(len(words), place + 20)))
    return frozenset(found)


def _company(words: Sequence[Token], place: int, entry: Sequence[int]) -> frozenset[str]:
    """Return the stems that say which pain or swelling is meant: the word before, the parts of the body with it."""
    beside = [p for p in entry if p != place and abs(p - place) <= _NEAR]
    near = {words[p].stem for p in beside if words[p].stem in lexicon.site_stems()}
    if place - 1 in entry and words[place - 1].word not in _PLAIN_WORDS | _NARROWING:
        near.add(words[place - 1].stem)
    return frozenset(near)


def _mentions(one: str, company: frozenset[str], source: Prepared) -> list[tuple[Polarity, bool, Place]]:
    """Return how the source stands to a word wherever it is in the same company, and whether it is the word itself."""
    found = []
    for other in source.match(one):
        for number in source.places_of(other)[:_MOST_MENTIONS]:
            segment = source.segments[number]
            if all(segment.stems & source.match(c).keys() for c in company):
                found.append((segment.stance[other], other == one, Place(segment.turn, segment.start, segment.end)))
    return found


def _windows(one: str, source: Prepared) -> Iterator[tuple[Segment, ...]]:
    """Yield each exchange that has a stem: its sentence, with the answer to it or the question before it."""
    for number in source.places_of(one)[:40]:
        segment = source.segments[number]
        window = [segment]
        if asks(segment.words) and number + 1 < len(source.segments):
            window.append(source.segments[number + 1])
        if number and source.segments[number - 1].turn != segment.turn and asks(source.segments[number - 1].words):
            window.insert(0, source.segments[number - 1])
        yield tuple(window)
