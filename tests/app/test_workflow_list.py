"""A list of images in the real window: going on, coming back, a bad file among them, and whose name stands over the picture."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest

from app.session.questions import Unsaved
from core.images.file import write_image
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Status
from tests.support.hand import status
from tests.support.viewer_fixtures import make_image


class Witness(QObject):
    """Notes what is painted and what the title says, in the order in which it happens."""

    def __init__(self, window):
        super().__init__()
        self.seen = []
        self._view = window.slice_view
        self._view.viewport().installEventFilter(self)
        window.windowTitleChanged.connect(lambda title: self.seen.append(title.partition("[")[0]))

    def eventFilter(self, watched, event):  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.Paint and self._view._image_item.image is not None:
            self.seen.append(float(np.mean(self._view._image_item.image)))
        return False


def test_no_picture_stands_under_the_name_of_another(empty_window, tmp_path, qtbot):
    controller = empty_window.controller
    shades = {"grey.png": 100, "white.png": 200}
    for name, shade in shades.items():
        voxels = np.full((80, 60), shade, np.uint8)
        voxels[40, 30] = 0
        write_image(Image(voxels, Grid.from_spacing(voxels.shape), ImageSource(tmp_path / name)), tmp_path / name)
    controller.open_paths([tmp_path / name for name in shades])
    qtbot.waitUntil(lambda: controller.document.image is not None and not controller.jobs.busy)
    witness = Witness(empty_window)
    QTest.keyClick(empty_window.slice_view, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: empty_window.windowTitle().startswith("white.png"))
    before = witness.seen[: witness.seen.index("white.png (2 of 2)")]
    assert [round(shade, -1) for shade in before if isinstance(shade, float)][-1:] == [200]
    qtbot.waitUntil(lambda: not controller.jobs.busy)


def test_a_list_is_worked_through_and_nothing_is_lost(empty_window, answers, localize, tmp_path, qtbot):
    controller = empty_window.controller
    paths = [tmp_path / name for name in ("a.png", "letter.docx", "b.png")]
    for path in (paths[0], paths[2]):
        write_image(make_image(), path)
    paths[1].write_bytes(b"a letter")

    def press(key, modifier=Qt.KeyboardModifier.NoModifier):
        QTest.keyClick(empty_window.slice_view, key, modifier)
        qtbot.waitUntil(lambda: not controller.jobs.busy)
        qtbot.wait(20)

    controller.open_paths(paths)
    qtbot.waitUntil(lambda: controller.document.prediction is not None)
    controller.editor.select("Sella")
    qtbot.waitUntil(empty_window.actions_by_id["landmark.confirm"].isEnabled)
    for _ in range(4):
        press(Qt.Key.Key_Space)
    answers.save = tmp_path / "a.csv"
    press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert answers.asked == ["save as a.csv"]
    press(Qt.Key.Key_PageDown)
    assert empty_window.windowTitle().startswith("b.png (3 of 3)")
    assert any("letter.docx" in text for text in empty_window.message_bar.texts())
    calls = len(localize.calls)
    press(Qt.Key.Key_PageUp)
    assert empty_window.windowTitle().startswith("a.png (1 of 3)")
    assert {status(empty_window, name) for name in controller.document.landmarks.names} == {Status.CONFIRMED}
    assert len(localize.calls) == calls
    assert empty_window.close()


@pytest.mark.parametrize("saves", [True, False])
def test_the_window_closes_once_the_landmarks_are_saved(window, answers, tmp_path, saves, qtbot):
    window.controller.editor.select("Sella")
    window.controller.editor.nudge(1, 0)
    answers.on_unsaved, answers.save = Unsaved.SAVE, tmp_path / "out.csv" if saves else None
    assert not window.close()
    qtbot.waitUntil(lambda: not window.controller.jobs.busy)
    assert window.isVisible() is not saves
    assert (tmp_path / "out.csv").exists() is saves
    answers.on_unsaved = Unsaved.DISCARD
    window.close()


def test_a_well_found_image_is_checked_and_left_with_two_keys(empty_window, answers, tmp_path, qtbot):
    controller, view = empty_window.controller, empty_window.slice_view
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for path in paths:
        write_image(make_image(), path)
    answers.on_unsaved = Unsaved.DISCARD
    controller.open_paths(paths)
    qtbot.waitUntil(lambda: controller.document.prediction is not None and not controller.jobs.busy)
    qtbot.waitUntil(empty_window.actions_by_id["landmark.confirm_all"].isEnabled)
    QTest.keyClick(view, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert set(controller.document.landmarks.status) == {Status.CONFIRMED}
    assert empty_window.status_bar._checked.text() == "4 of 4 checked"
    assert any(text.startswith("4 of 4 checked.") for text in empty_window.message_bar.texts())
    QTest.keyClick(view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: empty_window.windowTitle().startswith("b.png") and not controller.jobs.busy)
    assert empty_window.status_bar._checked.text() == "0 of 4 checked, 3 want an eye"
    QTest.keyClick(view, Qt.Key.Key_B)
    qtbot.waitUntil(lambda: empty_window.windowTitle().startswith("a.png") and not controller.jobs.busy)
    QTest.keyClick(view, Qt.Key.Key_N)
    qtbot.waitUntil(lambda: empty_window.windowTitle().startswith("b.png") and not controller.jobs.busy)


def test_placing_by_keys_skips_marks_absent_goes_back_and_says_how_many(window, qtbot):
    controller, view = window.controller, window.slice_view
    for name in controller.document.landmarks.names:
        controller.editor.select(name)
        controller.editor.clear()
    controller.editor.select("Sella")
    QTest.keyClick(view, Qt.Key.Key_P)
    qtbot.waitUntil(window.actions_by_id["landmark.skip"].isEnabled)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.viewport().rect().center())
    assert status(window, "Sella") is Status.PLACED
    for key in (Qt.Key.Key_S, Qt.Key.Key_Z, Qt.Key.Key_X, Qt.Key.Key_Backspace):
        qtbot.waitUntil(window.actions_by_id["landmark.back"].isEnabled)
        QTest.keyClick(view, key)
    assert controller.placing.next_name == "Nasion"
    assert status(window, "Nasion") is Status.UNPLACED
    for key in (Qt.Key.Key_X, Qt.Key.Key_S, Qt.Key.Key_Space):
        QTest.keyClick(view, key)
    assert "1 of 4 placed, 1 not present, 2 skipped." in window.message_bar.texts()
    assert not window.actions_by_id["landmark.place"].isChecked()
