"""The team page: what waits and how old it is, what was settled, who holds what, and what waits for a supervisor.

Nothing here ranks people, and nothing shows content: heads of items and names of colleagues are all there is.
"""

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from reviewer.domain.oversight import TeamState, Waiting
from reviewer.services.oversight import Colleague
from reviewer.ui.desk.words import kind_label
from reviewer.ui.oversight.charts import AgeBar, HourChart, age_colours
from reviewer.ui.oversight.model import EscalatedModel, HeldModel, ItemsModel, age_words
from reviewer.ui.oversight.moving import MoveDialog
from reviewer.ui.oversight.presenter import OversightPresenter
from reviewer.ui.tables import rows_table
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import Appearance, set_role


class OversightView(QWidget):
    """How the team's work stands."""

    def __init__(self, presenter: OversightPresenter, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._appearance = appearance
        self._is_failing = False
        self._chosen: tuple[str, str] | None = None  # the item and what it is called
        self._lines: dict[str, tuple[QLabel, QLabel, AgeBar, QLabel]] = {}
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 12, 12, 8)
        outer.setSpacing(8)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._build_waiting(), stretch=3)
        top.addWidget(self._build_settled(), stretch=2)
        outer.addLayout(top)
        self._problem = PlainLabel("", self)
        self._problem.setWordWrap(True)
        set_role(self._problem, "stop")
        self._problem.hide()
        outer.addWidget(self._problem)
        self._held_model = HeldModel(appearance, self)
        self._escalated_model = EscalatedModel(appearance, self)
        self.held, self._held_title, self._held_none = self._build_table(
            "held", self._held_model, self.tr("Nobody holds anything now.")
        )
        self.escalated, self._escalated_title, self._escalated_none = self._build_table(
            "escalated", self._escalated_model, self.tr("Nothing waits for a supervisor.")
        )
        outer.addWidget(self._panel(self._held_title, self.held, self._held_none), stretch=3)
        outer.addWidget(self._panel(self._escalated_title, self.escalated, self._escalated_none), stretch=2)
        outer.addWidget(self._build_foot())
        presenter.changed.connect(self._on_changed)
        presenter.refused.connect(self._on_problem)
        presenter.failed.connect(self._on_failed)
        presenter.moved.connect(self._on_moved)
        presenter.colleagues_known.connect(self._on_colleagues)
        self._show_choice()

    def showEvent(self, event: QShowEvent) -> None:
        """Look while the page is seen."""
        super().showEvent(event)
        self._presenter.watch(seen=True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Look no more."""
        super().hideEvent(event)
        self._presenter.watch(seen=False)

    @Slot(bool)
    def set_masked(self, masked: bool) -> None:  # noqa: FBT001 - a slot takes what its signal carries
        """Leave out what items are called, while the screen is shared."""
        for model in (self._held_model, self._escalated_model):
            model.set_masked(masked)
        self._choose(None)

    # ---- Parts

    def _build_waiting(self) -> QFrame:
        self._waiting = panel = QFrame(self)
        set_role(panel, "panel")
        column = QVBoxLayout(panel)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        self._waiting_title = QLabel(self.tr("Waiting"), panel)
        set_role(self._waiting_title, "heading")
        self._nothing = QLabel(self.tr("Counting…"), panel)
        set_role(self._nothing, "muted")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(2, 1)
        column.addWidget(self._waiting_title)
        column.addWidget(self._nothing)
        column.addLayout(self._grid)
        column.addStretch(1)
        column.addWidget(self._build_legend(panel))
        return panel

    def _build_legend(self, parent: QWidget) -> QWidget:
        self._legend = QWidget(parent)
        row = QHBoxLayout(self._legend)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        ages = (self.tr("to 15 min"), self.tr("to 1 h"), self.tr("to 4 h"), self.tr("to 1 day"), self.tr("older"))
        self._swatches = []
        for words in ages:
            swatch = QLabel("■", self._legend)
            label = QLabel(words, self._legend)
            set_role(label, "small")
            row.addWidget(swatch)
            row.addWidget(label)
            row.addSpacing(6)
            self._swatches.append(swatch)
        row.addStretch(1)
        self._colour_legend()
        self._appearance.changed.connect(self._colour_legend)
        return self._legend

    @Slot()
    def _colour_legend(self) -> None:
        for swatch, colour in zip(self._swatches, age_colours(self._appearance), strict=True):
            palette = swatch.palette()
            palette.setColor(swatch.foregroundRole(), colour)
            swatch.setPalette(palette)

    def _build_settled(self) -> QFrame:
        panel = QFrame(self)
        set_role(panel, "panel")
        column = QVBoxLayout(panel)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        title = QLabel(self.tr("Settled, hour by hour"), panel)
        set_role(title, "heading")
        self._settled = QLabel("", panel)
        set_role(self._settled, "muted")
        self._hours = HourChart(self._appearance, panel)
        self._hours.setAccessibleName(title.text())
        ends = QHBoxLayout()
        for place, words in enumerate((self.tr("24 hours ago"), self.tr("now"))):
            label = QLabel(words, panel)
            set_role(label, "small")
            if place:
                ends.addStretch(1)
            ends.addWidget(label)
        column.addWidget(title)
        column.addWidget(self._settled)
        column.addWidget(self._hours, stretch=1)
        column.addLayout(ends)
        return panel

    def _build_table(self, name: str, model: ItemsModel, empty: str) -> tuple[QTableView, QLabel, QLabel]:
        title = QLabel("", self)
        set_role(title, "heading")
        table = rows_table(name, model, 0, self)
        set_role(table, "bare")
        table.selectionModel().currentRowChanged.connect(self._on_row)
        table.activated.connect(self._on_activated)
        none = QLabel(empty, self)
        none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_role(none, "muted")
        table.hide()
        none.hide()  # nobody knows before the first look
        return table, title, none

    def _panel(self, title: QLabel, table: QTableView, none: QLabel) -> QFrame:
        panel = QFrame(self)
        set_role(panel, "panel")
        column = QVBoxLayout(panel)
        column.setContentsMargins(12, 10, 12, 8)
        column.setSpacing(4)
        for widget in (title, table, none):
            widget.setParent(panel)
        column.addWidget(title)
        column.addWidget(table, stretch=1)
        column.addWidget(none, stretch=1)
        return panel

    def _build_foot(self) -> QWidget:
        foot = QWidget(self)
        row = QHBoxLayout(foot)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(8)
        self._choice = PlainLabel("", foot, elide=Qt.TextElideMode.ElideRight)
        set_role(self._choice, "muted")
        self._take = self._button("take_over", self.tr("&Take over…"), foot)
        self._take.clicked.connect(self._on_take)
        self._hand = self._button("hand_on", self.tr("&Hand to…"), foot)
        self._hand.clicked.connect(self._on_hand)
        self._back = self._button("give_back", self.tr("Let it &wait…"), foot)
        self._back.clicked.connect(self._on_back)
        row.addWidget(self._choice, stretch=1)
        for button in (self._take, self._hand, self._back):
            row.addWidget(button)
        return foot

    def _button(self, name: str, words: str, parent: QWidget) -> QPushButton:
        button = QPushButton(words, parent)
        button.setObjectName(name)
        return button

    # ---- What is told

    @Slot(object)
    def _on_changed(self, state: TeamState) -> None:
        if self._is_failing:
            self._is_failing = False
            self._problem.hide()
        self._show_waiting(state)
        this_hour, whole = state.settled[-1], sum(state.settled)
        self._settled.setText(self.tr("{0:,} in 24 hours, {1:,} in the last one").format(whole, this_hour))
        self._hours.show_numbers(state.settled)
        self._held_model.show_held(state.held, state.at)
        self._escalated_model.show_escalated(state.escalated, state.at)
        self._held_title.setText(self._counted(self.tr("Held now"), state.held_number, len(state.held)))
        words = self._counted(self.tr("Waiting for a supervisor"), state.escalated_number, len(state.escalated))
        self._escalated_title.setText(words)
        for table, title, none, number in (
            (self.held, self._held_title, self._held_none, len(state.held)),
            (self.escalated, self._escalated_title, self._escalated_none, len(state.escalated)),
        ):
            table.setAccessibleName(title.text())
            table.setVisible(number > 0)
            none.setVisible(number == 0)
        self._restore_choice()

    def _counted(self, words: str, number: int, shown: int) -> str:
        counted = self.tr("{0} · {1:,}").format(words, number)
        return counted if shown == number else self.tr("{0}, the first {1:,} shown").format(counted, shown)

    def _show_waiting(self, state: TeamState) -> None:
        number = sum(each.number for each in state.waiting)
        self._waiting_title.setText(self.tr("Waiting · {0:,}").format(number))
        self._nothing.setText(self.tr("Nothing waits."))
        self._nothing.setVisible(number == 0)
        self._legend.setVisible(number > 0)
        longest = max((each.number for each in state.waiting), default=1)
        known = {each.kind: each for each in state.waiting}
        for kind in known:
            if kind not in self._lines:
                self._add_line(kind)
        for kind, (label, count, bar, more) in self._lines.items():
            waiting = known.get(kind)
            for widget in (label, count, bar, more):
                widget.setVisible(waiting is not None)
            if waiting is not None:
                count.setText(f"{waiting.number:,}")
                bar.show_ages(waiting.ages, longest)
                more.setText(self._age_words(waiting, state))

    def _age_words(self, waiting: Waiting, state: TeamState) -> str:
        words = self.tr("oldest {0}").format(age_words(state.at - waiting.oldest))
        if waiting.overdue:
            words += " · " + self.tr("{0:,} late").format(waiting.overdue)
        return words

    def _add_line(self, kind: str) -> None:
        parent = self._waiting
        label, count, more = QLabel(kind_label(kind), parent), QLabel("", parent), QLabel("", parent)
        count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        set_role(more, "muted")
        bar = AgeBar(self._appearance, parent)
        bar.setAccessibleName(kind_label(kind))
        row = len(self._lines)
        for column, widget in enumerate((label, count, bar, more)):
            self._grid.addWidget(widget, row, column)
        self._lines[kind] = (label, count, bar, more)

    @Slot(str)
    def _on_problem(self, why: str) -> None:
        self._problem.setText(why)
        self._problem.show()

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        """Say that nothing newer is known; the next look that comes through takes it back."""
        self._is_failing = True
        self._on_problem(why)

    @Slot(str)
    def _on_moved(self, _item_id: str) -> None:
        self._problem.hide()

    # ---- Choosing and moving

    @Slot(QModelIndex, QModelIndex)
    def _on_row(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not current.isValid():
            return
        model, other = current.model(), self.escalated
        if model is self._escalated_model:
            other = self.held
        other.setCurrentIndex(QModelIndex())
        other.clearSelection()
        if isinstance(model, ItemsModel):
            self._choose((model.item_id(current.row()), model.name(current.row())))

    @Slot(QModelIndex)
    def _on_activated(self, _index: QModelIndex) -> None:
        self._on_hand()

    def _choose(self, chosen: tuple[str, str] | None) -> None:
        self._chosen = chosen
        self._show_choice()

    def _restore_choice(self) -> None:
        """Keep the choice on its item wherever that stands now; what is gone is chosen no more."""
        if self._chosen is None:
            return
        for table, model in ((self.held, self._held_model), (self.escalated, self._escalated_model)):
            row = model.row_of(self._chosen[0])
            if row is not None:
                if table.currentIndex().row() != row:
                    table.setCurrentIndex(model.index(row, 0))
                self._show_choice()
                return
        self._choose(None)

    def _show_choice(self) -> None:
        held = self._chosen is not None and self._held_model.row_of(self._chosen[0]) is not None
        words = self.tr("Choose an item to move it.") if self._chosen is None else self._chosen[1]
        self._choice.setText(words)
        self._take.setEnabled(self._chosen is not None)
        self._hand.setEnabled(self._chosen is not None)
        self._back.setEnabled(held)

    @Slot()
    def _on_hand(self) -> None:
        if self._chosen is not None:
            self._presenter.ask_colleagues(self._chosen[0])

    @Slot(str, object)
    def _on_colleagues(self, item_id: str, colleagues: list[Colleague]) -> None:
        if self._chosen is None or self._chosen[0] != item_id or not self.isVisible():
            return
        about = self.tr("{0} comes next on their desk. What was typed so far is kept as a second opinion.")
        words = (self.tr("Hand to a colleague"), about.format(self._chosen[1]), self.tr("Hand over"))
        dialog = MoveDialog(words, colleagues, self._appearance, self)
        dialog.setProperty("item", item_id)
        dialog.chosen.connect(self._on_hand_chosen)
        dialog.open()

    @Slot(object, str)
    def _on_hand_chosen(self, member_id: str, cause: str) -> None:
        self._presenter.hand(self._asked_item(), member_id, cause)

    @Slot()
    def _on_take(self) -> None:
        about = self.tr("{0} comes next on your desk. What was typed so far is kept as a second opinion.")
        self._ask(self.tr("Take over"), about, self.tr("Take over")).chosen.connect(self._on_take_chosen)

    @Slot(object, str)
    def _on_take_chosen(self, _nobody: object, cause: str) -> None:
        self._presenter.take_over(self._asked_item(), cause)

    @Slot()
    def _on_back(self) -> None:
        about = self.tr("{0} waits again, for anybody. What was typed so far is kept.")
        self._ask(self.tr("Let it wait"), about, self.tr("Let it wait")).chosen.connect(self._on_back_chosen)

    @Slot(object, str)
    def _on_back_chosen(self, _nobody: object, cause: str) -> None:
        self._presenter.give_back(self._asked_item(), cause)

    def _ask(self, title: str, about: str, button: str) -> MoveDialog:
        item_id, name = self._chosen or ("", "")
        dialog = MoveDialog((title, about.format(name), button), None, self._appearance, self)
        dialog.setProperty("item", item_id)
        dialog.open()
        return dialog

    def _asked_item(self) -> str:
        dialog = self.sender()
        return "" if dialog is None else str(dialog.property("item"))
