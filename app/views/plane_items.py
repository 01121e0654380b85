"""Draws what tells the planes of a volume apart and ties them together: the crosshair and the orientation letters.

Decides nothing and is told what to draw.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from app.desktop import theme
from app.views.slice_layer import HALO, ScreenMap, SliceLayer
from core.geometry.planes import Orientation, direction_letter, slice_directions
from core.values.grid import FloatArray

GAP = 14.0
"""Screen pixels left free around the crosshair's centre, so that the anatomy there stays visible."""
MARGIN = 6.0

# The planes seen as the vertical and as the horizontal line of each other plane.
_CUTTING = {
    Orientation.AXIAL: (Orientation.SAGITTAL, Orientation.CORONAL),
    Orientation.CORONAL: (Orientation.SAGITTAL, Orientation.AXIAL),
    Orientation.SAGITTAL: (Orientation.CORONAL, Orientation.AXIAL),
}


@dataclass(frozen=True)
class EdgeLetters:
    """The sides of the patient at the four edges of a slice, one of LRAPSI each."""

    left: str
    right: str
    top: str
    bottom: str

    @classmethod
    def of(cls, orientation: Orientation, *, radiological: bool) -> "EdgeLetters":
        """Return the letters of a plane through the patient."""
        _, down, right = slice_directions(orientation, radiological=radiological)
        return cls(*(direction_letter(way) for way in (-right, right, -down, down)))


class CrosshairLayer(SliceLayer):
    """The two lines in which the other planes cut this one.

    Parameters
    ----------
    screen_map
        Gives the current mapping.
    orientation
        Which plane this is.
    """

    def __init__(self, screen_map: Callable[[], ScreenMap], orientation: Orientation) -> None:
        super().__init__(screen_map)
        self._orientation = orientation
        self._centre_px: tuple[float, float] | None = None

    def set_centre(self, centre_px: tuple[float, float] | None) -> None:
        """Let the lines cross here, or draw none."""
        if centre_px != self._centre_px:
            self._centre_px = centre_px
            self.update()

    def paint_on_screen(self, painter: QPainter, screen_map: ScreenMap) -> None:
        """Paint each line in the colour of the plane it stands for."""
        if self._centre_px is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # noqa: FBT003 - Qt takes it by position only
        paint_crosshair(painter, self.boundingRect(), screen_map.to_screen(self._centre_px), self._orientation)


def paint_crosshair(painter: QPainter, area: QRectF, centre: FloatArray, orientation: Orientation) -> None:
    """Paint the two lines in which the other planes cut one, meeting at ``centre`` ``(2,)`` of the screen."""
    x, y = centre.tolist()
    vertical, horizontal = _CUTTING[orientation]
    for plane, lines in (
        (vertical, (QLineF(x, area.top(), x, y - GAP), QLineF(x, y + GAP, x, area.bottom()))),
        (horizontal, (QLineF(area.left(), y, x - GAP, y), QLineF(x + GAP, y, area.right(), y))),
    ):
        painter.setPen(QPen(theme.colour(theme.PLANE_COLOURS[plane], 0.75), 1))
        painter.drawLines(lines)


class LettersLayer(SliceLayer):
    """The orientation letters at the edges of the view."""

    def __init__(self, screen_map: Callable[[], ScreenMap]) -> None:
        super().__init__(screen_map)
        self._letters: EdgeLetters | None = None
        self._font = QFont()
        self._font.setPointSizeF(self._font.pointSizeF() + 2)
        self._font.setBold(True)

    def set_letters(self, letters: EdgeLetters | None) -> None:
        """Show these letters, or none."""
        if letters != self._letters:
            self._letters = letters
            self.update()

    def paint_on_screen(self, painter: QPainter, _screen_map: ScreenMap) -> None:
        """Paint each letter at the middle of its edge."""
        if self._letters is None:
            return
        area = self.boundingRect().adjusted(MARGIN, MARGIN - 2, -MARGIN, -MARGIN + 2)
        middle_x, middle_y = Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignVCenter
        painter.setFont(self._font)
        for letter, alignment in (
            (self._letters.left, Qt.AlignmentFlag.AlignLeft | middle_y),
            (self._letters.right, Qt.AlignmentFlag.AlignRight | middle_y),
            (self._letters.top, Qt.AlignmentFlag.AlignTop | middle_x),
            (self._letters.bottom, Qt.AlignmentFlag.AlignBottom | middle_x),
        ):
            _paint_letter(painter, area, alignment, letter)


def _paint_letter(painter: QPainter, area: QRectF, alignment: Qt.AlignmentFlag, letter: str) -> None:
    """Paint a letter with a shade, readable on any grey."""
    painter.setPen(HALO)
    for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1), (1, 1)):
        painter.drawText(area.translated(QPointF(x, y)), alignment, letter)
    painter.setPen(QColor(theme.CANVAS_TEXT))
    painter.drawText(area, alignment, letter)
