"""Asks how large the pixels of an image are: a number per axis, or a ruler in the image. Changes nothing."""

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.session.pixel_sizes import USUAL_MM
from app.session.questions import OnRuler, PixelSize

DECIMALS = 4


class PixelSizeDialog(QDialog):
    """Takes a pixel size, or sends the person to a ruler in the image.

    Parameters
    ----------
    current_mm
        Distance between rows and between columns as it is now, None where nobody knows it.
    others
        How many other images are in the list.
    parent
        The window it belongs to.

    Attributes
    ----------
    answer
        What was said; None until then. A size that was not touched is the current one, with all its digits.
    """

    def __init__(self, current_mm: tuple[float, float] | None, others: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Pixel size")
        self.answer: PixelSize | OnRuler | None = None
        self._current_mm = current_mm
        row_mm, column_mm = (USUAL_MM, USUAL_MM) if current_mm is None else current_mm
        self.width_mm, self.height_mm = _spin_box(column_mm), _spin_box(row_mm)  # columns lie side by side
        self._untouched = self.width_mm.value(), self.height_mm.value()
        self.square = QCheckBox("Pixels are &square")
        self.square.toggled.connect(self._follow)
        self.width_mm.valueChanged.connect(self._follow)
        self.square.setChecked(self.width_mm.value() == self.height_mm.value())
        self.for_all = QCheckBox("Use it for &all images in this list without a pixel size")
        self.for_all.setVisible(others > 0)
        told = "The pixel size of this image is not known. Type it" if current_mm is None else "Type the pixel size"
        note = QLabel(f"{told}, or measure something of known length in the image.")
        note.setWordWrap(True)
        self.measure = QPushButton("&Measure in the image…")
        self.measure.setAutoDefault(False)
        self.measure.clicked.connect(self._measure)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._use_numbers)
        buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow("&Width", self.width_mm)
        form.addRow("&Height", self.height_mm)
        form.addRow("", self.square)
        form.addRow("", self.measure)
        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addWidget(note)
        layout.addLayout(form)
        layout.addWidget(self.for_all)
        layout.addWidget(buttons)

    def _follow(self) -> None:
        self.height_mm.setEnabled(not self.square.isChecked())
        if self.square.isChecked():
            self.height_mm.setValue(self.width_mm.value())

    def _use_numbers(self) -> None:
        typed = self.width_mm.value(), self.height_mm.value()
        spacing_mm = (typed[1], typed[0])
        if self._current_mm is not None and typed == self._untouched:
            spacing_mm = self._current_mm
        self.answer = PixelSize(spacing_mm, self.for_all.isChecked())
        self.accept()

    def _measure(self) -> None:
        self.answer = OnRuler.MEASURE
        self.accept()


def _spin_box(value_mm: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(DECIMALS)
    box.setRange(0.0001, 100.0)
    box.setSingleStep(0.01)
    box.setSuffix(" mm")
    box.setValue(value_mm)
    box.setMinimumWidth(200)
    return box
