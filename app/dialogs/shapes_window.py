"""The window in which the shapes of a project's cases are compared: shape space, outliers, deformation and all cases.

Shows what `app.session.comparing_shapes` has and passes on what a person wants; decides nothing about cases and touches no file.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.desktop.chrome import LIGHT, chrome
from app.dialogs.shape_case_table import ShapeCaseTable
from app.dialogs.shape_deformation_tab import ShapeDeformationTab
from app.dialogs.shape_landmarks import LandmarkChoice
from app.dialogs.shape_plot import PICTURE_SIZE, ShapePlot, png_of, svg_of
from app.dialogs.shape_scatter import DistanceFigure, ScatterFigure
from app.session.comparing_shapes import ComparingShapes, reader_title
from app.session.shape_study import Grouping, ShapeStudy
from core.base.wording import counted, listed
from core.measuring.shape_comparison import mirrored_sentence, summary

WANTED = QSize(980, 690)
"""Size in which the plots can be read, where the screen has room for it."""
MOST_COMPONENTS = 12
"""Components that can be chosen as axes; the tables have all."""
AskFolder = Callable[[], Path | None]
AskPicture = Callable[[str], Path | None]
Replaces = Callable[[Sequence[str]], bool]


class ShapesWindow(QDialog):
    """The window.

    Parameters
    ----------
    comparing
        What is compared.
    ask_folder, ask_picture, replaces
        Ask where the tables go, where a picture goes, given a proposed name, and whether files of these names may be replaced.
    """

    def __init__(
        self, comparing: ComparingShapes, ask_folder: AskFolder, ask_picture: AskPicture, replaces: Replaces
    ) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setWindowTitle("Shapes of the cases")
        self._comparing = comparing
        self._ask_folder = ask_folder
        self._ask_picture = ask_picture
        self._replaces = replaces
        self._shown: ShapeStudy | None = None
        self._by: Grouping | None = None
        self._filled: set[int] = set()
        self._make_parts()
        self._lay_out()
        self._connect()
        self._show(None)
        self.refresh()
        room = self.screen().availableGeometry().size() - QSize(16, 48)  # for frame and title bar
        self.resize(WANTED.boundedTo(room))

    # Building

    def _make_parts(self) -> None:
        self.reader, self.grouping = QComboBox(), QComboBox()
        self.across, self.up = QComboBox(), QComboBox()
        for box in (self.reader, self.grouping, self.across, self.up):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.grouping.addItems([by.value.capitalize() for by in Grouping])
        self.ellipses = QCheckBox("Ellipses (90 %)")
        self.ellipses.setToolTip(
            "An ellipse for each group that holds 90 % of it, if its scores are normally distributed."
        )
        self.update_button = QPushButton("&Update")
        self.landmarks = QPushButton("&Landmarks…")
        self.landmarks.setToolTip("Which landmarks count. Cases that lack one of them are left out.")
        self.told = QLabel()
        self.warning = QLabel()
        for label in (self.told, self.warning):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.scatter, self.distances = ScatterFigure(), DistanceFigure()
        self.outliers, self.cases = ShapeCaseTable(), ShapeCaseTable()
        self.deformation = ShapeDeformationTab()
        self.save_tables = QPushButton("Save &tables…")
        self.save_tables.setToolTip("The four tables for R that “cairn shapes” writes.")
        self.save_picture = QPushButton("Save &picture…")
        self.close_button = QPushButton("Close")
        for button in (self.landmarks, self.update_button, self.save_tables, self.save_picture, self.close_button):
            button.setAutoDefault(False)

    def _lay_out(self) -> None:
        top = _row(QLabel("Readings of"), self.reader, self.landmarks, None, self.update_button)
        space = QWidget()
        column = QVBoxLayout(space)
        column.addLayout(
            _row(
                QLabel("Across"),
                self.across,
                QLabel("Up"),
                self.up,
                QLabel("Told apart by"),
                self.grouping,
                self.ellipses,
                None,
            )
        )
        column.addWidget(self.scatter, 1)
        column.addWidget(
            QLabel("A click on a dot opens its case. The wheel enlarges, a drag moves, a double click shows all again.")
        )
        outliers = QSplitter(Qt.Orientation.Vertical)
        self.distances.setMinimumHeight(140)
        self.outliers.setMinimumHeight(80)
        outliers.addWidget(self.distances)
        outliers.addWidget(self.outliers)
        outliers.setSizes([340, 170])
        outliers.setChildrenCollapsible(False)
        self.tabs = QTabWidget()
        for page, title in (
            (space, "&Shape space"), (outliers, "&Outliers"), (self.deformation, "&Deformation"), (self.cases, "&Cases"),
        ):  # fmt: skip
            self.tabs.addTab(page, title)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.told)
        layout.addWidget(self.warning)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(_row(self.save_tables, self.save_picture, None, self.close_button))

    def _connect(self) -> None:
        self._comparing.changed.connect(self.refresh)
        self.reader.activated.connect(self._choose_reader)
        self.update_button.clicked.connect(self._comparing.refresh)
        self.landmarks.clicked.connect(self._ask_landmarks)
        for box in (self.across, self.up):
            box.activated.connect(lambda _: self._draw_scatter())
        self.grouping.activated.connect(self._choose_grouping)
        self.ellipses.toggled.connect(lambda _: self._draw_scatter())
        for figure in (self.scatter, self.distances):
            figure.case_clicked.connect(self._go_to)
        for table in (self.outliers, self.cases):
            table.case_clicked.connect(self._comparing.go_to)
        self.tabs.currentChanged.connect(self._turn_to)
        self.save_tables.clicked.connect(self._save_tables)
        self.save_picture.clicked.connect(self._save_picture)
        self.close_button.clicked.connect(self.close)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Compare anew where a person comes back from correcting a case, and draw in the colours of another theme."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and self.isActiveWindow() and hasattr(self, "tabs"):
            self.update_if_stale()
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "tabs"):
            for figure in (self.scatter, self.distances, self.deformation.figure):
                figure.take_colours(chrome())
            self._filled.clear()
            self._turn_to(self.tabs.currentIndex())

    def update_if_stale(self) -> None:
        """Compare anew where readings have changed since."""
        if self._comparing.is_stale and not self._comparing.comparing:
            self._comparing.refresh()

    # Showing

    def refresh(self) -> None:
        """Show what there is now."""
        comparing, found = self._comparing, self._comparing.study
        self._offer_readers()
        if found is not self._shown:
            self._shown = found
            self._show(found)
        if found is None:
            self.told.setText("Comparing the shapes of all cases…" if comparing.comparing else comparing.told)
        else:
            changed = " Readings have changed since: “Update” shows it." if comparing.is_stale else ""
            self.told.setText(f"{summary(found.compared)}{' Comparing…' if comparing.comparing else changed}")
        without = [one.name for one in comparing.landmarks if one.name in comparing.without]
        warnings = [f"Compared without {listed(without)}."] if without else []
        warnings += [] if found is None else _warnings(found)
        self.warning.setText("\n".join(warnings))
        self.warning.setVisible(bool(warnings))
        self._refresh_buttons()

    def _offer_readers(self) -> None:
        choices = [reader_title(None), *map(reader_title, self._comparing.readers)]
        chosen = reader_title(self._comparing.reader)
        if chosen not in choices:  # who reads blind
            choices = [chosen]
        if choices != [self.reader.itemText(row) for row in range(self.reader.count())]:
            self.reader.clear()
            self.reader.addItems(choices)
        self.reader.setCurrentIndex(choices.index(chosen))
        self.reader.setEnabled(len(choices) > 1)

    def _refresh_buttons(self) -> None:
        self.update_button.setEnabled(not self._comparing.comparing)
        self.landmarks.setEnabled(bool(self._comparing.landmarks))
        self.save_tables.setEnabled(self._shown is not None)
        self.save_picture.setEnabled(self._shown is not None and self._figure() is not None)

    def _show(self, found: ShapeStudy | None) -> None:
        self.tabs.setVisible(found is not None)
        if found is None:
            for table in (self.outliers, self.cases):
                table.clear_cases()
            return
        if self._by is None:
            self.grouping.setCurrentIndex(list(Grouping).index(found.proposed_grouping()))
        self._offer_components(found)
        self._filled.clear()
        self._turn_to(self.tabs.currentIndex())

    def _turn_to(self, tab: int) -> None:
        """Fill a tab that a person looks at, the first time: of many cases all at once would take a while."""
        found = self._shown
        if found is not None and tab not in self._filled:
            self._filled.add(tab)
            fill = (self._fill_space, self._fill_outliers, self.deformation.show_study, self.cases.show_all)
            fill[tab](found)
        self._refresh_buttons()

    def _fill_space(self, found: ShapeStudy) -> None:
        self._draw_scatter_on(self.scatter, found)

    def _fill_outliers(self, found: ShapeStudy) -> None:
        self.distances.show_study(found)
        self.outliers.show_outliers(found)

    def _offer_components(self, found: ShapeStudy) -> None:
        """Offer the components that there are; the chosen ones stay where there are as many."""
        shares = found.compared.space.shares[:MOST_COMPONENTS]
        titles = [f"PC{number} ({100 * share:.1f} %)" for number, share in enumerate(shares, start=1)]
        for box, first in ((self.across, 0), (self.up, 1)):
            chosen = box.currentIndex() if box.count() else first
            box.clear()
            box.addItems(titles)
            box.setCurrentIndex(min(max(chosen, 0), len(titles) - 1))

    def _draw_scatter(self) -> None:
        if self._shown is not None:
            self._draw_scatter_on(self.scatter, self._shown)

    def _draw_scatter_on(self, figure: ScatterFigure, found: ShapeStudy) -> None:
        by = list(Grouping)[self.grouping.currentIndex()]
        across, up = self.across.currentIndex(), self.up.currentIndex()
        figure.show_study(found, across, up, by, ellipses=self.ellipses.isChecked())

    def _choose_grouping(self, row: int) -> None:
        self._by = list(Grouping)[row]
        self._draw_scatter()

    def _choose_reader(self, row: int) -> None:
        readers = [None, *self._comparing.readers]
        if row < len(readers):
            self._comparing.choose_reader(readers[row])

    def _ask_landmarks(self) -> LandmarkChoice:
        """Ask which landmarks count."""
        choice = LandmarkChoice(self._comparing.landmarks, self._comparing.without, self)
        choice.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        choice.accepted.connect(lambda: self._comparing.choose_landmarks(choice.without))
        choice.open()
        return choice

    def mark_current(self, case_id: int | None) -> None:
        """Mark the case that lies open in the main window."""
        for figure in (self.scatter, self.distances):
            figure.mark_current(case_id)

    # Going to a case

    def _go_to(self, case_id: int) -> None:
        found = self._shown
        case = None if found is None else next((case for case in found.cases if case.id == case_id), None)
        if case is not None:
            self._comparing.go_to(case.id, case.swapped)

    # Saving

    def _save_tables(self) -> None:
        folder = self._ask_folder()
        if folder is not None:
            self._comparing.save_tables(folder, self._replaces, self.told.setText, self._tell_error)

    def _figure(self) -> ShapePlot | None:
        """Return the plot that is looked at; None where it is a table."""
        figures: list[ShapePlot | None] = [self.scatter, self.distances, self.deformation.figure, None]
        return figures[self.tabs.currentIndex()]

    def _save_picture(self) -> None:
        names = ("shape-space", "procrustes-distances", "deformation")
        path = self._ask_picture(f"{names[self.tabs.currentIndex()]}.png")
        figure = self._light_figure()
        if path is None or figure is None:
            return
        try:
            content = svg_of(figure) if path.suffix.lower() == ".svg" else png_of(figure)
        finally:
            figure.deleteLater()
        self._comparing.save_picture(path, content, self.told.setText, self._tell_error)

    def _light_figure(self) -> ShapePlot | None:
        """Return the plot that is looked at drawn on white, for print."""
        found, figure = self._shown, self._figure()
        light: ShapePlot
        if found is None:
            return None
        if isinstance(figure, ScatterFigure):
            light = scatter = ScatterFigure(colours=LIGHT)
            light.resize(PICTURE_SIZE)
            self._draw_scatter_on(scatter, found)
        elif isinstance(figure, DistanceFigure):
            light = distances = DistanceFigure(colours=LIGHT)
            light.resize(PICTURE_SIZE)
            distances.show_study(found)
        else:
            light = self.deformation.light_figure()
        return light

    def _tell_error(self, error: Exception) -> None:
        self.told.setText(str(error))


def _row(*parts: QWidget | None) -> QHBoxLayout:
    """Return widgets side by side; None is what takes the room that is left."""
    layout = QHBoxLayout()
    for part in parts:
        if part is None:
            layout.addStretch(1)
        else:
            layout.addWidget(part)
    return layout


def _warnings(found: ShapeStudy) -> list[str]:
    """Return what is to be said above the plots: what was left out, and mirror images."""
    sentences = []
    if found.left_out:
        names = listed([f"{case.name} ({case.reason})" for case in found.left_out], 3)
        sentences.append(f"{counted(len(found.left_out), 'case')} left out: {names}.")
    if found.compared.found.nowhere:
        nowhere = found.compared.found.nowhere
        sentences.append(f"{counted(len(nowhere), 'landmark')} left out, placed in no case: {listed(nowhere)}.")
    mirrored = mirrored_sentence(found.compared)
    return [*sentences, mirrored] if mirrored else sentences
