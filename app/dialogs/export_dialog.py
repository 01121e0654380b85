"""Asks which landmarks of the project to save: of which cases, whose readings, the format and what it loses, and where to.

Writes nothing. Of the formats of `core.landmark_files.collection_formats` those are offered that can hold the cases.
"""

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.session.questions import ExportOffer, ExportWish, WhichCases
from core.landmark_files.collection import CollectionFormat
from core.landmark_files.collection_formats import COLLECTION_FORMATS, collection_format
from core.project.readings import Reader, ReaderKind

FIRST_FORMAT = "wide-csv"
TITLE = "Save landmarks of all cases"
_EVERYBODY = "everybody"
_LAST = "last"
_ELSE_MODEL = "else model"
_WORDS = {
    WhichCases.ALL: "All",
    WhichCases.DONE: "Those that are done",
    WhichCases.LISTED: "Those listed in the worklist",
}


class ExportDialog(QDialog):
    """Takes everything but the place.

    Parameters
    ----------
    offer
        What can be saved.
    """

    def __init__(self, offer: ExportOffer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(TITLE)
        self._offer = offer
        self.form, self.reader, self.cases = QComboBox(), QComboBox(), QComboBox()
        self._titles = {form.key: form.title for form in COLLECTION_FORMATS}
        for which, ids in offer.ids.items():
            if ids:
                self.cases.addItem(f"{_WORDS[which]} ({len(ids)})", which)
        self.told = QLabel()
        self.told.setObjectName("dropHint")
        self.told.setWordWrap(True)
        self.told.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.told.setMinimumSize(440, 5 * self.told.fontMetrics().lineSpacing())  # the longest, so that nothing jumps
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setAutoDefault(False)
        self.accepting = self.buttons.addButton("&Save…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.accepting.setDefault(True)
        rows = QFormLayout()
        rows.addRow("&Cases", self.cases)
        rows.addRow("&Readings", self.reader)
        rows.setRowVisible(self.reader, len(offer.readers) > 1)
        rows.addRow("&Format", self.form)
        rows.addRow("", self.told)
        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addLayout(rows)
        layout.addWidget(self.buttons)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.cases.currentIndexChanged.connect(self._list_formats)
        self.form.currentIndexChanged.connect(self._show_format)
        self._list_formats()

    @property
    def format(self) -> CollectionFormat:
        """The chosen format."""
        return collection_format(self.form.currentData())

    def wish(self, path: Path) -> ExportWish:
        """Return what was chosen, to be written to ``path``."""
        chosen = self.reader.currentData()
        or_model = chosen == _ELSE_MODEL
        reader = self._offer.reader if or_model else chosen if isinstance(chosen, Reader) else None
        return ExportWish(
            self.format.key,
            path,
            self.cases.currentData(),
            reader,
            or_model=or_model,
            everybody=chosen == _EVERYBODY,
        )

    def _list_formats(self) -> None:
        """Offer the formats that can hold the landmarks of the chosen cases; say why where there is none."""
        which = self.cases.currentData()
        before = self.form.currentData() or FIRST_FORMAT
        quiet = QSignalBlocker(self.form)  # one change, not one for each row
        self.form.clear()
        for key in self._offer.forms.get(which, ()):
            self.form.addItem(self._titles[key], key)
        self.form.setCurrentIndex(max(self.form.findData(before), 0) if self.form.count() else -1)
        quiet.unblock()
        self.form.setEnabled(self.form.count() > 0)
        self.accepting.setEnabled(self.form.count() > 0)
        self._show_format()

    def _show_format(self) -> None:
        """Tell what the format is, and offer all readings at once where it can hold them."""
        if self.form.currentIndex() < 0:
            self.told.setText(
                "Nobody has read any of these cases yet: mark landmarks in them, or let the model find them."
            )
            return
        form = self.format
        ranks = self._offer.ranks.get(self.cases.currentData(), frozenset())
        both = (
            " Formats for 2D or 3D images alone are not offered, since these cases are of both."
            if len(ranks) > 1
            else ""
        )
        self.told.setText(f"{described(form)}{both}")
        self._list_readers(form)

    def _list_readers(self, form: CollectionFormat) -> None:
        """Offer whose readings can be saved, first what a person most likely means: their own, else what the model said."""
        before, offer = self.reader.currentData(), self._offer
        models = [reader for reader in offer.readers if reader.kind is ReaderKind.MODEL]
        own = [offer.reader] if offer.reader in offer.readers else []
        others = [reader for reader in offer.readers if reader not in (*own, *models)]
        self.reader.clear()
        if own and models:
            self.reader.addItem(f"{offer.reader.name}, else the model", _ELSE_MODEL)
        if others and not own:
            self.reader.addItem("Whoever read last, else the model" if models else "Whoever read last", _LAST)
        for reader in (*own, *others, *models):
            self.reader.addItem(f"{reader.name} (model)" if reader in models else reader.name, reader)
        if others and own:
            self.reader.addItem("Whoever read last, else the model" if models else "Whoever read last", _LAST)
        if form.many_readers:
            self.reader.addItem("All readings of each case", _EVERYBODY)
        kept = next((row for row in range(self.reader.count()) if self.reader.itemData(row) == before), 0)
        self.reader.setCurrentIndex(kept)


def described(form: CollectionFormat) -> str:
    """Return what a format is for and what it cannot hold, in sentences."""
    holds = form.holds.replace("`", "")
    place = f"A folder of {form.suffix} files" if form.is_folder else f"One {form.suffix} file"
    ranks = "" if len(form.ndims) > 1 else f" For {form.ndims[0]}D images only."
    loses = f" Written without {form.loses}." if form.loses else ""
    return f"{place}, for {form.made_by}: {holds}.{ranks}{loses}"


def ask_export(offer: ExportOffer, parent: QWidget | None) -> ExportWish | None:
    """Ask what to save and then where to; None where the person thought better of either."""
    dialog = ExportDialog(offer, parent)
    try:
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return None
        path = _asked_path(dialog.format, offer.suggestion, parent)
        return None if path is None else dialog.wish(path)
    finally:
        dialog.deleteLater()


def _asked_path(form: CollectionFormat, suggestion: Path, parent: QWidget | None) -> Path | None:
    """Ask for a file, also whether one that is there may be replaced, or for a new folder."""
    title = f"{TITLE} in a new folder" if form.is_folder else f"{TITLE} as"
    kinds = "All files (*)" if form.is_folder else f"{form.title} (*{form.suffix});;All files (*)"
    dialog = QFileDialog(parent, title, str(suggestion.parent), kinds)
    try:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        if form.is_folder:
            dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
            dialog.selectFile(suggestion.name)
        else:
            dialog.setDefaultSuffix(form.suffix.removeprefix("."))
            dialog.selectFile(f"{suggestion.name}{form.suffix}")
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        return Path(dialog.selectedFiles()[0]) if accepted else None
    finally:
        dialog.deleteLater()
