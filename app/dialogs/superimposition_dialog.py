"""The window of a superimposition: which two images, on what, the picture, and what has changed in tables.

Shows what `app.session.superimposing` says and tells it what a person chooses; saves tables and picture in jobs.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.choice_box import ChoiceBox
from app.dialogs.superimposition_tables import ChangeTable, WayTable
from app.session.jobs import Jobs
from app.session.moments import called
from app.session.superimposed import Source, When
from app.session.superimposed_files import write_picture, write_tables
from app.session.superimposed_picture import Side, SuperimposedPicture
from app.session.superimposing import Superimposing
from app.views.superimposition_painting import EARLIER_COLOUR, LATER_COLOUR, Look, png_of
from app.views.superimposition_view import SuperimpositionView
from core.measuring.change_table import Times
from core.measuring.registration import LINES
from core.project.readings import Reader

_FILE = "From a file…"
_FIT = "Best fit of the landmarks that are ticked"
_SIDES = {Side.RIGHT: "From the patient's right", Side.FRONT: "From the front", Side.ABOVE: "From above"}
_CAUTION = (
    "An interval says how uncertain the landmarks make a difference, not what a tilted head, another film or "
    "magnification adds. None of this is a diagnosis."
)


@dataclass(frozen=True)
class Paths:
    """Who asks for files.

    Attributes
    ----------
    to_open
        For a landmark file or an image.
    to_save_table, to_save_picture
        Where to save, given a proposal.
    """

    to_open: Callable[[], Path | None]
    to_save_table: Callable[[Path], Path | None]
    to_save_picture: Callable[[Path], Path | None]


class SuperimpositionDialog(QDialog):
    """The window.

    Parameters
    ----------
    superimposing
        What is shown, and who is told what a person chooses.
    jobs
        Who writes files.
    paths
        Who asks for them.
    """

    def __init__(self, superimposing: Superimposing, jobs: Jobs, paths: Paths, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Superimposition")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._session = superimposing
        self._jobs = jobs
        self._paths = paths
        self._saved = ""
        self.cases = {when: ChoiceBox[Source | None](f"{when.capitalize()} image", 16) for when in When}
        self.readers = {when: ChoiceBox[Reader | None](f"Reading of the {when} image", 10) for when in When}
        self.swap = QPushButton("S&wap")
        self.swap.setToolTip("Take the earlier for the later image, and the other way round")
        self.line = ChoiceBox[tuple[str, str] | None]("Superimposed on", 16)
        self.scaled = QCheckBox("Sc&ale the later image")
        self.scaled.setToolTip(
            "Makes the line as long as it was, or the landmarks fit as well as they can. It hides growth, and is for images "
            "whose magnification or pixel size is not the same or not known. Measurements are never scaled."
        )
        self.analysis = ChoiceBox[str]("Analysis", 16)
        self.side = ChoiceBox[Side]("Seen from", 10)
        self.view = SuperimpositionView()
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName("How much of the later image is shown over the earlier one")
        self.tracings = QCheckBox("&Tracings")
        self.labels = QCheckBox("&Labels")
        for box in (self.tracings, self.labels):
            box.setChecked(True)
        self.changes = ChangeTable()
        self.ways = WayTable()
        self.tabs = QTabWidget()
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.save_tables = self.buttons.addButton("&Save tables…", QDialogButtonBox.ButtonRole.ActionRole)
        self.save_picture = self.buttons.addButton("Save &picture…", QDialogButtonBox.ButtonRole.ActionRole)
        for button in (self.save_tables, self.save_picture, self.swap):
            button.setAutoDefault(False)
        self._lay_out()
        self._connect()
        self.refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size in which picture and tables can be read."""
        return QSize(1240, 700)

    # Building

    def _lay_out(self) -> None:
        top = QGridLayout()
        for row, (when, colour) in enumerate(((When.EARLIER, EARLIER_COLOUR), (When.LATER, LATER_COLOUR))):
            name = QLabel(
                f"<span style='color: {colour}'>{'○' if when is When.EARLIER else '●'}</span> {when.capitalize()}"
            )
            top.addWidget(name, row, 0)
            top.addWidget(self.cases[when], row, 1)
            top.addWidget(self.readers[when], row, 2)
        top.addWidget(self.swap, 0, 3, 2, 1)
        on, by = QLabel("&On"), QLabel("Anal&ysis")
        on.setBuddy(self.line)
        by.setBuddy(self.analysis)
        top.addWidget(on, 0, 4)
        top.addWidget(self.line, 0, 5)
        top.addWidget(self.scaled, 0, 6)
        top.addWidget(by, 1, 4)
        top.addWidget(self.analysis, 1, 5, 1, 2)
        for column, stretch in ((1, 3), (2, 2), (5, 3)):
            top.setColumnStretch(column, stretch)
        below = QHBoxLayout()
        self.opacity_label = QLabel("La&ter image")
        self.opacity_label.setBuddy(self.opacity)
        below.addWidget(self.opacity_label)
        below.addWidget(self.opacity, 1)
        for widget in (self.tracings, self.labels, self.side):
            below.addWidget(widget)
        left, layout_left = QWidget(), QVBoxLayout()
        layout_left.setContentsMargins(0, 0, 0, 0)
        layout_left.addWidget(self.view, 1)
        layout_left.addLayout(below)
        left.setLayout(layout_left)
        self.tabs.addTab(self.changes, "&Measurements")
        self.tabs.addTab(self.ways, "Lan&dmarks")
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(left)
        parts.addWidget(self.tabs)
        parts.setSizes([580, 640])
        parts.setStretchFactor(0, 1)
        parts.setStretchFactor(1, 1)
        parts.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(parts, 1)
        layout.addWidget(self.told)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        session = self._session
        for when in When:
            self.cases[when].activated.connect(partial(self._choose_case, when))
            self.readers[when].activated.connect(partial(self._choose_reader, when))
        self.swap.clicked.connect(session.swap)
        self.line.activated.connect(self._choose_line)
        self.scaled.clicked.connect(lambda on: session.choose_wish(replace(session.wish, scaled=on)))
        self.analysis.activated.connect(lambda row: session.choose_analysis(self.analysis.value(row)))
        self.side.activated.connect(lambda row: session.choose_side(self.side.value(row)))
        self.ways.fit_chosen.connect(lambda names: session.choose_wish(replace(session.wish, fit=frozenset(names))))
        self.opacity.valueChanged.connect(self._show_look)
        for box in (self.tracings, self.labels):
            box.toggled.connect(self._show_look)
        self.changes.picked.connect(lambda key: self.view.set_look(replace(self.view.look, measurement=key)))
        self.ways.picked.connect(lambda name: self.view.set_look(replace(self.view.look, landmark=name)))
        self.save_tables.clicked.connect(self._save_tables)
        self.save_picture.clicked.connect(self._save_picture)
        self.buttons.rejected.connect(self.reject)
        session.changed.connect(self.refresh)
        self.finished.connect(self._leave)

    def _leave(self) -> None:
        self._session.changed.disconnect(self.refresh)
        self._session.end()

    # Choosing

    def _choose_case(self, when: When, row: int) -> None:
        source = self.cases[when].value(row)
        if source is None:
            path = self._paths.to_open()
            source = self._session.sources[when] if path is None else Source(path=path)
        self._session.choose(when, source)
        self.refresh()  # the box must not stand on “From a file…”

    def _choose_reader(self, when: When, row: int) -> None:
        source = self._session.sources[when]
        if source is not None:
            self._session.choose(when, replace(source, reader=self.readers[when].value(row)))

    def _choose_line(self, row: int) -> None:
        self._session.choose_wish(replace(self._session.wish, line=self.line.value(row)))
        if self.line.value(row) is None:
            self.tabs.setCurrentWidget(self.ways)

    def _show_look(self) -> None:
        self.view.set_look(
            replace(
                self.view.look,
                later_opacity=self.opacity.value() / 100,
                tracings=self.tracings.isChecked(),
                labels=self.labels.isChecked(),
            )
        )

    # Showing

    def refresh(self) -> None:
        """Show what there is now."""
        session, result = self._session, self._session.result
        for when in When:
            self._fill_case(when)
            self._fill_readers(when)
        lines = LINES if result is None else result.lines
        self.line.offer_chosen([*((_line_text(line), line) for line in lines), (_FIT, None)], session.wish.line)
        self.scaled.setChecked(session.wish.scaled)
        offers, offer = session.offers, session.offer
        self.analysis.offer_chosen([(one.text, one.key) for one in offers], offer.key if offer is not None else None)
        self.side.offer_chosen([(_SIDES[side], side) for side in Side], session.side)
        self.analysis.setEnabled(bool(offers))
        self.analysis.setPlaceholderText("" if offers else "None fits these landmarks")
        self.tabs.setTabVisible(self.tabs.indexOf(self.changes), bool(offers))
        is_flat = session.ndim == 2
        self.side.setVisible(not is_flat)
        has_later = result is not None and result.picture is not None and result.picture.later is not None
        for widget in (self.opacity, self.opacity_label):
            widget.setVisible(is_flat)
            widget.setEnabled(has_later)
        self.view.show_picture(None if result is None else result.picture, session.told)
        times = self._times
        self.changes.show_comparison(None if result is None else result.comparison, times)
        self.ways.show_ways(
            None if result is None else result.comparison,
            times,
            () if result is None else result.shared,
            self._fitted() if session.wish.line is None else None,
        )
        self._tell()
        self.save_tables.setEnabled(result is not None)
        self.save_picture.setEnabled(result is not None and result.picture is not None)

    def _fitted(self) -> frozenset[str]:
        result, fit = self._session.result, self._session.wish.fit
        return frozenset(() if result is None else result.shared) if fit is None else fit

    def _fill_case(self, when: When) -> None:
        session, chosen = self._session, self._session.sources[when]
        entries: list[tuple[str, Source | None]] = []
        for one in session.candidates:
            source = Source(one.case_id)
            about = " (open)" if session.is_open(source) else ", same patient" if one.same_patient else ""
            entries.append((f"{one.name}{about}", source))
        plain = None if chosen is None else replace(chosen, reader=None)
        if plain is not None and all(plain != source for _, source in entries):
            entries.append((plain.path.name if plain.path is not None else "The open image", plain))
        entries.append((_FILE, None))
        row = next((row for row, (_, source) in enumerate(entries) if plain is not None and source == plain), -1)
        self.cases[when].offer(entries, row)

    def _fill_readers(self, when: When) -> None:
        session, source = self._session, self._session.sources[when]
        box, result = self.readers[when], session.result
        box.setEnabled(result is not None and source is not None and source.path is None)
        if result is None:
            box.offer([], -1)
            return
        film = result.film(when)
        entries: list[tuple[str, Reader | None]] = [(called(reader), reader) for reader in film.readers]
        chosen = film.reader if source is None or source.reader is None else source.reader
        if source is not None and session.is_open(replace(source, reader=None)):
            entries.insert(0, ("As it is shown", None))
            chosen = source.reader
        box.offer_chosen(entries, chosen)
        box.setEnabled(len(entries) > 1)

    def _tell(self) -> None:
        result = self._session.result
        said = [self._session.told]
        if result is not None:
            said += [*result.comparison.notes, *result.films[0].notes, *result.films[1].notes, result.readers, _CAUTION]
        self.told.setText(" ".join(part for part in (*said, self._saved) if part))
        self._saved = ""

    # Saving

    @property
    def _times(self) -> Times:
        result = self._session.result
        return Times("", "") if result is None else Times(*(film.name for film in result.films))

    def _save_tables(self) -> None:
        result = self._session.result
        path = None if result is None else self._paths.to_save_table(Path("superimposition.csv"))
        if result is None or path is None:
            return
        self._run(partial(write_tables, path, result.comparison, self._times))

    def _save_picture(self) -> None:
        result = self._session.result
        picture = None if result is None else result.picture
        path = None if picture is None else self._paths.to_save_picture(Path("superimposition.png"))
        if picture is not None and path is not None:
            self._run(partial(_write_picture, path, picture, self.view.look))

    def _run(self, write: Callable[[], list[Path]]) -> None:
        def tell(said: str) -> None:
            self._saved = said
            self._tell()

        self._jobs.run(
            write,
            on_result=lambda paths: tell(f"Saved: {' and '.join(path.name for path in paths)}."),
            on_error=lambda error: tell(str(error)),
            may_stall=True,
        )


def _write_picture(path: Path, picture: SuperimposedPicture, look: Look) -> list[Path]:
    write_picture(path, png_of(picture, look))
    return [path]


def _line_text(line: tuple[str, str]) -> str:
    return f"{'–'.join(line)}, at {line[0]}"
