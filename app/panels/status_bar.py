"""The line at the bottom: what image and model are, what is under the mouse, how much is checked, what is being worked on."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QStatusBar, QWidget

from app.session import wording
from app.session.controller import Controller
from app.session.view_state import Progress
from core.geometry.planes import direction_letter
from core.values.image import Image

_BETWEEN = "   ·   "
_PADDING = 6
_CHECKED_TIP = (
    "Checked is what you have confirmed, moved, placed or marked as not present.\n"
    "What the model is not sure of wants an eye. Space leads from one to the next."
)


class StatusBar(QStatusBar):
    """Facts of image and model at the left, cursor and progress at the right."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self._controller = controller
        self._facts = _ElidedLabel()
        self._cursor = QLabel()
        self._cursor.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._checked = QLabel()
        self._kept = QLabel()
        self._job = QWidget()
        self._job_text = QLabel()
        self._job_text.setMinimumWidth(150)  # so that the bar beside it does not jump about
        self._job_text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._bar = QProgressBar()
        self._bar.setFixedSize(140, 14)
        self._bar.setTextVisible(False)
        self.cancel_button = QPushButton("&Cancel")
        self.cancel_button.setStyleSheet("padding: 1px 10px;")
        self.cancel_button.clicked.connect(lambda: controller.cancel_job())
        layout = QHBoxLayout(self._job)
        layout.setContentsMargins(0, 1, 0, 1)
        for widget in (self._job_text, self._bar, self.cancel_button):
            layout.addWidget(widget)
        self.addWidget(self._facts, 1)
        self.addPermanentWidget(self._cursor)  # the job stays where it is while the mouse says one thing and another
        self.addPermanentWidget(self._checked)
        self.addPermanentWidget(self._kept)
        self.addPermanentWidget(self._job)
        controller.document.image_changed.connect(self._show_image)
        controller.document.prediction_changed.connect(self._show_facts)
        controller.document.prediction_changed.connect(self._show_checked)
        controller.document.landmarks_changed.connect(self._show_checked)
        controller.schemes.chosen.connect(lambda: self._show_facts())
        controller.view_state.events.mouse_mm.connect(self._show_cursor)
        controller.view_state.events.progress.connect(self._show_progress)
        desk = controller.desk
        for told in (desk.project_changed, desk.saving_changed, desk.reader_changed, desk.current_changed):
            told.connect(self._show_kept)
        self._show_image()
        self._show_progress(None)
        self._show_kept()

    def texts(self) -> str:
        """Return what is said about image and model."""
        return self._facts.whole

    def _show_kept(self) -> None:
        """Say who reads, and whether what they did stands in the project."""
        desk = self._controller.desk
        if desk.project is None:
            self._kept.clear()
            return
        reads = f"{desk.reader.name}: "
        if desk.read_only_because:
            self._kept.setText(f"{reads}read-only")
            self._kept.setToolTip(desk.read_only_because)
        elif desk.failing:
            self._kept.setText(f"{reads}{desk.pending} not saved")
            self._kept.setToolTip(f"{desk.failing}\nEverything is kept here and tried again every few seconds.")
        else:
            self._kept.setText(f"{reads}saving…" if desk.pending else f"{reads}saved")
            self._kept.setToolTip(
                f"Every change is saved in the project at once. File, “Who reads…” changes the name.{self._time_spent()}"
            )

    def _time_spent(self) -> str:
        """Return how long a person has worked on the open case, as it stood at their last step."""
        current = self._controller.desk.current
        if current is None:
            return ""
        return (
            f"\nTime spent on this image: {wording.time_spent(self._controller.cases.clock.seconds_of(current))} min."
        )

    def _show_image(self) -> None:
        self._show_facts()
        self._show_cursor(None)
        self._show_checked()

    def _show_facts(self) -> None:
        image, info = self._controller.document.image, self._controller.document.model_info
        if image is None:
            self._facts.show_text("")
        else:
            scheme = self._controller.document.scheme
            model = "no model for this image" if info is None else info.title
            by_hand = scheme is not None and not self._controller.schemes.wants(info)
            self._facts.show_text(f"{image_facts(image)}{_BETWEEN}{scheme.title if by_hand and scheme else model}")

    def _show_cursor(self, mouse_mm: tuple[float, ...] | None) -> None:
        image = self._controller.document.image
        if image is None or mouse_mm is None or len(mouse_mm) != image.ndim:
            self._cursor.clear()
            return
        self._cursor.setText(cursor_facts(image, mouse_mm, self._controller.document.unit))

    def _show_checked(self) -> None:
        """Say how far the checking is; what is still doubtful is in the tip, too, with what can be done."""
        progress = self._controller.checking.progress
        wanting = f"{progress.in_doubt} want{'s' if progress.in_doubt == 1 else ''} an eye" if progress.in_doubt else ""
        self._checked.setText(f"{progress.words}, {wanting}" if progress.words and wanting else progress.words)
        self._checked.setToolTip(_CHECKED_TIP if progress.words else "")

    def _show_progress(self, progress: Progress | None) -> None:
        self._job.setVisible(progress is not None)
        if progress is None:
            return
        self._job_text.setText(f"{progress.text}…")
        self._bar.setRange(0, 1000 if progress.fraction >= 0 else 0)
        if progress.fraction >= 0:
            self._bar.setValue(round(1000 * progress.fraction))
        self.cancel_button.setEnabled(progress.cancellable)


def cursor_facts(image: Image, point_mm: tuple[float, ...], unit: str) -> str:
    """Return where a point is, in a volume by the sides of the patient and with its voxel, and the value there."""
    nearest_index = np.round(image.grid.to_index(point_mm)).astype(int)
    decimals = 2 if unit == "mm" else 1
    if image.ndim == 2:
        inside = tuple(np.clip(nearest_index, 0, np.asarray(image.grid.shape) - 1))
        where = ", ".join(f"{value:.{decimals}f}" for value in point_mm)
        return f"({where}) {unit}   value {image.voxels[inside]:g}"
    voxel = ", ".join(str(value) for value in reversed(nearest_index.tolist()))
    is_inside = ((nearest_index >= 0) & (nearest_index < image.grid.shape)).all()
    value = f"   value {image.voxels[tuple(nearest_index)]:g}" if is_inside else ""
    if unit != "mm":
        return f"voxel ({voxel}){value}"
    sides = (direction_letter(axis * component) for axis, component in zip(np.eye(3), point_mm, strict=True))
    where = "  ".join(f"{side} {abs(component):.1f}" for side, component in zip(sides, point_mm, strict=True))
    return f"{where} mm   voxel ({voxel}){value}"


def image_facts(image: Image) -> str:
    """Return size and pixel size of an image, and where the latter comes from."""
    size = " × ".join(str(n) for n in reversed(image.grid.shape))
    unit, sample = ("px", "pixel") if image.ndim == 2 else ("voxels", "voxel")
    if not image.source.spacing_known:
        return f"{size} {unit}{_BETWEEN}{sample} size unknown: distances in px"
    spacing_mm = list(reversed([f"{value:.4g}" for value in image.grid.spacing_mm]))
    same = len(set(spacing_mm)) == 1
    length = spacing_mm[0] if same else " × ".join(spacing_mm)
    return f"{size} {unit}{_BETWEEN}{length} mm per {sample} ({image.source.spacing_source.phrase})"


class _ElidedLabel(QLabel):
    """A line of text that takes the room there is; the whole of it is in its tip."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_text(self, text: str) -> None:
        """Show a text, or as much of it as there is room for."""
        self.whole = text
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Show as much as there is room for now."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self.whole, Qt.TextElideMode.ElideRight, self.width() - 2 * _PADDING)
        self.setText(shown)
        self.setToolTip("" if shown == self.whole else self.whole)
