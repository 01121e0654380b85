import numpy as np
from PySide6.QtWidgets import QApplication

from app.session.controller import Controller
from core.base.errors import ImageReadError, InferenceError
from core.geometry.planes import Orientation
from core.images.file import write_image
from core.landmark_files.file import write_landmarks
from core.values.landmarks import Status
from tests.support.viewer_fixtures import NAMES, idle, make_image, make_model_file, make_prediction, messages, px

# Opening


def test_opening_shows_the_image_with_empty_landmarks_before_they_are_found(controller, scan, localize, qtbot):
    localize.gate.clear()
    controller.open_paths([scan])
    assert controller.view_state.progress.text == "Opening scan.png"
    qtbot.waitUntil(localize.started.is_set)
    assert controller.document.image.voxels.shape == (80, 60)
    assert controller.document.landmarks.names == NAMES
    assert set(controller.document.landmarks.status) == {Status.UNPLACED}
    qtbot.waitUntil(lambda: controller.view_state.progress.fraction == 0.25)
    assert controller.view_state.progress.text == "Global stage"
    localize.gate.set()
    idle(controller, qtbot)
    assert np.allclose(px(controller, "Gonion"), [40, 35])
    assert controller.view_state.progress is None
    assert not controller.document.modified


def test_a_wrong_file_is_told_and_the_open_image_stays(opened, answers, tmp_path, qtbot):
    wrong = tmp_path / "notes.png"
    wrong.write_text("this is no image")
    image, landmarks = opened.document.image, opened.document.landmarks
    opened.open_paths([wrong])
    idle(opened, qtbot)
    (error,) = answers.errors
    assert isinstance(error, ImageReadError)
    assert error.hint
    assert opened.document.image is image
    assert opened.document.landmarks is landmarks
    assert opened.view_state.progress is None


def test_of_two_images_opened_in_a_row_the_second_one_wins(controller, tmp_path, qtbot):
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    write_image(make_image((40, 40)), first)
    write_image(make_image((50, 50)), second)
    controller.open_paths([first])
    controller.open_paths([second])
    idle(controller, qtbot)
    assert controller.document.image.source.path == second
    assert controller.document.revision == 1


def test_opening_the_same_image_twice_opens_it_once(controller, scan, localize, qtbot):
    controller.open_paths([scan])
    controller.open_paths([scan])
    idle(controller, qtbot)
    assert controller.document.revision == 1
    assert len(localize.calls) == 1


def test_images_dropped_together_are_walked_through(controller, tmp_path, qtbot):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        write_image(make_image(), path)
    controller.open_paths(paths)
    idle(controller, qtbot)
    assert not controller.opener.has_neighbour(-1)
    controller.opener.open_neighbour(1)
    idle(controller, qtbot)
    assert controller.document.image.source.path == paths[1]
    assert controller.opener.has_neighbour(1)
    controller.opener.open_neighbour(-1)
    idle(controller, qtbot)
    assert controller.document.image.source.path == paths[0]


def test_a_landmark_file_dropped_with_its_image_is_shown_instead_of_localizing(
    controller, scan, localize, tmp_path, qtbot
):
    answer = make_prediction(make_image(), shift_px=3).landmarks
    path = tmp_path / "scan.csv"
    write_landmarks(answer.subset(NAMES[:3]), path, image=make_image())
    controller.open_paths([path, scan])
    idle(controller, qtbot)
    assert np.allclose(px(controller, "Nasion"), [23, 25])
    assert controller.document.landmarks.names == NAMES
    assert not controller.editor.is_located("Gonion")
    assert localize.calls == []
    assert not controller.document.modified


def test_a_volume_opens_at_its_middle_slice_and_the_selection_leads_to_its_own(
    answers, localize, tmp_path, qtbot, qapp: QApplication
):
    path = tmp_path / "volume.nrrd"
    write_image(make_image((9, 80, 60), spacing_known=True), path)
    controller = Controller(answers, make_model_file(tmp_path / "3d.pt", ndim=3), localize=localize)
    controller.open_paths([path])
    idle(controller, qtbot)
    assert controller.navigator.plane.slice_index == 4
    controller.editor.select("Sella", centre=True)
    assert controller.navigator.plane.slice_index == 2
    controller.navigator.scroll(Orientation.AXIAL, 1)
    assert controller.navigator.plane.slice_index == 3
    controller.editor.begin_drag("Sella", (10, 20))
    controller.editor.drag_to((12, 22))
    controller.editor.end_drag()
    assert np.allclose(
        controller.document.image.grid.to_index(controller.document.landmarks.point_mm("Sella")), [2, 22, 12]
    )
    controller.close()


# Localizing


def test_a_scan_far_coarser_than_the_models_is_localized_on_demand_only(
    answers, localize, tmp_path, qtbot, qapp: QApplication
):
    path = tmp_path / "whole-body.nrrd"
    image = make_image((9, 80, 60), spacing_known=True).with_spacing(2.5)  # the model's training images have 0.5 mm
    write_image(image, path)
    controller = Controller(answers, make_model_file(tmp_path / "3d.pt", ndim=3), localize=localize)
    controller.open_paths([path])
    idle(controller, qtbot)
    assert localize.calls == []
    assert any("is unlikely to find" in message.text for message in controller.view_state.messages)
    controller.start_localization()
    idle(controller, qtbot)
    assert len(localize.calls) == 1
    controller.close()


def test_an_image_smaller_than_a_patch_opens_without_an_error(answers, localize, tmp_path, qtbot, qapp: QApplication):
    path = tmp_path / "thumbnail.png"
    write_image(make_image((2, 3), spacing_known=False), path)
    controller = Controller(answers, make_model_file(tmp_path / "2d.pt"), localize=localize)
    controller.open_paths([path])
    idle(controller, qtbot)
    assert controller.document.image is not None
    assert localize.calls == []
    assert answers.errors == []
    assert any("too small" in text and "by hand" in text for text in messages(controller))
    controller.close()


def test_cancelling_stops_the_job_and_says_so(controller, scan, localize, qtbot):
    localize.gate.clear()
    controller.open_paths([scan])
    qtbot.waitUntil(localize.started.is_set)
    qtbot.waitUntil(lambda: controller.view_state.progress.text == "Global stage")
    controller.cancel_job()
    assert controller.view_state.progress.text == "Cancelling"
    assert not controller.view_state.progress.cancellable
    idle(controller, qtbot)
    assert localize.stopped.is_set()
    assert controller.view_state.progress is None
    assert controller.document.prediction is None
    assert any("cancelled" in text for text in messages(controller))
    localize.gate.set()
    controller.start_localization()
    idle(controller, qtbot)
    assert controller.document.prediction is not None


def test_an_answer_for_an_older_image_is_dropped(controller, tmp_path, localize, qtbot):
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    write_image(make_image((90, 90)), first)
    write_image(make_image((80, 60)), second)
    localize.gate.clear()
    localize.ignores_cancelling = True
    controller.open_paths([first])
    qtbot.waitUntil(lambda: len(localize.calls) == 1)
    controller.open_paths([second])
    qtbot.waitUntil(lambda: len(localize.calls) == 2)
    localize.shift_px = 1
    localize.gate.set()
    idle(controller, qtbot)
    assert controller.document.revision == 2
    assert controller.document.prediction.fields[1][0].grid.shape == (40, 30)
    assert controller.undo_stack.count() == 1


def test_localizing_again_keeps_what_a_person_decided_and_is_one_step(opened, localize, qtbot):
    editor = opened.editor
    editor.select("Sella")
    editor.nudge(2, 0)
    editor.select("Nasion")
    editor.mark_absent()
    editor.select("Menton")
    opened.checking.confirm()
    before = opened.document.landmarks
    steps = opened.undo_stack.count()
    localize.shift_px = 7
    opened.start_localization()
    idle(opened, qtbot)
    after = opened.document.landmarks
    assert after.subset(["Sella", "Nasion", "Menton"]) == before.subset(["Sella", "Nasion", "Menton"])
    assert np.allclose(px(opened, "Gonion"), [47, 35])
    assert opened.undo_stack.count() == steps + 1
    editor.undo()
    assert opened.document.landmarks == before


def test_a_landmark_the_model_called_absent_may_be_found_the_next_time(controller, scan, localize, qtbot):
    localize.absent = ("Sella",)
    controller.open_paths([scan])
    idle(controller, qtbot)
    assert not controller.editor.is_located("Sella")
    localize.absent = ()
    controller.start_localization()
    idle(controller, qtbot)
    assert controller.editor.is_located("Sella")


def test_an_answer_that_comes_during_a_drag_does_not_undo_the_drag(controller, scan, localize, qtbot):
    controller.open_paths([scan])
    idle(controller, qtbot)
    localize.gate.clear()
    localize.shift_px = 5
    controller.start_localization()
    controller.editor.begin_drag("Sella", (10, 20))
    controller.editor.drag_to((30, 31))
    localize.gate.set()
    idle(controller, qtbot)
    controller.editor.drag_to((50, 50))
    controller.editor.end_drag()
    assert np.allclose(px(controller, "Sella"), [30, 31])
    assert np.allclose(px(controller, "Gonion"), [45, 35])


def test_an_error_of_the_model_is_told(controller, answers, scan, localize, qtbot):
    def fail(*_, **__):
        raise InferenceError("The image is constant.", "Open another one.")

    controller.search._localize = fail
    controller.open_paths([scan])
    idle(controller, qtbot)
    assert answers.errors[0].message == "The image is constant."
    assert controller.view_state.progress is None


def test_where_no_model_fits_the_person_places_points(controller, answers, localize, tmp_path, qtbot):
    path = tmp_path / "volume.nrrd"
    write_image(make_image((5, 40, 40), spacing_known=True), path)
    controller.open_paths([path])
    idle(controller, qtbot)
    assert answers.errors == []
    assert any("2D images" in text and "press P" in text for text in messages(controller))
    controller.placing.toggle()
    controller.placing.place((10, 11))
    assert controller.document.landmarks.names == ("Point 1",)
    assert np.allclose(controller.document.landmarks.point_mm("Point 1"), [10, 11, 2])
    assert controller.document.modified


def test_another_model_is_shown_before_it_is_used(opened, answers, localize, tmp_path, qtbot):
    answers.model = make_model_file(tmp_path / "other.pt", name="Other")
    answers.accepts = False
    opened.ask_model()
    idle(opened, qtbot)
    assert answers.asked == ["model Other 1"]
    assert len(localize.calls) == 1
    answers.accepts = True
    opened.ask_model()
    idle(opened, qtbot)
    assert len(localize.calls) == 2
    assert opened.document.model_info.name == "Other"


def test_a_damaged_model_is_refused(opened, answers, tmp_path, qtbot):
    answers.model = tmp_path / "broken.pt"
    answers.model.write_bytes(b"PK\x03\x04 no more")
    opened.ask_model()
    idle(opened, qtbot)
    assert "not a model file" in answers.errors[0].message
    assert answers.asked == []
