"""The main job with nothing stood in for: drop the sample, localize it with the bundled model, correct, undo, export."""

import csv

import numpy as np
import pytest
from PySide6.QtCore import QPoint

from app.controller import Controller
from app.main_window import MainWindow
from core.assets import assets_folder, bundled_model_for
from core.landmark_io import read_landmarks
from core.model_info import read_model_info
from core.types import Status
from tests.hand import drag, drop, screen
from tests.viewer_fixtures import Answers

SAMPLE = assets_folder() / "samples" / "cephalogram.png"


@pytest.fixture
def window(qtbot):
    window = MainWindow(Controller(Answers()))
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.controller.jobs.shut_down()


@pytest.mark.slow
def test_drop_localize_drag_undo_export(window, tmp_path, qtbot):
    controller, answers = window.controller, window.controller.questions
    document = controller.document
    names = read_model_info(bundled_model_for(2)).landmarks

    drop(window, SAMPLE)
    qtbot.waitUntil(lambda: document.image is not None, timeout=20_000)
    assert document.landmarks.names == names
    qtbot.waitUntil(lambda: document.prediction is not None, timeout=120_000)
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    assert answers.errors == []
    true_mm = read_landmarks(SAMPLE.with_suffix(".csv"), names=names, image=document.image).points_mm
    found_mm = document.landmarks.points_mm
    assert np.linalg.norm(found_mm - true_mm, axis=1).max() < 3.0 / (0.1 if document.unit == "px" else 1.0)
    assert not document.modified
    assert len(document.prediction.fields) >= 2
    field = document.field_of("Sella", 0)
    sella = document.landmarks.index("Sella")
    votes_mm = field.grid.to_mm(np.argwhere(field.weight == field.weight.max())[0])
    assert np.linalg.norm(votes_mm - found_mm[sella]) < 3 * field.grid.spacing_mm.max()

    before = document.landmarks
    start = screen(window, "Sella")
    drag(window, start, start + QPoint(30, -18))
    assert document.landmarks.status[sella] is Status.CORRECTED
    assert document.modified
    dragged = document.landmarks
    qtbot.waitUntil(window.actions_by_id["edit.undo"].isEnabled)
    window.actions_by_id["edit.undo"].trigger()
    assert document.landmarks == before
    assert not document.modified
    window.actions_by_id["edit.redo"].trigger()
    assert document.landmarks == dragged
    controller.editor.select("Nasion")
    controller.editor.confirm()

    answers.export = tmp_path / "cephalogram.csv"
    window.actions_by_id["file.export"].trigger()
    assert not document.modified
    lines = answers.export.read_text(encoding="utf-8").splitlines()
    rows = {row["name"]: row for row in csv.DictReader(line for line in lines if not line.startswith("#"))}
    assert list(rows) == list(names)
    assert rows["Sella"]["status"] == "corrected"
    assert rows["Nasion"]["status"] == "confirmed"
    plane = controller.editor.plane
    assert float(rows["Sella"]["x_px"]) == pytest.approx(plane.px_from_mm(dragged.point_mm("Sella"))[0], abs=0.01)
    again = read_landmarks(answers.export, image=document.image)
    assert np.allclose(again.points_mm, document.landmarks.points_mm, atol=0.01)
    assert window.close()


@pytest.mark.slow
def test_cancelling_the_real_localization_leaves_the_window_usable(window, qtbot):
    controller = window.controller
    drop(window, SAMPLE)
    qtbot.waitUntil(lambda: controller.localizing, timeout=20_000)
    controller.cancel_job()
    qtbot.waitUntil(lambda: not controller.jobs.busy, timeout=120_000)
    assert controller.document.prediction is None
    controller.editor.toggle_place_mode()
    controller.editor.place((100, 100))
    assert controller.editor.is_located(controller.document.landmarks.names[0])
    controller.undo_stack.undo()
    assert not controller.document.modified
    assert window.close()
