"""Placeholders: every spelling is caught where it stands, and nothing that people write is taken for one."""

import pytest

from reviewer.domain.findings import Weight
from reviewer.domain.items import Turn
from reviewer.privacy.gate import Outgoing, check

_STYLES = (
    # programs' templates
    "{name}",
    "{{name}}",
    "{{{name}}}",
    "{{ patient.first_name }}",
    '{{patient.firstName | default: "there"}}',
    "{{#if name}}",
    "{% if name %}",
    "{0}",
    "{}",
    "{{1}}",
    "{FIRST NAME}",
    "{Hi|Hello}",
    "{count, plural, one {# visit} other {# visits}}",
    "{!Contact.FirstName}",
    "<%= @patient.name %>",
    "<?= $name ?>",
    "%{name}",
    "%{patient_name}",
    "%(name)s",
    "%s",
    "%1$s",
    "%@",
    "%NAME%",
    "%%First_Name%%",
    "${name}",
    "$(name)",
    "#{name}",
    "@{name}",
    "$name$",
    "$FIRST_NAME",
    "$firstName",
    "*|FNAME|*",
    "[%name%]",
    "[**Name**]",
    "[[name]]",
    "<<First Name>>",
    "<<Client.PreferredName>>",
    "<first_name>",
    "<Your Name>",
    "&lt;name&gt;",
    "translation missing: en.sms.hello",
    "[object Object]",
    "{name",
    "name}}",
    '{"name": "book_visit"}',
    # people's and models' brackets
    "[Name]",
    "[name]",
    "[Patient's Name]",
    "[Your Name]",
    "[CLINIC NAME]",
    "[insert date here]",
    "[DATE]",
    "[Date of Visit]",
    "[phone number]",
    "[your clinic's phone number]",
    "[specify reason]",
    "[Provider Name/Title]",
    "[REDACTED]",
    "[TBD]",
    "[XXX]",
    "[Name 1]",
    "[Customer]",
    "(insert name)",
    "(Client's name)",
    "(patient name)",
    "(Your Name)",
    "((name))",
    "«Name»",
    "«First_Name»",
    "‹name›",
    "⟨name⟩",
    "【姓名】",
    "［Name］",
    "｛name｝",
    "＜name＞",
    "〔name〕",
    "[name}",
    "<name]",
    "[Ime pacijenta]",
    "[ime i prezime]",
    "<Ime pacijenta>",
    "[име пацијента]",
    "[Nombre del paciente]",
    "[Vorname]",
    "[Имя]",
    "[रोगी का नाम]",
    # names between marks or bare, and crosses
    "__NAME__",
    "##NAME##",
    "#NAME#",
    "@@name@@",
    "*FIRST_NAME*",
    "~name~",
    "^name^",
    ":name:",
    "PATIENT_NAME",
    "patient_name",
    "patientName",
    ":first_name",
    "@FirstName",
    "INSERT NAME HERE",
    "YOUR NAME HERE",
    "insert clinic name here",
    "XXXX",
    "XX/XX/XXXX",
    "(XXX) XXX-XXXX",
    "555-XXXX",
    "$XXX",
    "Dr. XXX",
)


@pytest.mark.parametrize("style", _STYLES)
def test_a_placeholder_of_any_style_blocks_where_it_stands(style: str) -> None:
    text = f"Hello, we spoke with {style} about the visit."
    start = text.index(style)
    found = [f for f in check(Outgoing(text)) if f.rule == "placeholder" and f.weight is Weight.BLOCK]
    assert any(f.start < start + len(style) and start < f.end for f in found)
    covered = {at for f in found for at in range(f.start, f.end)}
    letters = [
        at for at in range(start, start + len(style)) if text[at].isalnum() and style not in ("name}}", "[name}")
    ]
    assert len(covered & set(letters)) >= len(letters) * 0.6


@pytest.mark.parametrize("greeting", ["Dear null,", "Hi undefined,", "Hello None!", "Dear [object Object],"])
def test_what_programs_write_for_a_missing_value_blocks(greeting: str) -> None:
    assert any(f.weight is Weight.BLOCK for f in check(Outgoing(f"{greeting} your visit is tomorrow.")))


@pytest.mark.parametrize(
    "text",
    [
        "BP <140/90 and HR >60, aPTT (aPTT) normal; give tPA if < 4.5 h.",
        'Potassium 5.6 [H], sodium 131 [L], see [1] and [2-4]; he said he was "tyred" [sic].',
        "Your card ending in XX1234 was charged $20.00; SSN on file XXX-XX-6789.",
        "Size XXL shirts, 20% off, and 5% more on 3/4 of them. See you @ the clinic & bring a friend :)",
        "[Acme] Your code is 482913.",
        "Mail john_smith@example.com or see https://example.com/user_name?id=%20x#first_name",
        "Karyotype 47,XXX; factor XXX syndrome; Super Bowl XXX.",
        "Il a dit «bonjour» et „zdravo“, »hallo« (nom de famille: non).",
        "- [x] done\n- [ ] to do\nC2H5OH, [18F]FDG PET, [H+] rising",
        "She takes *two* tablets, **not** three; see [our page](https://example.com/opening-hours).",
        "I'm 5'7\" (170 cm), weight ~80 kg; pain 4-5/10 ... better now… no fever",
    ],
)
def test_what_people_write_is_no_placeholder(text: str) -> None:
    assert [f for f in check(Outgoing(text)) if f.rule == "placeholder"] == []


def test_a_blank_or_an_empty_slot_asks_a_person() -> None:
    for text in (
        "Name: ______",
        "Hi , your visit is tomorrow.",
        "Your visit is at , see you.",
        "Dear Mr ,\nthank you.",
        "See [Aisle] 4 when [ready].",
    ):
        found = [f for f in check(Outgoing(text)) if f.rule == "placeholder"]
        assert found
        assert all(f.weight is Weight.STOP for f in found)


def test_code_of_the_source_is_pointed_out_but_does_not_block() -> None:
    source = (Turn("Manual", "Run `cd <my_app>` first."),)
    found = check(Outgoing("Run `cd <my_app>` and wait.", source=source))
    assert [f.weight for f in found if f.rule == "placeholder"] == [Weight.STOP]
