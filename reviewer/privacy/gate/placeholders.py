"""Placeholders that nothing was filled into, in whatever brackets.

In a published set of AI-drafted patient messages 44 of 156 drafts had one, and so had 45 of the finals that physicians
made of them. Some spellings are placeholders whatever they hold (`{{…}}`, `%{…}`, `<%= … %>`); brackets that people
write too
(`[…]`, `(…)`, `«…»`) are so only when what stands in them reads like a slot's name. What is left over is pointed out,
and a person says that it is meant.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from reviewer.domain.findings import Finding
from reviewer.privacy.gate.outgoing import Outgoing, block, stop
from reviewer.privacy.gate.slots import is_owned_slot, names_slot, reads_as_identifier, reads_as_label

RULE = "placeholder"
_MOST = 200  # nobody reads of more in one text, and the first holds it back
_UNFILLED = "A placeholder that nothing was filled into."
_PERHAPS = "Is this a place that was to be filled in?"
_LEFT_OVER = "Something was to be inserted here and is missing."


class _Form(NamedTuple):
    """A spelling of placeholders; `holds` decides by what stands in it, None for always."""

    pattern: re.Pattern[str]
    holds: Callable[[str], bool] | None = None


def _is_label(content: str) -> bool:
    return names_slot(content) or reads_as_identifier(content)


def _is_square(content: str) -> bool:
    return _is_label(content) or reads_as_label(content)


def _is_angled(content: str) -> bool:
    return "@" not in content and "://" not in content and (_is_label(content) or reads_as_label(content))


def _is_starred(content: str) -> bool:
    """Tell a slot from a word in bold: `*FIRST_NAME*`, but not `*The Office*`."""
    return names_slot(content) and ("_" in content or content.isupper())


def _is_sigiled(content: str) -> bool:
    return names_slot(content) or ("_" in content and reads_as_identifier(content))


def _is_round(content: str) -> bool:
    words = content.split()
    if words[0].casefold() in ("insert", "enter", "add", "fill", "your", "unesite", "upišite", "unesi", "inserte"):
        return names_slot(content)
    return is_owned_slot(content) and len(words) < 5


def _is_masked(content: str) -> bool:
    """Tell whether crosses stand for something to fill in rather than for the hidden part of a number ("XX1234")."""
    return re.search(r"\d{2,}$", content) is None


# Square, curly and angle brackets of every width; typographers' and mathematicians' as well.
_SQUARE = r"[\[［〔【⟦❲〖]"
_SQUARE_END = r"[\]］〕】⟧❳〗]"
_ANGLE = r"(?:<|&lt;|＜|⟨|〈|‹|«|《)"
_ANGLE_END = r"(?:>|&gt;|＞|⟩|〉|›|»|》)"

_FORMS: tuple[_Form, ...] = (
    # Templates of programs: Mustache, Handlebars, Liquid, Jinja, ERB, JSP, ASP, PHP, ICU, Rails, shells, Salesforce.
    _Form(re.compile(r"\{\{\{?[^{}\n]{0,200}\}?\}\}")),
    _Form(re.compile(r"\{[%#][^{}\n]{0,200}[%#]\}")),
    _Form(re.compile(r"<[%?][^\n]{0,200}?[%?]>")),
    _Form(re.compile(r"[%$#@&!~]\{[^{}\n]{0,200}\}")),
    _Form(re.compile(r"\$\([A-Za-z_][\w.]*\)|%\([A-Za-z_]\w*\)[sdifr]?")),
    _Form(re.compile(r"\{\s*[^\W\d]\w*\s*,\s*(?:plural|select|selectordinal|number|date|time|choice)\b[^\n]{0,300}\}")),
    _Form(re.compile(r"\{\s*\"[\w.]+\"\s*:[^\n]*")),
    _Form(re.compile(r"[{｛][^{}｛｝\n\"]{0,120}[}｝]")),
    _Form(re.compile(r"\[\[[^\[\]\n]{1,120}\]\]")),
    _Form(re.compile(r"\[\*\*[^\n]{0,120}?\*\*\]|\*\|[^|\n]{1,80}\|\*|\[%[^\n\]]{1,80}%\]")),
    _Form(re.compile(rf"{_ANGLE}{{2}}\s?[^\W\d][^<>«»\n]{{0,80}}{_ANGLE_END}{{2}}")),
    _Form(re.compile(r"(?<![\w%])(?<!\d )%(?:\d+\$)?[sd@](?!\w)")),
    _Form(re.compile(r"\btranslation missing: [\w.\-]+|\[object Object\]|\blorem ipsum\b", re.IGNORECASE)),
    # The same where the end was cut off or the start: nobody writes curly braces in a message.
    _Form(re.compile(r"[%$#]\{{1,3}\s*\w*|\{{1,3}\s{0,20}[^\W\d]\w*|(?<!\w)\w{0,80}\s{0,20}\}\}")),
    # Brackets that people write as well.
    _Form(re.compile(rf"{_SQUARE}([^\[\]［］【】\n]{{1,80}}){_SQUARE_END}(?!\(http)"), _is_square),
    _Form(re.compile(r"\[([A-Z][A-Za-z']*(?: [A-Z][A-Za-z']*){0,3})(?![^\n]*\])"), _is_square),
    _Form(re.compile(r"[\[{<]\s?([^\[\]{}<>()\n]{2,40}?)\s?[\]})>](?!\(http)"), _is_label),
    _Form(re.compile(r"\(\(\s?([^()\n]{2,40}?)\s?\)\)"), _is_label),
    _Form(re.compile(r"\[\s*([A-Za-z][\w' ]{1,40})(?=[.,;:!?]?\s*(?:\n|$))"), _is_square),
    _Form(re.compile(rf"{_ANGLE}\s?([^\W\d][^<>«»\n]{{0,80}}?)\s?{_ANGLE_END}"), _is_angled),
    _Form(re.compile(r"\({1,3}\s?([A-Za-z][^()\n]{2,60}?)\s?\){1,3}"), _is_round),
    # Names between marks: __NAME__, %name%, $name$, ##NAME##, @@name@@, *FIRST_NAME*, |name|, ~name~, ^name^, :name:.
    _Form(re.compile(r"(?<!\w)__+([A-Za-z]\w*?)__+(?!\w)")),
    _Form(
        re.compile(r"(?<![\w%$#@|~^§:&!])([%$#@|~^§:&!]{1,3})(?P<content>[A-Za-z][\w. ]{1,40}?)\1(?![\w])"), _is_sigiled
    ),
    _Form(re.compile(r"(?<![\w*])\*{1,2}([A-Za-z][\w ]{1,40}?)\*{1,2}(?![\w])"), _is_starred),
    # Names that stand bare: $FirstName, @patient_name, :first_name, FIRST_NAME, patientName.
    _Form(re.compile(r"(?<![\w$])\$([A-Za-z]\w{2,40})(?<!USD|AUD|CAD|NZD|SGD|HKD)\b"), _is_sigiled),
    _Form(re.compile(r"(?<![\w.@/#?=&%])[@:$]?\b([A-Za-z]+_[A-Za-z0-9_]+)\b(?![@.]\w)"), is_owned_slot),
    _Form(re.compile(r"(?<![\w.@/#?=&%])[@:$]?\b([A-Za-z][a-z]+(?:[A-Z][a-z]+)+)\b(?![@.]\w)"), is_owned_slot),
    _Form(re.compile(r"\b([A-Z]{3,}(?: [A-Z]{2,}){1,3})\b(?= HERE\b)")),
    _Form(
        re.compile(
            r"\b(?:INSERT|ENTER|ADD|PUT|FILL IN)(?: YOUR| THE| IN)?(?: [\w'’]+){1,4}?(?: HERE)?\b(?-i:(?<=[A-Z]))"
        ),
        lambda content: content.isupper() and names_slot(content),
    ),
    _Form(re.compile(r"\b(?:insert|enter|your) (?:[\w'’]+ ){1,3}here\b", re.IGNORECASE), names_slot),
    # Crosses: XX/XX/XXXX, (XXX) XXX-XXXX, 555-XXXX, $XXX, Dr. XXX, XXXX. "XX1234" hides a number and is meant.
    _Form(
        re.compile(
            r"(?<![\w-])((?:\(?\d{3}\)?[ .-])?\(?X{2,}\)?(?:[ ]?[/.:-][ ]?X{2,}|[ ]X{3,})+(?:[ /.-]?\d+)?)(?!\w)",
            re.IGNORECASE,
        ),
        _is_masked,
    ),
    _Form(re.compile(r"(?<![\w-])(\d{3}[ .-]X{3,}|[$€£]\s?[Xx]{1,}(?:[.,][Xx]{2})?|[$€£](?:Y{3,}|Z{3,}))(?!\w)")),
    _Form(re.compile(r"\b((?:Dr|Mr|Mrs|Ms|Prof)\.? X{2,3})(?!\w)", re.IGNORECASE)),
    _Form(
        re.compile(
            r"(?<![\w,/-])(?<!Bowl )(?<!Volume )(?<!Chapter )(?<!Part )(?<!Olympiad )(X{3,})(?![\w/-])(?!"
            r" syndrome)(?!\s?\d)"
        )
    ),
    # What programs write for a value that was not there.
    _Form(
        re.compile(
            r"\b(?:Hi|Hello|Hey|Dear|Zdravo|Poštovani|Poštovana|Hola|Bonjour|Hallo) (?:null|undefined|None|NaN"
            r"|nil|N/A|name)\b"
        )
    ),
    _Form(re.compile(r"\bundefined\b(?= (?:undefined|at|on|is)\b)|\bInvalid Date\b|\bNaN\b(?=[ .,!]|$)")),
)

# What stands in square brackets and is meant: citations, ticks, flags of a laboratory, units, isotopes, "sic".
_MEANT = re.compile(
    r"\W*(?:[\d.,:;/+\- –]*[%°]?|sic|x|X|H|HH|L|LL|N|A|[A-Za-z]{0,3}\d+[A-Za-z+\-]{0,4}|[HNCOK]\+?|\.{3}|…"
    r"|inaudible|unintelligible"
    r"|crosstalk|laughs|laughter|pause|noise|emphasis added|edited|link)\W*"
)
_ANY_SQUARE = re.compile(rf"{_SQUARE}([^\[\]\n]{{1,120}}){_SQUARE_END}(?![(\[:])")
_ONE_NAME_AT_START = re.compile(r"\s*\S+(?: \S+)?")
_BLANKS = re.compile(r"_{3,}|(?<=[ :])\.{6,}|…{3,}|(?<=\w )-{4,}(?= \w)")
_EMPTY_SLOT = re.compile(
    r"^[ \t]*(?:Hi|Hello|Hey|Dear|Good (?:morning|afternoon|evening)|Zdravo|Poštovani|Poštovana|Dragi|Draga)[ ]*"
    r"(?:(?: |(?<=Dear))(?:Mr|Mrs|Ms|Dr)?\.?[ ]?)(?=[,!.:](?:\s|$))",
    re.MULTILINE,
)
_EMPTY_PLACE = re.compile(r"\b(?:at|on|with|by|from|is|call|contact|visit) (?=[.,;!](?:\s|$))")
_TO_DO = re.compile(r"\b(?:TODO|FIXME|TBD|TBA|TBC|LOREM)\b")


def placeholders(outgoing: Outgoing) -> Iterator[Finding]:
    """Find every placeholder; one place is told once, by the weightiest spelling that fits."""
    taken: list[range] = []
    for form in _FORMS:
        for match in form.pattern.finditer(outgoing.text):
            if _is_taken(match.span(), taken) or (form.holds is not None and not form.holds(_content(match))):
                continue
            if len(taken) == _MOST:
                return
            taken.append(range(*match.span()))
            if _is_quoted_code(match, outgoing):
                yield stop(RULE, _PERHAPS, *match.span())
            else:
                yield block(RULE, _UNFILLED, *match.span())
    yield from _doubtful(outgoing, taken)


def _doubtful(outgoing: Outgoing, taken: list[range]) -> Iterator[Finding]:
    """Point out what only a person can tell: blanks, brackets of another sort, a value that seems to be missing."""
    text = outgoing.text
    said = outgoing.conversation
    for match in _ANY_SQUARE.finditer(text):
        meant = _MEANT.fullmatch(match[1]) or match.group() in said or not re.search(r"[^\W\d_]", match[1])
        tags_sender = not text[: match.start()].strip() and _ONE_NAME_AT_START.fullmatch(match[1])
        if not (meant or tags_sender or _is_taken(match.span(), taken)):
            taken.append(range(*match.span()))
            yield stop(RULE, _PERHAPS, *match.span())
    for pattern, message in (
        (_BLANKS, _PERHAPS),
        (_TO_DO, _PERHAPS),
        (_EMPTY_SLOT, _LEFT_OVER),
        (_EMPTY_PLACE, _LEFT_OVER),
    ):
        for match in pattern.finditer(text):
            if not _is_taken(match.span(), taken):
                taken.append(range(*match.span()))
                yield stop(RULE, message, *match.span())


def _is_quoted_code(match: re.Match[str], outgoing: Outgoing) -> bool:
    """Tell whether a place stands in code that the source has too, where the reader is to fill it in."""
    return outgoing.text.count("`", 0, match.start()) % 2 == 1 and match.group() in outgoing.conversation


def _content(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return groups["content"] if "content" in groups else match[1] if match.re.groups else match.group()


def _is_taken(span: tuple[int, int], taken: list[range]) -> bool:
    return any(span[0] < place.stop and place.start < span[1] for place in taken)
