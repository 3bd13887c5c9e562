"""What a person signs: the statement, its meaning, and by what they proved who they are (21 CFR 11.50, 11.200)."""

from dataclasses import dataclass

from reviewer.domain.translation import QT_TRANSLATE_NOOP

STATEMENT = QT_TRANSLATE_NOOP(
    "Attestation", "I have read this text and checked it against its source. I take responsibility for it."
)
MEANING = QT_TRANSLATE_NOOP("Attestation", "review and approval")
ADDENDUM_MEANING = QT_TRANSLATE_NOOP("Attestation", "authorship of an addendum")


@dataclass(frozen=True, slots=True)
class Attestation:
    """A signature about to be given: always by the member whose keys are open, over exactly the text it comes with."""

    meaning: str = MEANING
    statement: str = STATEMENT
    factors: tuple[str, ...] = ("device",)

    def __post_init__(self) -> None:
        """Refuse one that says nothing or rests on nothing."""
        if not (self.factors and self.statement.strip() and self.meaning.strip()):
            raise ValueError("an attestation has a statement, a meaning and a factor")
