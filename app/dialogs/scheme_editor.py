"""The scheme editor: a person names the landmarks of a task, says what they mean, and takes the scheme into use.

Begins with nothing, with what the image has, a bundled scheme or a file. Files are read and written in jobs; the answer is given
back, and nothing else is changed.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.scheme_pictures import FILTER, picture_of_file
from app.dialogs.scheme_table import NAME, DraftModel, SchemeTable
from app.session.jobs import Jobs
from app.session.questions import EditedScheme, SchemeStart
from app.views.definition_card import DefinitionCard
from core.base.errors import AppError, ConfigError
from core.schemes import draft as edits
from core.schemes.draft import Draft, Row, finished
from core.schemes.file import bundled_schemes, write_scheme
from core.schemes.scheme import LONGEST_DEFINITION, Scheme, SchemeLandmark, scheme_key
from core.schemes.sources import SUFFIXES, scheme_from_file

_KINDS = {2: "2D images", 3: "volumes"}
_NEW = "Type a name and press Enter for the next one, or choose what to begin with."
_FINE = "Drag rows, or press Alt+↑ and Alt+↓, to change the order in which landmarks are placed."


class SchemeEditor(QDialog):
    """Makes a scheme.

    Parameters
    ----------
    start
        What it begins with.
    parent
        The window it belongs to.

    Attributes
    ----------
    answer
        The scheme that was made; None until then.
    """

    def __init__(self, start: SchemeStart, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Landmark scheme")
        self.answer: EditedScheme | None = None
        self._start = start
        self._jobs = Jobs(1)
        self._note = ""
        self.model = DraftModel(start.draft)
        self.table = SchemeTable(self.model)
        self.title = QLineEdit(start.draft.title)
        self.title.setPlaceholderText("Name of the scheme, such as Fly wing")
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.begin_with = self._make_menu_button()
        self.pair = QPushButton("Pair l&eft and right")
        self.pair.setToolTip("Make the landmarks mirror images whose names differ in left and right only.")
        self.buttons = QDialogButtonBox()
        self.use = self.buttons.addButton("&Use this scheme", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.save = self.buttons.addButton("&Save as file…", QDialogButtonBox.ButtonRole.ActionRole)
        self._lay_out()
        self._connect()
        self._refresh()
        self.resize(self.sizeHint())  # Qt would give it less than two thirds of the screen
        self._jobs.run(
            bundled_schemes, on_result=self._offer_bundled, on_error=self._say_error, on_end=None, may_stall=True
        )
        self.table.select([0])
        (self.table if start.draft.rows else self.title).setFocus()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size in which names and definitions can be read, and that fits on a small screen."""
        screen = QGuiApplication.primaryScreen().availableGeometry()
        return QSize(1060, 620).boundedTo(QSize(screen.width() - 40, screen.height() - 60))

    # Building

    def _make_menu_button(self) -> QPushButton:
        button = QPushButton("&Begin with")
        menu = QMenu(button)
        menu.addAction("A &file…", self._ask_file)
        self.bundled = menu.addMenu("A &bundled scheme")
        of_image = menu.addAction("The landmarks of this &image", lambda: self._begin_with(self._start.of_image))
        of_image.setEnabled(bool(self._start.of_image.rows))
        menu.addAction("A list from the &clipboard", self._paste)
        menu.addAction("&Nothing", lambda: self._begin_with(Draft(ndim=self._start.draft.ndim)))
        button.setMenu(menu)
        return button

    def _lay_out(self) -> None:
        self.use.setObjectName("primary")
        for button in (self.begin_with, self.pair, self.use, self.save):
            button.setAutoDefault(False)
            button.setDefault(False)  # Enter belongs to the names; Ctrl+Enter ends
        named = QLabel("S&cheme:")
        named.setBuddy(self.title)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(named)
        head.addWidget(self.title, 1)
        head.addWidget(QLabel(f"for {_KINDS[self._start.draft.ndim]}"))
        head.addWidget(self.begin_with)
        head.addWidget(self.pair)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.table)
        splitter.addWidget(self._make_details())
        splitter.setStretchFactor(0, 1)
        splitter.setSizes([760, 280])
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.said)
        layout.addWidget(self.buttons)

    def _make_details(self) -> QWidget:
        self.definition = QPlainTextEdit()
        self.definition.setPlaceholderText("Where does it lie?")
        self.definition.setTabChangesFocus(True)
        self.definition.setMaximumHeight(150)
        self.choose_picture = QPushButton("&Picture…")
        self.drop_picture = QPushButton("&Remove picture")
        for button in (self.choose_picture, self.drop_picture):
            button.setAutoDefault(False)
        pictures = QHBoxLayout()
        pictures.addWidget(self.choose_picture)
        pictures.addWidget(self.drop_picture)
        self.card = DefinitionCard()
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        form.addRow("&Definition of the selected landmark", self.definition)
        form.addRow(pictures)
        details = QWidget()
        details.setMinimumWidth(230)
        layout = QVBoxLayout(details)
        layout.setContentsMargins(8, 0, 0, 0)
        layout.addLayout(form)
        shown = QLabel("As it is shown while placing:")
        shown.setObjectName("dropHint")
        layout.addWidget(shown)
        layout.addWidget(self.card)
        layout.addStretch(1)
        return details

    def _connect(self) -> None:
        self.model.edited.connect(self._refresh)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_details())
        self.title.textEdited.connect(self._take_title)
        self.title.returnPressed.connect(lambda: self.table.type_into(0))
        self.definition.textChanged.connect(self._take_definition)
        self.choose_picture.clicked.connect(self._ask_picture)
        self.drop_picture.clicked.connect(lambda: self._describe(picture=""))
        self.pair.clicked.connect(lambda: self.model.edit(edits.paired_by_name(self.model.draft)))
        self.buttons.accepted.connect(self._take)
        self.buttons.rejected.connect(self.reject)
        self.save.clicked.connect(self._ask_save)
        for key, act in (
            (QKeySequence.StandardKey.Undo, self.model.undo),
            (QKeySequence.StandardKey.Redo, self.model.redo),
        ):
            QShortcut(QKeySequence(key), self, act)
        QShortcut(QKeySequence("Ctrl+Return"), self, self._take)

    # Keeping in step

    def _refresh(self) -> None:
        draft, wrong = self.model.draft, self.model.problems
        if self.title.text() != draft.title:
            self.title.setText(draft.title)
        self.use.setEnabled(not wrong)
        self.save.setEnabled(not wrong)
        self.pair.setEnabled(edits.paired_by_name(draft) != draft)
        told = wrong[0].sentence if draft.rows and wrong else ""
        more = f" ({len(wrong) - 1} more)" if len(wrong) > 1 else ""
        self.said.setText(f"{told}{more}" if told else self._note or (_FINE if draft.rows else _NEW))
        self._show_details()

    @property
    def _place(self) -> int | None:
        """Where the landmark stands whose definition is shown."""
        row = self.table.currentIndex().row()
        return row if 0 <= row < len(self.model.draft.rows) else None

    def _show_details(self) -> None:
        place = self._place
        row = Row(-1) if place is None else self.model.draft.rows[place]
        for widget in (self.definition, self.choose_picture):
            widget.setEnabled(place is not None)
        self.drop_picture.setEnabled(bool(row.picture))
        if self.definition.toPlainText() != row.definition:
            self.definition.blockSignals(True)  # noqa: FBT003 - Qt takes it by position only
            self.definition.setPlainText(row.definition)
            self.definition.blockSignals(False)  # noqa: FBT003 - Qt takes it by position only
        self.card.setVisible(bool(row.name))
        if row.name:
            mark = SchemeLandmark.model_construct(
                name=row.name, abbreviation=row.short, display_name=row.display_name,
                display_abbreviation=row.display_abbreviation, picture=row.picture,
            )  # fmt: skip
            self.card.show_landmark(mark.title, row.definition, row.colour, mark.picture_png)

    def _take_title(self, title: str) -> None:
        """Take a typed title over; a scheme called otherwise is another scheme."""
        self.model.edit(replace(self.model.draft, title=title, name=""))

    def _take_definition(self) -> None:
        self._describe(definition=self.definition.toPlainText()[:LONGEST_DEFINITION])

    def _describe(self, **said: str) -> None:
        place = self._place
        if place is not None:
            self.model.edit(edits.described(self.model.draft, place, **said))

    # Beginning with something

    def _begin_with(self, draft: Draft, note: str = "") -> None:
        self._note = note
        self.model.edit(replace(draft, ndim=self._start.draft.ndim))
        self.table.select([0])
        self.table.setFocus()
        self._refresh()

    def _begin_with_scheme(self, scheme: Scheme) -> None:
        ndim = self._start.draft.ndim
        note = (
            "" if scheme.ndim == ndim else f"It was made for {_KINDS[scheme.ndim]}; here it is used for {_KINDS[ndim]}."
        )
        draft = Draft.of(scheme)
        self._begin_with(replace(draft, rows=tuple(replace(row, origin="") for row in draft.rows)), note)

    def _offer_bundled(self, schemes: tuple[Scheme, ...]) -> None:
        for scheme in schemes:
            self.bundled.addAction(scheme.title, partial(self._begin_with_scheme, scheme))
        self.bundled.setEnabled(bool(schemes))

    def _paste(self) -> None:
        text = QGuiApplication.clipboard().text()
        if text.strip():
            self._begin_with(edits.pasted(Draft(self.model.draft.title), text))
        else:
            self._note = "The clipboard holds no text. Copy a list of names first, one a line."
            self._refresh()

    def _ask_file(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        kinds = f"Schemes, lists, landmarks, models ({patterns});;All files (*)"
        name, _ = QFileDialog.getOpenFileName(self, "Begin with a file", "", kinds)
        if name:
            self.read(Path(name))

    def read(self, path: Path) -> None:
        """Begin with a file, once it has been read."""
        self._run(partial(scheme_from_file, path, self._start.draft.ndim), self._begin_with_scheme)

    # Pictures and files

    def _ask_picture(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Picture of the landmark", "", FILTER)
        if name:
            self.take_picture(Path(name))

    def take_picture(self, path: Path) -> None:
        """Give the landmark whose definition is shown a picture, once that has been read."""
        place = self._place
        if place is None:
            return
        key = self.model.draft.rows[place].key

        def arrived(picture: str) -> None:
            now = self.model.draft.position(key)
            if now is not None:
                self.model.edit(edits.described(self.model.draft, now, picture=picture))

        self._run(partial(picture_of_file, path), arrived)

    def _ask_save(self) -> None:
        suggestion = f"{scheme_key(self.title.text())}.json"
        kinds = "Landmark scheme (*.json);;List for spreadsheets, without pictures (*.csv)"
        name, kind = QFileDialog.getSaveFileName(self, "Save scheme as", suggestion, kinds)
        if name:
            path = Path(name)
            suffix = ".csv" if "*.csv" in kind else ".json"
            self.write(path if path.suffix.lower() in (".csv", ".json") else path.with_name(path.name + suffix))

    def write(self, path: Path) -> None:
        """Save the scheme, and say so."""
        try:
            scheme = finished(self.model.draft)
        except ConfigError as error:
            self._say_error(error)
            return

        def saved(_: object) -> None:
            self._note = f"Saved to {path.name}."
            self._refresh()

        self._run(partial(write_scheme, scheme, path), saved)

    def _run(self, work: Callable[[], Any], on_result: Callable[[Any], None]) -> None:
        self._jobs.run(work, on_result=on_result, on_error=self._say_error, may_stall=True)

    def _say_error(self, error: AppError) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, "Cairn", error.message, QMessageBox.StandardButton.Ok, self)
        box.setInformativeText(error.hint)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    # Leaving

    def _take(self) -> None:
        """Give the scheme back, unless something is wrong with it."""
        self.table.setFocus()  # what is being typed counts
        try:
            self.answer = EditedScheme(finished(self.model.draft), self.model.draft.renamed)
        except ConfigError as error:
            self._note = str(error)
            self._refresh()
            wrong = self.model.problems
            if wrong and wrong[0].row >= 0:
                self.table.select([wrong[0].row], NAME)
            return
        self.accept()

    def done(self, result: int) -> None:
        """Drop what is still being read."""
        self._jobs.shut_down()
        super().done(result)
