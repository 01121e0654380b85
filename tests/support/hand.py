"""What a hand does with a mouse, for tests of the window: where landmarks are on the screen, drags and wheel turns."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.views.loupe import loupe_centre, radius_in
from app.views.slice_view import SliceView
from app.window.main_window import MainWindow
from core.geometry.planes import Orientation
from core.values.landmarks import Status

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NO_KEY = Qt.KeyboardModifier.NoModifier


def drop(window: MainWindow, path: Path) -> QDropEvent:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, mime, LEFT, NO_KEY)
    window.dropEvent(event)
    return event


def screen(window: MainWindow, name: str, orientation: Orientation | None = None) -> QPoint:
    """Where a landmark is on the screen: in the view a person works in, or in that of another plane."""
    controller = window.controller
    window.viewer.bring_up_to_date()
    orientation = orientation or controller.view_state.active
    plane, landmarks = controller.navigator.plane_of(orientation), controller.document.landmarks
    assert plane is not None
    assert landmarks is not None
    point_px = plane.px_from_mm(landmarks.point_mm(name))
    return QPoint(*(round(v) for v in window.viewer.views[orientation].screen_map().to_screen(point_px)))


def status(window: MainWindow, name: str) -> Status:
    landmarks = window.controller.document.landmarks
    assert landmarks is not None
    return landmarks.status[landmarks.index(name)]


def drag(
    window: MainWindow,
    start: QPoint,
    end: QPoint,
    button: Qt.MouseButton = LEFT,
    modifier: Qt.KeyboardModifier = NO_KEY,
    *,
    release: bool = True,
    orientation: Orientation | None = None,
) -> None:
    viewport = window.viewer.views[orientation or window.controller.view_state.active].viewport()
    QTest.mousePress(viewport, button, modifier, start)
    for part in (0.3, 0.7, 1.0):
        between = start + (end - start) * part
        QApplication.sendEvent(viewport, move_event(viewport, between, button, modifier))
    if release:
        QTest.mouseRelease(viewport, button, modifier, end)


def move_event(viewport: QWidget, place: QPoint, button: Qt.MouseButton, modifier: Qt.KeyboardModifier) -> QMouseEvent:
    return QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(viewport.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        button,
        modifier,
    )


def wheel(
    window: MainWindow,
    place: QPoint,
    steps: int,
    modifier: Qt.KeyboardModifier = NO_KEY,
    orientation: Orientation | None = None,
) -> None:
    viewport = window.viewer.views[orientation or window.controller.view_state.active].viewport()
    event = QWheelEvent(
        QPointF(place), QPointF(viewport.mapToGlobal(place)), QPoint(), QPoint(0, 120 * steps), LEFT & RIGHT, modifier,
        Qt.ScrollPhase.NoScrollPhase, False,  # noqa: FBT003 - Qt takes it by position only
    )  # fmt: skip
    QApplication.sendEvent(viewport, event)


def middle_of_loupe(view: SliceView, place: QPoint) -> QPoint:
    """Where the middle of the loupe is in a view in which a landmark at ``place`` is dragged."""
    area = np.array([view.viewport().width(), view.viewport().height()], dtype=float)
    radius = radius_in(*area)
    assert radius is not None
    centre = loupe_centre(np.array(place.toTuple(), dtype=float), radius, area)
    return QPoint(*(round(value) for value in centre))
