"""Asks which file or folder of landmarks to read for the cases of the project, and whose they are. Reads nothing."""

from pathlib import Path

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.session.questions import ImportOffer, ImportWish
from core.landmark_files.collection_formats import COLLECTION_FORMATS, READABLE_KEYS
from core.project.readings import ReaderKind


class ImportDialog(QDialog):
    """Takes a file or folder, a reader's name and, where it is not to be recognised, the format.

    Parameters
    ----------
    offer
        Who has read before, and where to look first.
    """

    def __init__(self, offer: ImportOffer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add landmarks to the project")
        self._folder = offer.folder
        self._proposed = "imported"
        self.path = QLineEdit()
        self.path.setPlaceholderText("A file or a folder")
        self.path.setMinimumWidth(320)
        self.file, self.folder = QPushButton("F&ile…"), QPushButton("F&older…")
        self.reader = QComboBox()
        self.reader.setEditable(True)
        self.reader.addItems([reader.name for reader in offer.readers if reader.kind is ReaderKind.PERSON])
        self.reader.setCurrentText(self._proposed)
        self.form = QComboBox()
        self.form.addItem("As recognised", None)
        for form in COLLECTION_FORMATS:
            if form.key in READABLE_KEYS:
                self.form.addItem(form.title, form.key)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setAutoDefault(False)
        self.accepting = self.buttons.addButton("&Add", QDialogButtonBox.ButtonRole.AcceptRole)
        self._lay_out()
        for button, ask in ((self.file, self._ask_file), (self.folder, self._ask_folder)):
            button.setAutoDefault(False)
            button.clicked.connect(ask)
        self.path.textChanged.connect(self._check)
        self.reader.editTextChanged.connect(self._check)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._check()

    @property
    def wish(self) -> ImportWish:
        """What was chosen."""
        return ImportWish(Path(self.path.text().strip()), self.reader.currentText().strip(), self.form.currentData())

    def _lay_out(self) -> None:
        chosen = QHBoxLayout()
        chosen.addWidget(self.path, 1)
        chosen.addWidget(self.file)
        chosen.addWidget(self.folder)
        promise = QLabel(
            "What it says of images that are not in the project is left out. "
            "Nothing that a reader has said of a case before is overwritten."
        )
        promise.setObjectName("dropHint")
        promise.setWordWrap(True)
        rows = QFormLayout()
        label = QLabel("&Landmarks")
        label.setBuddy(self.path)
        rows.addRow(label, chosen)
        rows.addRow("&Reader", self.reader)
        rows.addRow("&Format", self.form)
        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addLayout(rows)
        layout.addWidget(promise)
        layout.addWidget(self.buttons)

    def _ask_file(self) -> None:
        suffixes = dict.fromkeys(form.suffix for form in COLLECTION_FORMATS if form.key in READABLE_KEYS)
        kinds = f"Landmarks ({' '.join(f'*{suffix}' for suffix in suffixes)});;All files (*)"
        name, _ = QFileDialog.getOpenFileName(self, "Add landmarks to the project", str(self._folder), kinds)
        self._take(name)

    def _ask_folder(self) -> None:
        self._take(QFileDialog.getExistingDirectory(self, "Add landmarks to the project", str(self._folder)))

    def _take(self, name: str) -> None:
        """Show what was chosen, and propose its name as the reader's unless another one has been typed."""
        if not name:
            return
        self.path.setText(name)
        path = Path(name)
        if self.reader.currentText() == self._proposed:
            self._proposed = path.name.split(".")[0] or self._proposed
            self.reader.setCurrentText(self._proposed)

    def _check(self) -> None:
        self.accepting.setEnabled(bool(self.path.text().strip() and self.reader.currentText().strip()))
        self.accepting.setDefault(self.accepting.isEnabled())
