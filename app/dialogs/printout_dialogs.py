"""Asks what a picture of the image shows, or on which paper a report is made; then where to. Writes nothing."""

from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.session.printouts import (
    VOLUME_SIDES_PX,
    PaperSize,
    PictureForm,
    PictureOffer,
    PictureWish,
    ReportOffer,
    ReportWish,
)

BURNT_IN = (
    "What is burnt into the image itself, such as a name, is shown with it. Nothing else tells whose image it is."
)
BURNT_IN_REPORT = (
    "What is burnt into the image itself, such as a name, is shown with it. Beyond that, only the name of its file "
    "could tell whose image it is."
)
_FORMS = {
    PictureForm.PNG: "PNG, pixels",
    PictureForm.SVG: "SVG, the image with lines and letters that stay sharp",
}


class PictureDialog(QDialog):
    """Takes everything but the place.

    Parameters
    ----------
    offer
        What a picture can be made of.
    """

    def __init__(self, offer: PictureOffer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save picture")
        self.form, self.size_box = QComboBox(), QComboBox()
        for form, words in _FORMS.items():
            self.form.addItem(words, form)
        width, height = offer.size_px
        if offer.is_volume:
            for side in VOLUME_SIDES_PX:
                self.size_box.addItem(f"{side} px along the longer side", side)
            self.size_box.setCurrentIndex(1)
        else:
            for factor in offer.factors:
                times = "one for each of the image" if factor == 1 else f"{factor} along each of the image’s"
                self.size_box.addItem(f"{factor * width} × {factor * height} px ({times})", factor)
        self._is_volume = offer.is_volume
        self.landmarks = _check("&Landmarks", on=True)
        self.labels = _check("&Names", on=offer.labels)
        self.tracing = _check("&Tracing", on=offer.tracing, possible=offer.has_tracing)
        self.free = _check("&Distances and angles measured by hand", on=True, possible=offer.has_free)
        self.vectors = _check("&Vectors of the selected landmark", on=offer.vectors, possible=offer.has_vectors)
        self.landmarks.toggled.connect(self.labels.setEnabled)
        self.form.currentIndexChanged.connect(self._show_form)
        rows = QFormLayout()
        rows.addRow("&Format", self.form)
        rows.addRow("&Size", self.size_box)
        for number, box in enumerate((self.landmarks, self.labels, self.tracing, self.free, self.vectors)):
            rows.addRow("Over the image" if number == 0 else "", box)
        _finish(self, rows, BURNT_IN)

    def _show_form(self) -> None:
        """Let the size be chosen where it means something: an SVG of a 2D image has its own at any enlargement."""
        if not self._is_volume:
            self.size_box.setEnabled(self.picture_form is PictureForm.PNG)

    @property
    def picture_form(self) -> PictureForm:
        """What it is to be written as."""
        return PictureForm(self.form.currentData())

    def wish(self, path: Path) -> PictureWish:
        """Return what was chosen, to be written to ``path``."""
        size = self.size_box.currentData() if self.size_box.isEnabled() else 1
        return PictureWish(
            path,
            factor=1 if self._is_volume else size,
            longest_px=size if self._is_volume else VOLUME_SIDES_PX[1],
            landmarks=self.landmarks.isChecked(),
            labels=self.landmarks.isChecked() and self.labels.isChecked(),
            tracing=self.tracing.isChecked(),
            free=self.free.isChecked(),
            vectors=self.vectors.isChecked(),
        )


class ReportDialog(QDialog):
    """Takes paper and name.

    Parameters
    ----------
    offer
        What is known before.
    """

    def __init__(self, offer: ReportOffer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save report")
        self.paper = QComboBox()
        for paper in PaperSize:
            self.paper.addItem(paper.named, paper)
        self.paper.setCurrentIndex(list(PaperSize).index(offer.paper))
        self.with_name = _check(f"&Name the image: {_shortened(offer.name).replace('&', '&&')}", on=True)
        rows = QFormLayout()
        rows.addRow("&Paper", self.paper)
        rows.addRow("", self.with_name)
        _finish(self, rows, BURNT_IN_REPORT)

    def wish(self, path: Path) -> ReportWish:
        """Return what was chosen, to be written to ``path``."""
        return ReportWish(path, PaperSize(self.paper.currentData()), self.with_name.isChecked())


def ask_picture(offer: PictureOffer, parent: QWidget | None) -> PictureWish | None:
    """Ask what to draw and then where to; None where the person thought better of either."""
    dialog = PictureDialog(offer, parent)
    try:
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return None
        form = dialog.picture_form
        path = _asked_path("Save picture as", offer.suggestion.with_suffix(f".{form}"), form.upper(), parent)
        return None if path is None else dialog.wish(path)
    finally:
        dialog.deleteLater()


def ask_report(offer: ReportOffer, parent: QWidget | None) -> ReportWish | None:
    """Ask for the paper and then where to; None where the person thought better of either."""
    dialog = ReportDialog(offer, parent)
    try:
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return None
        path = _asked_path("Save report as", offer.suggestion, "PDF", parent)
        return None if path is None else dialog.wish(path)
    finally:
        dialog.deleteLater()


def _asked_path(title: str, suggestion: Path, kind: str, parent: QWidget | None) -> Path | None:
    """Ask for a file of one kind; its suffix is added where it was left out, and a file that is there is asked about."""
    suffix = suggestion.suffix
    dialog = QFileDialog(parent, title, str(suggestion.parent), f"{kind} (*{suffix})")
    try:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix.removeprefix("."))
        dialog.selectFile(suggestion.name)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return None
        path = Path(dialog.selectedFiles()[0])
        return path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)
    finally:
        dialog.deleteLater()


def _finish(dialog: QDialog, rows: QFormLayout, line: str) -> None:
    """Put the rows over a line about patients' names and the buttons."""
    told = QLabel(line)
    told.setObjectName("dropHint")
    told.setWordWrap(True)
    told.setMinimumWidth(400)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    buttons.button(QDialogButtonBox.StandardButton.Cancel).setAutoDefault(False)
    buttons.addButton("&Save…", QDialogButtonBox.ButtonRole.AcceptRole).setDefault(True)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.setSpacing(14)
    layout.addLayout(rows)
    layout.addWidget(told)
    layout.addWidget(buttons)


def _check(text: str, *, on: bool, possible: bool = True) -> QCheckBox:
    box = QCheckBox(text)
    box.setChecked(on and possible)
    box.setEnabled(possible)
    return box


def _shortened(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:30]}…{name[-28:]}"
