"""Asks from which model and for how long to learn, and tells from how many cases. Starts nothing."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.desk.learning_files import LearnWish, Start
from app.session.learning_offer import FITTING_MINUTES, LEAST_MINUTES, MINUTES, MOST_MINUTES, LearnOffer
from core.base.wording import counted

_OTHER = 0
_TEXTS = {10: "&10 minutes", 30: "&30 minutes", 120: "&2 hours", 480: "a &night (8 hours)"}


class LearnDialog(QDialog):
    """The dialog.

    Parameters
    ----------
    offer
        What can be learnt.
    """

    def __init__(self, offer: LearnOffer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Learn")
        self._offer = offer
        self.cases = _sentence(cases_sentence(offer))
        self.hint = _sentence(" ".join(filter(None, (offer.problem, offer.advice, *offer.notes))), "dropHint")
        self.start = QComboBox()
        for start in offer.starts:
            self.start.addItem(start_words(start), start)
        self.start.addItem("Nothing: from scratch", None)
        self.cannot = _sentence("\n".join(offer.cannot), "dropHint")
        self.expected = _sentence("")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setAutoDefault(False)
        self.accepting = self.buttons.addButton("&Learn", QDialogButtonBox.ButtonRole.AcceptRole)
        self.accepting.setDefault(True)
        self.accepting.setEnabled(not offer.problem)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._make_times()
        self._lay_out()
        self._show_expected()

    @property
    def minutes(self) -> float:
        """The time that is granted."""
        chosen = self.times.checkedId()
        return self.other.value() if chosen == _OTHER else float(chosen)

    @property
    def wish(self) -> LearnWish:
        """What was chosen."""
        return LearnWish(self.minutes, self.start.currentData())

    def _make_times(self) -> None:
        self.times = QButtonGroup(self)
        for minutes in MINUTES:
            button = QRadioButton(_TEXTS[minutes])
            button.setChecked(minutes == FITTING_MINUTES)
            self.times.addButton(button, minutes)
        other = QRadioButton("&other:")
        self.times.addButton(other, _OTHER)
        self.other = QDoubleSpinBox()
        self.other.setRange(LEAST_MINUTES, MOST_MINUTES)
        self.other.setDecimals(0)
        self.other.setValue(20)
        self.other.setSuffix(" minutes")
        self.other.valueChanged.connect(lambda _: other.setChecked(True))
        self.times.idToggled.connect(lambda *_: self._show_expected())
        self.other.valueChanged.connect(lambda _: self._show_expected())

    def _lay_out(self) -> None:
        times = QVBoxLayout()
        times.setSpacing(4)
        for button in self.times.buttons()[:-1]:
            times.addWidget(button)
        last = QHBoxLayout()
        last.addWidget(self.times.button(_OTHER))
        last.addWidget(self.other)
        last.addStretch(1)
        times.addLayout(last)
        rows = QFormLayout()
        rows.setHorizontalSpacing(14)
        rows.addRow("Cases", self.cases)
        rows.addRow("&Go on from", self.start)
        rows.addRow("", self.cannot)
        rows.setRowVisible(self.cannot, bool(self._offer.cannot))
        rows.addRow("Time", times)
        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addLayout(rows)
        layout.addWidget(self.hint)
        layout.addWidget(self.expected)
        layout.addWidget(self.buttons)
        self.hint.setVisible(bool(self.hint.text()))
        self.setMinimumWidth(520)

    def _show_expected(self) -> None:
        self.expected.setText("" if self._offer.problem else expected_sentence(self._offer, self.minutes))


def ask_learn(offer: LearnOffer, parent: QWidget | None) -> LearnWish | None:
    """Ask what is to be learnt; None where the person thought better of it."""
    dialog = LearnDialog(offer, parent)
    try:
        return dialog.wish if dialog.exec() == QDialog.DialogCode.Accepted else None
    finally:
        dialog.deleteLater()


def cases_sentence(offer: LearnOffer) -> str:
    """Say how many cases count, and how many are still missing."""
    marked = f"{offer.marked} case{' is' if offer.marked == 1 else 's are'} done"
    if not offer.open:
        return f"{marked}."
    return f"{marked}; {offer.open} {'is' if offer.open == 1 else 'are'} not, and not learnt from."


def expected_sentence(offer: LearnOffer, minutes: float) -> str:
    """Say how long it takes, and how many cases are learnt from and checked with."""
    hours = minutes / 60
    lasts = f"{minutes:g} minute{'' if minutes == 1 else 's'}" if minutes < 120 else f"{hours:.3g} hours"
    return (
        f"About {lasts}; {counted(offer.learn, 'case')} to learn from, {offer.check} to check with. "
        "You can go on working meanwhile, also on other images."
    )


def start_words(start: Start) -> str:
    """Return how a model is offered to go on from."""
    more = [word for word, holds in (("in use", start.in_use), ("comes with Cairn", start.bundled)) if holds]
    return f"{start.title} ({', '.join(more)})" if more else start.title


def _sentence(text: str, name: str = "") -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    return label
