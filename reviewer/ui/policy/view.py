"""The policy page: a table of rules and kinds, each with a switch. A change holds from the next item that is opened."""

from PySide6.QtCore import QCoreApplication, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QLabel, QWidget

from reviewer.domain.kinds import KINDS
from reviewer.domain.translation import QT_TRANSLATE_NOOP
from reviewer.services.policy import Switches
from reviewer.ui.desk.words import kind_label
from reviewer.ui.pages import scrolling_page
from reviewer.ui.policy.presenter import PolicyPresenter
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import Appearance, set_role

_LABELS = {
    "dose": QT_TRANSLATE_NOOP("Rule", "A dose that the source does not have"),
    "unit": QT_TRANSLATE_NOOP("Rule", "Another unit than in the source"),
    "number": QT_TRANSLATE_NOOP("Rule", "A number that the source does not have"),
    "date": QT_TRANSLATE_NOOP("Rule", "A date that the source does not have"),
    "time": QT_TRANSLATE_NOOP("Rule", "A time that the source does not have"),
    "phone": QT_TRANSLATE_NOOP("Rule", "A telephone number that the source does not have"),
    "drug": QT_TRANSLATE_NOOP("Rule", "A drug that the source does not have"),
    "name": QT_TRANSLATE_NOOP("Rule", "A name that the source does not have"),
    "speaker": QT_TRANSLATE_NOOP("Rule", "Said by somebody else in the source"),
    "laterality": QT_TRANSLATE_NOOP("Rule", "Left and right exchanged"),
    "negation_added": QT_TRANSLATE_NOOP("Rule", "Denied, but affirmed in the source"),
    "negation_lost": QT_TRANSLATE_NOOP("Rule", "Affirmed, but denied in the source"),
    "phrase_denied": QT_TRANSLATE_NOOP("Rule", "A phrase that the source denies"),
    "number_elsewhere": QT_TRANSLATE_NOOP("Rule", "A number that belongs to something else"),
    "opposite": QT_TRANSLATE_NOOP("Rule", "A word whose opposite is in the source"),
    "only_added": QT_TRANSLATE_NOOP("Rule", "An “only” that the source does not have"),
    "score": QT_TRANSLATE_NOOP("Rule", "Little in common with the source"),
    "omission": QT_TRANSLATE_NOOP("Rule", "Not found in the draft"),
    "length": QT_TRANSLATE_NOOP("Rule", "Too short for its source"),
    "preamble": QT_TRANSLATE_NOOP("Rule", "Words to the reviewer instead of the recipient"),
    "profanity": QT_TRANSLATE_NOOP("Rule", "Swearing and insults"),
    "threat": QT_TRANSLATE_NOOP("Rule", "Threats and pressure"),
    "phi_in_sms": QT_TRANSLATE_NOOP("Rule", "Sensitive health in a text message"),
    "link": QT_TRANSLATE_NOOP("Rule", "A link that hides where it leads"),
    "look_alike": QT_TRANSLATE_NOOP("Rule", "Letters of two scripts that look alike"),
    "segments": QT_TRANSLATE_NOOP("Rule", "More parts than a text message should have"),
    "language": QT_TRANSLATE_NOOP("Rule", "Another language than the recipient's"),
}


def rule_label(rule: str) -> str:
    """Return what a rule looks for, in words."""
    return QCoreApplication.translate("Rule", _LABELS[rule]) if rule in _LABELS else rule


class PolicyView(QWidget):
    """The switches of the rules."""

    def __init__(self, presenter: PolicyPresenter, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._appearance = appearance
        self._boxes: dict[tuple[str, str], QCheckBox] = {}
        page, column = scrolling_page(self, self.tr("Policy"))
        self._panel = QFrame(page)
        set_role(self._panel, "panel")
        self._grid = QGridLayout(self._panel)
        self._grid.setContentsMargins(16, 12, 16, 12)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(2)
        self._build_head()
        column.addWidget(self._panel)
        column.addStretch(1)
        presenter.changed.connect(self._on_changed)
        presenter.refused.connect(self._on_refused)

    def showEvent(self, event: QShowEvent) -> None:
        """Show how the rules stand now."""
        super().showEvent(event)
        self._presenter.load()

    def _build_head(self) -> None:
        heading = QLabel(self.tr("What drafts are checked for"), self._panel)
        set_role(heading, "heading")
        words = self.tr(
            "A rule that is switched off marks nothing and holds nothing back. "
            "Each change is an entry in the ledger and holds from the next item that is opened."
        )
        if not self._presenter.may_change:
            words += " " + self.tr("Only an admin changes this.")
        about = QLabel(words, self._panel)
        about.setWordWrap(True)
        set_role(about, "muted")
        self._problem = PlainLabel("", self._panel)
        self._problem.setWordWrap(True)
        set_role(self._problem, "stop")
        self._problem.hide()
        width = 1 + len(KINDS)
        self._grid.addWidget(heading, 0, 0, 1, width)
        self._grid.addWidget(about, 1, 0, 1, width)
        self._grid.addWidget(self._problem, 2, 0, 1, width)
        for place, kind in enumerate(KINDS, 1):
            label = QLabel(kind_label(kind), self._panel)
            set_role(label, "small")
            self._grid.addWidget(label, 3, place, Qt.AlignmentFlag.AlignHCenter)
        self._grid.setColumnStretch(0, 1)

    @Slot(object)
    def _on_changed(self, switches: Switches) -> None:
        self._problem.hide()
        for row, rule in enumerate(switches.rules, 4):
            if (next(iter(KINDS)), rule) not in self._boxes:
                self._add_row(row, rule)
            for kind in KINDS:
                self._boxes[kind, rule].setChecked(switches.is_on(kind, rule))

    @Slot(str)
    def _on_refused(self, why: str) -> None:
        self._problem.setText(why)
        self._problem.show()

    def _add_row(self, row: int, rule: str) -> None:
        self._grid.addWidget(QLabel(rule_label(rule), self._panel), row, 0)
        for place, kind in enumerate(KINDS, 1):
            box = QCheckBox(self._panel)
            box.setObjectName(f"rule_{kind}_{rule}")
            box.setAccessibleName(self.tr("{0}: {1}").format(kind_label(kind), rule_label(rule)))
            box.setProperty("kind", kind)
            box.setProperty("rule", rule)
            box.setEnabled(self._presenter.may_change)
            box.clicked.connect(self._on_clicked)
            self._boxes[kind, rule] = box
            self._grid.addWidget(box, row, place, Qt.AlignmentFlag.AlignHCenter)

    @Slot()
    def _on_clicked(self) -> None:
        box = self.sender()
        if isinstance(box, QCheckBox):
            self._presenter.switch(box.property("kind"), box.property("rule"), on=box.isChecked())
