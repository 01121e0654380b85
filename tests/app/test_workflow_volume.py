"""A volume's whole way with a hand on the mouse: drop, landmarks in three planes, place, drag, undo, save, reopen.

The volume lies obliquely; a stand-in takes the place of the model, files and planes are real.
"""

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest

from app.session.controller import Controller
from app.window.main_window import MainWindow
from core.geometry.planes import Orientation
from core.images.file import write_image
from core.values.grid import Grid
from core.values.image import Image
from core.values.landmarks import Status
from tests.support.hand import LEFT, NO_KEY, drag, drop, screen, status
from tests.support.viewer_fixtures import NAMES, make_image, make_model_file


@pytest.fixture
def volume_path(tmp_path):
    turn = np.array([[np.cos(0.4), -np.sin(0.4), 0], [np.sin(0.4), np.cos(0.4), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]]) * [0.9, 0.7, 0.5]
    matrix[:3, 3] = (-31, 12, 54)
    image = make_image((20, 48, 56), spacing_known=True)
    path = tmp_path / "head.nii.gz"
    write_image(Image(image.voxels, Grid(image.grid.shape, matrix), image.source), path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".mrk.json"])
def test_drop_place_drag_undo_save_reopen(answers, localize, volume_path, suffix, tmp_path, qtbot):
    localize.absent = ("Gonion",)
    window = MainWindow(Controller(answers, make_model_file(tmp_path / "3d.pt", ndim=3), localize=localize))
    qtbot.addWidget(window)
    window.show()
    controller, document = window.controller, window.controller.document

    drop(window, volume_path)
    qtbot.waitUntil(lambda: document.prediction is not None and not controller.jobs.busy)
    qtbot.waitUntil(lambda: all(view.isVisible() for view in window.viewer.views.values()))
    assert document.landmarks.names == NAMES
    assert not document.modified

    controller.editor.select("Gonion")
    controller.placing.toggle()
    window.viewer.bring_up_to_date()
    sagittal = window.viewer.views[Orientation.SAGITTAL]
    middle_px = np.asarray(sagittal.plane.size_px) / 2
    place = QPoint(*(round(v) for v in sagittal.screen_map().to_screen(middle_px)))
    QTest.mouseClick(sagittal.viewport(), LEFT, NO_KEY, place)
    assert status(window, "Gonion") is Status.PLACED
    assert document.image.grid.contains(document.landmarks.point_mm("Gonion"))

    before = document.landmarks
    controller.editor.select("Menton", centre=True)
    start = screen(window, "Menton", Orientation.CORONAL)
    drag(window, start, start + QPoint(14, 9), orientation=Orientation.CORONAL)
    dragged = document.landmarks
    way_mm = dragged.point_mm("Menton") - before.point_mm("Menton")
    assert np.linalg.norm(way_mm) > 0.5
    assert way_mm[1] == pytest.approx(0, abs=1e-9)  # neither to the front nor to the back
    qtbot.waitUntil(window.actions_by_id["edit.undo"].isEnabled)
    window.actions_by_id["edit.undo"].trigger()
    assert document.landmarks == before
    window.actions_by_id["edit.redo"].trigger()
    assert document.landmarks == dragged

    answers.save = tmp_path / f"head{suffix}"
    window.actions_by_id["file.save_as"].trigger()
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    assert answers.errors == []
    assert not document.modified

    localize.gate.clear()
    drop(window, volume_path)
    qtbot.waitUntil(lambda: document.revision == 2)
    controller.landmark_opener.open(answers.save)
    localize.gate.set()
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    assert document.landmarks.names == NAMES
    assert np.allclose(document.landmarks.points_mm, dragged.points_mm, atol=1e-3)
    assert document.landmarks.status[document.landmarks.index("Menton")] is not Status.UNPLACED
    controller.editor.select("Menton", centre=True)
    window.viewer.bring_up_to_date()
    for orientation, view in window.viewer.views.items():
        assert view.name_at(tuple(screen(window, "Menton", orientation).toTuple())) == "Menton"
    assert window.close()
