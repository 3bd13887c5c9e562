"""The pool for those who answer for it: which calls stop where, what is left of the budget, how good the labels are.

Nobody's pace stands here and nothing orders people: the figures are by reason, by language and by tag.
"""

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from reviewer.domain.clips import SkipReason
from reviewer.domain.eligibility import GATES, LABELS
from reviewer.services.label_quality import Quality
from reviewer.services.pool import Budget, Stats
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import Appearance, set_role, tabular
from reviewer.ui.transcribe.pool_presenter import PoolFigures, PoolPresenter
from reviewer.ui.transcribe.words import skip_label

_PPM_PER_PERCENT = 10_000
_NEARLY_USED = 0.9


class PoolView(QWidget):
    """Counts, a gauge and rates."""

    def __init__(self, presenter: PoolPresenter, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("pool")
        self._presenter = presenter
        self._appearance = appearance
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 12, 12, 8)
        outer.setSpacing(8)
        outer.addWidget(self._build_head())
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        scroll.setAccessibleName(self.tr("Figures of the pool"))
        self._body = QWidget(scroll)
        self._columns = QHBoxLayout(self._body)
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(12)
        scroll.setWidget(self._body)
        outer.addWidget(scroll, stretch=1)
        presenter.counted.connect(self._on_counted)
        presenter.loading.connect(self._on_loading)
        presenter.failed.connect(self._on_failed)

    def showEvent(self, event: QShowEvent) -> None:
        """Count whenever the page comes up."""
        super().showEvent(event)
        self._presenter.refresh()

    def _build_head(self) -> QFrame:
        head = QFrame(self)
        set_role(head, "panel")
        column = QVBoxLayout(head)
        column.setContentsMargins(16, 10, 12, 12)
        column.setSpacing(6)
        row = QHBoxLayout()
        self._title = QLabel(self.tr("Pool"), head)
        self._title.setObjectName("pool_title")
        set_role(self._title, "heading")
        again = QPushButton(self.tr("Count again"), head)
        again.setObjectName("pool_again")
        again.clicked.connect(self._presenter.refresh)
        row.addWidget(self._title, stretch=1)
        row.addWidget(again)
        column.addLayout(row)
        self.gauge = Gauge(self._appearance, head)
        column.addWidget(self.gauge)
        self._budget = PlainLabel("", head)
        self._budget.setObjectName("pool_budget")
        set_role(self._budget, "muted")
        column.addWidget(self._budget)
        return head

    @Slot()
    def _on_loading(self) -> None:
        if not self._columns.count():
            self._title.setText(self.tr("Counting…"))

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        self._title.setText(why)

    @Slot(object)
    def _on_counted(self, figures: PoolFigures) -> None:
        stats = figures.stats
        self._title.setText(self._title_words(stats))
        self._budget.setText(self._budget_words(stats.budget))
        self.gauge.show_share(stats.budget.reserved_s, stats.budget.total_s)
        while (item := self._columns.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        left, right = QWidget(self._body), QWidget(self._body)
        for side, panels in (
            (left, (self._calls_panel(stats), self._clips_panel(stats))),
            (right, self._quality_panels(figures.quality)),
        ):
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(12)
            for panel in panels:
                column.addWidget(panel)
            column.addStretch(1)
            self._columns.addWidget(side, stretch=1)

    def _title_words(self, stats: Stats) -> str:
        if stats.waits_for_calls:
            words = self.tr("Nothing is served: the pool lacks {0:,} of {1:,} calls")
            return words.format(stats.waits_for_calls, stats.policy.least_calls)
        words = self.tr("{0:,} clips of {1:,} calls in the pool, {2:,} on their way")
        return words.format(stats.live, stats.live_calls, stats.staged)

    def _budget_words(self, budget: Budget) -> str:
        words = self.tr("Heard or set aside within a year: {0:,.0f} of {1:,.0f} s, which is {2:g} % of {3:,.1f} hours")
        return words.format(budget.reserved_s, budget.total_s, budget.ppm / _PPM_PER_PERCENT, budget.eligible_s / 3600)

    def _calls_panel(self, stats: Stats) -> QFrame:
        rows = [(self.tr("past every gate"), f"{stats.standing.get(None, 0):,}", "")]
        for gate in GATES:
            number, unknown = stats.standing.get(gate, 0), stats.unknown.get(gate, 0)
            if number:
                more = self.tr("{0:,} not known").format(unknown) if unknown else ""
                rows.append((QCoreApplication.translate("Gates", LABELS[gate]), f"{number:,}", more))
        return self._panel(self.tr("Calls: {0:,}, and where they stop").format(stats.calls), rows)

    def _clips_panel(self, stats: Stats) -> QFrame:
        if stats.transcribers == 1:
            waiting = self.tr("waiting for the one transcriber")
        else:
            waiting = self.tr("waiting for {0:,} transcribers").format(stats.transcribers)
        rows = [
            (waiting, f"{stats.waiting:,}", ""),
            (self.tr("labelled"), f"{stats.labelled:,}", ""),
            (self.tr("reported: contain personal data"), f"{stats.reported:,}", ""),
            (self.tr("withdrawn"), f"{stats.withdrawn:,}", ""),
        ]
        rows += [
            (self.tr("skipped: {0}").format(skip_label(SkipReason(reason))), f"{number:,}", "")
            for reason, number in sorted(stats.skipped.items())
        ]
        rows += [
            (self.tr("left out at the cut: {0}").format(why.replace("_", " ")), f"{number:,}", "")
            for why, number in sorted(stats.left_out.items())
        ]
        return self._panel(self.tr("Clips"), rows)

    def _quality_panels(self, quality: Quality) -> list[QFrame]:
        panels = []
        for language, each in quality.languages.items():
            rows = [
                (self.tr("labels"), f"{each.labels:,}", ""),
                (
                    self.tr("word errors between people"),
                    _rate(each.between_people.value),
                    self._of(each.between_people.pairs),
                ),
                (self.tr("… to the machine, unseen"), _rate(each.to_machine.value), self._of(each.to_machine.pairs)),
                (
                    self.tr("… to the machine, seen"),
                    _rate(each.to_machine_prefilled.value),
                    self._of(each.to_machine_prefilled.pairs),
                ),
                (self.tr("… to known texts"), _rate(each.gold.value), self._of(each.gold.pairs)),
                (self.tr("with something unsure"), f"{each.unsure:,}", ""),
            ]
            panels.append(self._panel(self.tr("Quality: {0}").format(language), rows))
        tags = [(tag, _rate(each.value), self._of(each.both + each.one)) for tag, each in quality.tags.items()]
        panels.append(self._panel(self.tr("Agreement on tags"), tags))
        return panels

    def _of(self, number: int) -> str:
        return self.tr("of {0:,}").format(number) if number else ""

    def _panel(self, title: str, rows: Iterable[tuple[str, str, str]]) -> QFrame:
        panel = QFrame(self._body)
        set_role(panel, "panel")
        grid = QGridLayout(panel)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        heading = PlainLabel(title, panel)
        set_role(heading, "heading")
        grid.addWidget(heading, 0, 0, 1, 3)
        for at, (words, number, more) in enumerate(rows, start=1):
            grid.addWidget(PlainLabel(words, panel), at, 0)
            figure = PlainLabel(number, panel)
            figure.setFont(tabular(figure.font()))
            grid.addWidget(figure, at, 1, Qt.AlignmentFlag.AlignRight)
            note = PlainLabel(more, panel)
            set_role(note, "small")
            grid.addWidget(note, at, 2)
        grid.setColumnStretch(0, 1)
        return panel


class Gauge(QWidget):
    """How much of the budget is used; the words stand beside it."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("pool_gauge")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._appearance = appearance
        self._share = 0.0

    def show_share(self, used: float, total: float) -> None:
        """Show a share, full where there is no budget at all."""
        self._share = min(1.0, used / total) if total else 1.0
        self.setAccessibleName(self.tr("{0:.0%} of the budget is used").format(self._share))
        self.update()

    def sizeHint(self) -> QSize:
        """Be a thin bar."""
        return QSize(200, self._appearance.px(8))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bar and what is used of it."""
        del event
        painter, theme = QPainter(self), self._appearance.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        painter.setBrush(QColor(theme.hover))
        painter.drawRoundedRect(whole, 4, 4)
        painter.setBrush(QColor(theme.caution if self._share > _NEARLY_USED else theme.accent))
        painter.drawRoundedRect(QRectF(0, 0, whole.width() * self._share, whole.height()), 4, 4)


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
