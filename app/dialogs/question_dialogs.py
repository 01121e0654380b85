"""The dialogs: `Questions` answered by a person.

Each asks one thing and returns the answer; none changes anything.
"""

from html import escape
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QInputDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.series_dialog import SeriesDialog
from app.session.questions import OnRuler, Unsaved
from core.base.assets import assets_folder
from core.base.errors import AppError
from core.images.dicom.series import Series
from core.images.formats import DIALOG_FILTER
from core.models.metadata import ModelInfo

_LANDMARK_FILTERS = {
    "Cairn table (*.csv)": ".csv",
    "3D Slicer markups (*.mrk.json)": ".mrk.json",
    "3D Slicer fiducials, old (*.fcsv)": ".fcsv",
}


class Dialogs:
    """Asks with dialogs over ``parent``, which is set once the window is there."""

    def __init__(self) -> None:
        self.parent: QWidget | None = None

    def image_path(self, folder: Path | None) -> Path | None:
        """Ask which image to open."""
        return self._open_path("Open image", folder, DIALOG_FILTER)

    def image_folder(self, folder: Path | None) -> Path | None:
        """Ask which folder of images to open."""
        name = QFileDialog.getExistingDirectory(self.parent, "Open folder", "" if folder is None else str(folder))
        return Path(name) if name else None

    def series(self, found: tuple[Series, ...]) -> Series | None:
        """Ask which of several DICOM series to open."""
        dialog = SeriesDialog(found, self.parent)
        try:
            return dialog.chosen if dialog.exec() == QDialog.DialogCode.Accepted else None
        finally:
            dialog.deleteLater()

    def landmarks_path(self, folder: Path | None) -> Path | None:
        """Ask which landmark file to open."""
        return self._open_path(
            "Open landmarks", folder, "Landmarks (*.csv *.mrk.json *.json *.fcsv *.tsv *.txt);;All files (*)"
        )

    def model_path(self) -> Path | None:
        """Ask which model file to use."""
        try:
            folder = assets_folder() / "models"
        except AppError:
            folder = None
        return self._open_path("Choose model", folder, "Cairn models (*.pt);;All files (*)")

    def export_path(self, suggestion: Path) -> Path | None:
        """Ask where to write the landmarks; the chosen kind of file gives a name without suffix its suffix."""
        name, kind = QFileDialog.getSaveFileName(
            self.parent, "Export landmarks", str(suggestion), ";;".join(_LANDMARK_FILTERS)
        )
        if not name:
            return None
        typed = Path(name)
        path = with_suffix(typed, _LANDMARK_FILTERS.get(kind, ".csv"))
        return path if path == typed or not path.exists() or self._overwrites(path) else None

    def accepts_model(self, info: ModelInfo, path: Path) -> bool:
        """Show where a model comes from and ask whether to load it."""
        rows = {
            "Model": info.title,
            "File": str(path),
            "For": f"{info.modality}, {info.ndim}D, {len(info.landmarks)} landmarks",
            "Trained on": info.training_data or "not said",
            "Licence": info.licence or "not said",
            "Intended use": info.intended_use or "not said",
        }
        table = "".join(
            f"<tr><td style='padding-right:12px'><b>{key}</b></td><td>{escape(value)}</td></tr>"
            for key, value in rows.items()
        )
        box = QMessageBox(self.parent)
        box.setWindowTitle("Use this model?")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(f"<table>{table}</table>")
        own = path.is_relative_to(assets_folder())
        box.setInformativeText(
            "It comes with Cairn."
            if own
            else "A model file contains code. Load it only if you trust where it came from."
        )
        load = box.addButton("Load and localize", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return box.clickedButton() is load

    def unsaved(self, name: str) -> Unsaved:
        """Ask what to do with unsaved landmarks."""
        buttons = QMessageBox.StandardButton
        box = QMessageBox(self.parent)
        box.setWindowTitle("Unsaved landmarks")
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(f"The landmarks of {name} have changes that are not saved.")
        box.setInformativeText("Do you want to save them?")
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)
        answers = {buttons.Save: Unsaved.SAVE, buttons.Discard: Unsaved.DISCARD}
        return answers.get(QMessageBox.StandardButton(box.exec()), Unsaved.CANCEL)

    def pixel_size_mm(self, current_mm: float | None) -> float | OnRuler | None:
        """Ask for the side of a pixel in mm."""
        dialog = PixelSizeDialog(current_mm, self.parent)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        return dialog.answer if accepted else None

    def ruler_length_mm(self, length_px: float) -> float | None:
        """Ask how long the line just measured is in mm."""
        value, accepted = QInputDialog.getDouble(
            self.parent, "Length of the ruler", f"The line is {length_px:.1f} px long. Its true length in mm:",
            10.0, 0.01, 10_000.0, 2,
        )  # fmt: skip
        return value if accepted else None

    def landmark_name(self, name: str) -> str | None:
        """Ask for another name of a landmark."""
        text, accepted = QInputDialog.getText(self.parent, "Rename landmark", "Name:", text=name)
        return text if accepted else None

    def show_error(self, error: AppError) -> None:
        """Say what is wrong and what to do; the window stays usable."""
        box = QMessageBox(QMessageBox.Icon.Warning, "Cairn", error.message, QMessageBox.StandardButton.Ok, self.parent)
        box.setInformativeText(error.hint)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def show_unexpected(self, description: str, log_path: Path | None) -> None:
        """Say that Cairn itself is wrong; the details can be looked at and copied."""
        box = QMessageBox(self.parent)
        box.setIcon(QMessageBox.Icon.Critical)
        box.setWindowTitle("Cairn")
        box.setText("Something went wrong inside Cairn.")
        where = f" They are also in {log_path}." if log_path is not None else ""
        box.setInformativeText(
            "Your landmarks are still there; save them and start Cairn again. The details say where it happened and hold "
            f"nothing of the image or the patient.{where}"
        )
        box.setDetailedText(description)
        copy = box.addButton("Copy details", QMessageBox.ButtonRole.ActionRole)
        copy.clicked.disconnect()
        copy.clicked.connect(lambda: QApplication.clipboard().setText(description))
        box.addButton(QMessageBox.StandardButton.Close)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _overwrites(self, path: Path) -> bool:
        """Ask before replacing a file whose name was completed, since the file dialog asked about another."""
        buttons = QMessageBox.StandardButton
        box = QMessageBox(self.parent)
        box.setWindowTitle("Export landmarks")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(f"{path.name} is already there. Do you want to replace it?")
        box.setStandardButtons(buttons.Yes | buttons.No)
        return QMessageBox.StandardButton(box.exec()) is buttons.Yes

    def _open_path(self, title: str, folder: Path | None, filters: str) -> Path | None:
        name, _ = QFileDialog.getOpenFileName(self.parent, title, "" if folder is None else str(folder), filters)
        return Path(name) if name else None


class PixelSizeDialog(QDialog):
    """Takes a pixel size as a number, or sends the person to a ruler in the image."""

    def __init__(self, current_mm: float | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Pixel size")
        self.answer: float | OnRuler | None = None
        self.size_mm = QDoubleSpinBox()
        self.size_mm.setDecimals(4)
        self.size_mm.setRange(0.0001, 100.0)
        self.size_mm.setSingleStep(0.01)
        self.size_mm.setSuffix(" mm per pixel")
        self.size_mm.setValue(0.1 if current_mm is None else current_mm)
        self.size_mm.setMinimumWidth(200)
        told = "This image does not know how large its pixels are." if current_mm is None else ""
        note = QLabel(f"{told} Type the size, or measure something of known length in the image.".strip())
        note.setWordWrap(True)
        self.measure = QPushButton("Measure on a ruler…")
        self.measure.setAutoDefault(False)
        self.measure.clicked.connect(self._measure)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._use_number)
        buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow("Pixel size", self.size_mm)
        form.addRow("", self.measure)
        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addWidget(note)
        layout.addLayout(form)
        layout.addWidget(buttons)

    def _use_number(self) -> None:
        self.answer = self.size_mm.value()
        self.accept()

    def _measure(self) -> None:
        self.answer = OnRuler.MEASURE
        self.accept()


def with_suffix(path: Path, suffix: str) -> Path:
    """Return ``path`` with ``suffix`` in place of another landmark file's suffix, or after the name."""
    if path.name.lower().endswith(suffix):
        return path
    for other in (".mrk.json", ".json", ".fcsv", ".csv"):
        if path.name.lower().endswith(other):
            return path.with_name(path.name[: -len(other)] + suffix)
    return path.with_name(path.name + suffix)
