"""The main job with nothing stood in for: drop a sample, localize it with the bundled model, correct, undo, save, reopen."""

import csv

import numpy as np
import pytest
from PySide6.QtCore import QPoint

from app.session.controller import Controller
from app.session.questions import Unsaved
from app.window.main_window import MainWindow
from core.base.assets import assets_folder
from core.geometry.planes import Orientation
from core.landmark_files.file import read_landmarks
from core.models.bundled import bundled_model_for
from core.models.metadata import read_model_info
from core.values.landmarks import Status
from tests.support.hand import drag, drop, screen
from tests.support.viewer_fixtures import Answers

SAMPLE = assets_folder() / "samples" / "cephalogram.png"
VOLUME = assets_folder() / "samples" / "mouse_skull.nii.gz"


@pytest.fixture
def window(qtbot):
    window = MainWindow(Controller(Answers()))
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.controller.jobs.shut_down()


@pytest.mark.slow
def test_drop_localize_drag_undo_save(window, tmp_path, qtbot):
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
    controller.checking.confirm()

    answers.save = tmp_path / "cephalogram.csv"
    window.actions_by_id["file.save_as"].trigger()
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    assert not document.modified
    lines = answers.save.read_text(encoding="utf-8").splitlines()
    rows = {row["name"]: row for row in csv.DictReader(line for line in lines if not line.startswith("#"))}
    assert list(rows) == list(names)
    assert rows["Sella"]["status"] == "corrected"
    assert rows["Nasion"]["status"] == "confirmed"
    plane = controller.editor.plane
    assert float(rows["Sella"]["x_px"]) == pytest.approx(plane.px_from_mm(dragged.point_mm("Sella"))[0], abs=0.01)
    again = read_landmarks(answers.save, image=document.image)
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
    controller.placing.toggle()
    controller.placing.place((100, 100))
    assert controller.editor.is_located(controller.document.landmarks.names[0])
    controller.undo_stack.undo()
    assert not controller.document.modified
    assert window.close()


@pytest.mark.slow
def test_drop_a_volume_localize_drag_in_a_plane_undo_save_reopen(window, tmp_path, qtbot):
    controller, answers = window.controller, window.controller.questions
    document, editor = controller.document, controller.editor
    names = read_model_info(bundled_model_for(3)).landmarks

    drop(window, VOLUME)
    qtbot.waitUntil(lambda: document.prediction is not None, timeout=120_000)
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    assert answers.errors == []
    assert document.landmarks.names == names
    true_mm = read_landmarks(VOLUME.with_name("mouse_skull.csv"), names=names, image=document.image).points_mm
    errors_mm = np.linalg.norm(document.landmarks.points_mm - true_mm, axis=1)
    assert np.median(errors_mm) < 0.3
    assert errors_mm.max() < 1.5

    moved, confirmed, missing = "13", "16", "50"
    before = document.landmarks
    editor.select(moved, centre=True)
    for orientation, view in window.viewer.views.items():
        assert view.isVisible()
        assert view.name_at(tuple(screen(window, moved, orientation).toTuple())) == moved
    start = screen(window, moved, Orientation.CORONAL)
    drag(window, start, start + QPoint(12, -9), orientation=Orientation.CORONAL)
    way_mm = document.landmarks.point_mm(moved) - before.point_mm(moved)
    assert way_mm[0] > 0.2  # to the right of the screen: the patient's left
    assert way_mm[1] == pytest.approx(0, abs=1e-9)
    assert way_mm[2] > 0.2
    dragged = document.landmarks
    qtbot.waitUntil(window.actions_by_id["edit.undo"].isEnabled)
    window.actions_by_id["edit.undo"].trigger()
    assert document.landmarks == before
    window.actions_by_id["edit.redo"].trigger()
    assert document.landmarks == dragged
    editor.select(confirmed)
    controller.checking.confirm()
    editor.select(missing)
    editor.mark_absent()

    done = document.landmarks
    states = {name: done.status[done.index(name)] for name in (moved, confirmed, missing)}
    assert states == {moved: Status.CORRECTED, confirmed: Status.CONFIRMED, missing: Status.ABSENT}
    paths = [tmp_path / name for name in ("mouse_skull.csv", "mouse_skull.mrk.json")]
    for path in paths:
        answers.save = path
        window.actions_by_id["file.save_as"].trigger()
        qtbot.waitUntil(lambda: not controller.jobs.busy)
    assert answers.errors == []
    assert not document.modified
    for path in paths:
        revision = document.revision
        controller.open_paths([VOLUME, path])
        qtbot.waitUntil(lambda revision=revision: document.revision > revision)
        qtbot.waitUntil(lambda: not controller.jobs.busy)
        assert document.landmarks.names == names
        assert document.landmarks.status == done.status
        np.testing.assert_allclose(document.landmarks.points_mm, done.points_mm, rtol=0, atol=5.1e-4)
    assert answers.errors == []
    assert window.close()


@pytest.mark.parametrize(
    ("path", "ndim", "words"),
    [(SAMPLE, 3, "analyses volumes, and this is a 2D image"), (VOLUME, 2, "analyses 2D images, and this is a volume")],
)
def test_a_model_of_the_wrong_rank_is_refused_in_words(path, ndim, words, qtbot):
    window = MainWindow(Controller(Answers(), bundled_model_for(ndim)))
    qtbot.addWidget(window)
    window.show()
    drop(window, path)
    qtbot.waitUntil(lambda: window.controller.document.image is not None and not window.controller.jobs.busy)
    (sentence,) = [text for text in window.message_bar.texts() if "The model" in text]
    assert words in sentence
    assert "Choose model…" in sentence
    assert not window.controller.localizing
    window.controller.placing.toggle()  # by hand it goes on
    window.controller.placing.place((20, 20))
    assert np.isfinite(window.controller.document.landmarks.points_mm).all(axis=1).sum() == 1
    window.controller.questions.on_unsaved = Unsaved.DISCARD
    assert window.close()
