"""Brings the window back as it was left: its place, its table, what is shown and in which order.

Reads and writes `Settings`; decides nothing else. What the image shows, such as grey levels, belongs to the image.
"""

import getpass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDockWidget, QMainWindow

from app.desktop.settings import MOST_RECENT, Settings
from app.panels.landmark_table import LandmarkTable
from app.session.controller import Controller
from app.session.document import Document
from app.session.landmark_search import ChosenModel, LandmarkSearch
from app.session.measuring import Measuring
from app.session.view_state import Sort, ViewState
from core.base.assets import assets_folder
from core.base.errors import AppError
from core.project.readings import Reader

WANTED = QSize(1280, 800)
"""Size of the window at the very first start, where the screen has room for it."""
LARGEST_DOCK = {2: 0.46, 3: 0.38}
"""Part of the window that the table may take by default, beside an image of each rank; four views need more than one."""
_READER = "reader/name"
_ANALYSES = "analyses/opened"
_ANALYSES_FOLDER = "analyses"
_FLAGS = (
    "show_vectors", "show_labels", "show_crosshair", "show_loupe", "radiological", "worst_first", "show_worklist",
    "show_measurements", "show_tracing",
)  # fmt: skip
"""Fields of the view state that are kept as they are."""


def first_size(available: QRect) -> QSize:
    """Return how large a window is at first on a screen with so much room: frame and title bar need some of it, too."""
    return WANTED.boundedTo(QSize(available.width() - 16, available.height() - 48))


def restore_view(state: ViewState, settings: Settings) -> None:
    """Show what was shown last, and keep in mind from now on what a person changes."""
    for name in _FLAGS:
        setattr(state, name, settings.flag(f"view/{name}", default=getattr(state, name)))
        state.events[name].connect(partial(_keep, settings, name))
    state.sort = settings.choice("view/sort", Sort.MODEL)
    state.events.sort.connect(partial(_keep, settings, "sort"))


def restore_models(search: LandmarkSearch, settings: Settings) -> None:
    """Use the models that were chosen last, and keep in mind which a person chooses from now on."""
    for ndim in (2, 3):
        size, _, rest = settings.text(_model_key(ndim)).partition(" ")
        changed_ns, _, name = rest.partition(" ")
        if size.isdecimal() and changed_ns.isdecimal() and name:
            search.remembered[ndim] = ChosenModel(Path(name), int(size), int(changed_ns))
    search.model_chosen.connect(partial(_keep_model, settings))


def restore_reader(controller: Controller, settings: Settings) -> None:
    """Let the one read who did last, and keep in mind who says so; nobody is asked before they mark anything."""
    name = settings.text(_READER)
    controller.desk.reader_is_known = bool(name)
    controller.desk.reader = Reader(name or _login_name())
    controller.projects.reader_told.connect(partial(settings.set, _READER))


def restore_measuring(measuring: Measuring, settings: Settings) -> None:
    """Measure by the analyses that were chosen last, also by a person's own, and keep in mind which they choose from now on.

    Those of their own lie in the folder ``analyses`` beside the settings, or are opened from anywhere.
    """
    measuring.folder = None if settings.folder is None else settings.folder / _ANALYSES_FOLDER
    measuring.opened = settings.paths(_ANALYSES)
    measuring.chosen = {ndim: key for ndim in (2, 3) if (key := settings.text(_analysis_key(ndim)))}
    measuring.remembered.connect(partial(_keep_measuring, measuring, settings))


def _analysis_key(ndim: int) -> str:
    return f"analyses/{ndim}d"


def _keep_measuring(measuring: Measuring, settings: Settings) -> None:
    settings.set_paths(_ANALYSES, measuring.opened[:MOST_RECENT])
    for ndim, key in measuring.chosen.items():
        settings.set(_analysis_key(ndim), key)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a person without a name on this computer
        return "I"


def _model_key(ndim: int) -> str:
    return f"model/{ndim}d"


def _keep_model(settings: Settings, ndim: int, model: ChosenModel) -> None:
    is_bundled = bundled_file(model.path)
    text = None if is_bundled else f"{model.size} {model.changed_ns} {model.path.absolute()}"
    settings.set(_model_key(ndim), text)


def bundled_file(path: Path) -> bool:
    """Tell whether a file comes with Cairn, and so may be another one after the next update."""
    try:
        return path.absolute().is_relative_to(assets_folder())
    except AppError:
        return False


def _keep(settings: Settings, field: str, value: bool | Sort) -> None:
    settings.set(f"view/{field}", value)


class WindowLayout:
    """Place of the window, and width of the table for images of each rank.

    Parameters
    ----------
    window, dock, table
        What is laid out.
    document
        Which kind of image the table is for now.
    settings
        Where it is kept.
    """

    def __init__(
        self, window: QMainWindow, dock: QDockWidget, table: LandmarkTable, document: Document, settings: Settings
    ) -> None:
        self._window = window
        self._dock = dock
        self._table = table
        self._document = document
        self._settings = settings
        self._fitted_for: tuple[int, str, bool] | None = None
        self._list_width = 0
        self._fitted_width = 0
        screen = QGuiApplication.primaryScreen()
        if screen is not None:
            window.resize(first_size(screen.availableGeometry()))
        window.restoreGeometry(QByteArray.fromBase64(settings.text("window/geometry").encode()))
        left = settings.text("window/table_side") == "left"
        side = Qt.DockWidgetArea.LeftDockWidgetArea if left else Qt.DockWidgetArea.RightDockWidgetArea
        window.addDockWidget(side, dock)

    def leave_room(self, list_width: int) -> None:
        """Let the table share the window with a list that is so wide, 0 where there is none."""
        self._list_width = list_width
        self.fit()

    def fit(self) -> None:
        """Give the table the room a person gave it last, or what it needs with most of it left to the image.

        Done once for each kind of image and model, with and without a list; from then on a person decides.
        """
        image, info = self._document.image, self._document.model_info
        wanted = None if image is None else (image.ndim, "" if info is None else info.title, self._list_width > 0)
        if wanted is None or wanted == self._fitted_for:
            return
        self._keep_table()
        self._fitted_for = wanted
        chosen = self._settings.numbers(f"window/table_{wanted[0]}d")
        largest = round(LARGEST_DOCK[wanted[0]] * (self._window.width() - self._list_width))
        if chosen:
            width, columns = chosen[0], chosen[1:]
            self._table.set_column_widths(columns)
            self._fitted_width = min(width, 2 * largest)
        else:
            self._fitted_width = min(self._table.wanted_width(), largest)
        self._window.resizeDocks([self._dock], [self._fitted_width], Qt.Orientation.Horizontal)

    def save(self) -> None:
        """Keep everything as it is now."""
        self._settings.set("window/geometry", self._window.saveGeometry().toBase64().toStdString())
        left = self._window.dockWidgetArea(self._dock) is Qt.DockWidgetArea.LeftDockWidgetArea
        self._settings.set("window/table_side", "left" if left else "right")
        self._keep_table()

    def _keep_table(self) -> None:
        """Keep the table's width and columns where a person has changed them."""
        if self._fitted_for is None or not self._dock.isVisible():
            return
        widths = self._table.column_widths()
        changed = abs(self._dock.width() - self._fitted_width) > 4 or self._table.columns_changed
        if changed:
            self._settings.set(f"window/table_{self._fitted_for[0]}d", (self._dock.width(), *widths))
