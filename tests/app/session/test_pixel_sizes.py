"""The pixel size: set per axis, measured, given to a whole list; one step that can be undone."""

import numpy as np
import pytest

from app.session.pixel_sizes import UNKNOWN
from app.session.questions import OnRuler, PixelSize
from app.session.view_state import Mode
from core.images.file import write_image
from core.values.image import SpacingSource
from tests.support.viewer_fixtures import idle, make_image, px


def banner(controller):
    return next((message for message in controller.view_state.messages if message.text == UNKNOWN), None)


def button(controller, text):
    (action,) = [action for action in banner(controller).actions if text in action.text.replace("&", "")]
    return action


@pytest.fixture
def changed(opened):
    opened.editor.select("Sella")
    opened.editor.nudge(1, 0)
    return opened


def test_setting_the_pixel_size_scales_the_landmarks_and_finds_them_again(changed, answers, localize, qtbot):
    assert changed.document.unit == "px"
    answers.size = PixelSize((0.5, 0.5))
    changed.ask_pixel_size()
    assert answers.asked[-1] == "pixel size None and of 0 others"
    assert changed.document.unit == "mm"
    assert np.allclose(changed.document.landmarks.point_mm("Sella"), [5.5, 10])
    assert changed.document.modified
    idle(changed, qtbot)
    assert len(localize.calls) == 2
    assert np.allclose(px(changed, "Sella"), [11, 20])
    assert np.allclose(changed.document.landmarks.point_mm("Gonion"), [20, 17.5])
    changed.ask_pixel_size()
    assert answers.asked[-1] == "pixel size (0.5, 0.5) and of 0 others"
    idle(changed, qtbot)


def test_the_same_size_again_changes_nothing(changed, answers, localize, qtbot):
    answers.size = PixelSize((0.2, 0.1))
    changed.ask_pixel_size()
    idle(changed, qtbot)
    image, landmarks, steps, calls = (
        changed.document.image, changed.document.landmarks, changed.undo_stack.count(), len(localize.calls),
    )  # fmt: skip
    changed.ask_pixel_size()
    idle(changed, qtbot)
    assert changed.document.image is image
    assert changed.document.landmarks is landmarks
    assert changed.undo_stack.count() == steps
    assert len(localize.calls) == calls


def test_pixels_may_be_higher_than_wide(changed, answers, qtbot):
    answers.size = PixelSize((0.2, 0.1))
    changed.ask_pixel_size()
    idle(changed, qtbot)
    assert changed.document.image.grid.spacing_mm.tolist() == pytest.approx([0.2, 0.1])
    assert np.allclose(changed.document.landmarks.point_mm("Sella"), [1.1, 4.0])
    assert changed.document.image.source.spacing_source is SpacingSource.PERSON


def test_setting_the_size_is_a_step_like_any_other(changed, answers, localize, qtbot):
    image, landmarks, prediction = changed.document.image, changed.document.landmarks, changed.document.prediction
    steps = changed.undo_stack.count()
    answers.size = PixelSize((0.5, 0.5))
    changed.ask_pixel_size()
    idle(changed, qtbot)
    with_size, found_anew = changed.document.landmarks, changed.document.prediction
    changed.editor.undo()  # what was found anew
    changed.editor.undo()
    assert changed.document.image is image
    assert changed.document.landmarks == landmarks
    assert changed.document.prediction is prediction
    assert changed.undo_stack.index() == steps
    changed.editor.undo()  # the step before it is still there
    assert np.allclose(px(changed, "Sella"), [10, 20])
    for _ in range(3):
        changed.editor.redo()
    assert changed.document.unit == "mm"
    assert changed.document.landmarks == with_size
    assert changed.document.prediction is found_anew


def test_a_search_for_another_pixel_size_is_dropped_when_that_is_undone(changed, answers, localize, qtbot):
    answers.size = PixelSize((0.5, 0.5))
    localize.gate.clear()
    changed.ask_pixel_size()
    changed.editor.undo()
    assert not changed.localizing
    localize.gate.set()
    idle(changed, qtbot)
    assert changed.document.unit == "px"
    assert np.allclose(changed.document.landmarks.point_mm("Gonion"), [40, 35])


def test_saving_after_setting_the_size_makes_the_work_saved(changed, answers, tmp_path, qtbot):
    answers.size, answers.save = PixelSize((0.5, 0.5)), tmp_path / "out.csv"
    changed.ask_pixel_size()
    idle(changed, qtbot)
    changed.save_as()
    idle(changed, qtbot)
    assert not changed.document.modified


def test_a_ruler_of_known_length_gives_the_pixel_size(opened, answers, qtbot):
    answers.size, answers.ruler_mm = OnRuler.MEASURE, 10.0
    opened.ask_pixel_size()
    assert opened.view_state.mode is Mode.RULER
    opened.click_ruler((5, 5))
    assert opened.view_state.ruler_px == ((5, 5),)
    opened.click_ruler((29, 37))
    assert answers.asked[-1] == "ruler 40.0"
    assert opened.view_state.mode is Mode.NAVIGATE
    assert np.allclose(opened.document.image.grid.spacing_mm, 0.25)
    idle(opened, qtbot)


def test_two_clicks_on_one_spot_measure_nothing(opened, answers, qtbot):
    answers.size, answers.ruler_mm = OnRuler.MEASURE, 10.0
    opened.ask_pixel_size()
    opened.click_ruler((5, 5))
    opened.click_ruler((5, 5))
    assert opened.view_state.mode is Mode.NAVIGATE
    assert opened.document.unit == "px"
    assert not any(text.startswith("ruler") for text in answers.asked)


def test_absent_by_the_model_does_not_become_a_person_s_finding_by_calibrating(
    controller, answers, scan, localize, qtbot
):
    localize.absent = ("Sella",)
    controller.open_paths([scan])
    idle(controller, qtbot)
    localize.absent = ()
    answers.size = PixelSize((0.5, 0.5))
    controller.ask_pixel_size()
    idle(controller, qtbot)
    assert controller.editor.is_located("Sella")


# Said while nobody knows it


def test_an_unknown_size_is_said_once_with_what_can_be_done_and_no_longer_once_it_is_set(opened, qtbot):
    assert [action.text for action in banner(opened).actions] == ["&Use 0.5 mm", "&Measure on a ruler"]
    assert [message.text for message in opened.view_state.messages] == [UNKNOWN]
    button(opened, "Use").trigger()
    idle(opened, qtbot)
    assert banner(opened) is None
    assert opened.document.image.grid.spacing_mm.tolist() == [0.5, 0.5]
    while opened.undo_stack.canUndo():
        opened.editor.undo()
    assert banner(opened) is not None


def test_the_banner_leads_to_the_ruler_and_is_back_if_nothing_is_measured(opened):
    action = button(opened, "Measure")
    opened.view_state.dismiss(banner(opened))
    action.trigger()
    assert opened.view_state.mode is Mode.RULER
    opened.leave_mode()
    assert banner(opened) is not None


@pytest.fixture
def walked(controller, tmp_path, qtbot):
    """A controller with three images, the second of which knows its size."""
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        image = make_image(spacing_known=number == 1, spacing_mm=0.3 if number == 1 else 1.0)
        write_image(image, path)
    controller.open_paths(paths)
    idle(controller, qtbot)
    return controller


def spacing(controller):
    image = controller.document.image
    return image.grid.spacing_mm.tolist() if image.source.spacing_known else None


def go(controller, step, qtbot):
    controller.opener.open_neighbour(step)
    idle(controller, qtbot)


def test_one_size_serves_all_images_of_a_list_that_do_not_know_theirs(walked, localize, qtbot):
    button(walked, "Use 0.5 mm for all").trigger()
    idle(walked, qtbot)
    go(walked, 1, qtbot)
    assert spacing(walked) == pytest.approx([0.3, 0.3], rel=1e-3)
    calls = len(localize.calls)
    go(walked, 1, qtbot)
    assert spacing(walked) == [0.5, 0.5]
    assert len(localize.calls) == calls + 1  # it was known before the landmarks were looked for
    assert banner(walked) is None
    assert not walked.document.modified


def test_the_dialog_can_give_a_size_to_all_as_well(walked, answers, qtbot):
    answers.size = PixelSize((0.2, 0.1), for_all=True)
    walked.ask_pixel_size()
    assert answers.asked[-1] == "pixel size None and of 2 others"
    idle(walked, qtbot)
    for _ in range(2):
        go(walked, 1, qtbot)
    assert spacing(walked) == [0.2, 0.1]


def test_a_size_set_for_one_image_is_still_there_when_it_comes_back(walked, answers, qtbot):
    answers.size = PixelSize((0.2, 0.1))
    walked.ask_pixel_size()
    idle(walked, qtbot)
    go(walked, 1, qtbot)
    go(walked, -1, qtbot)
    assert spacing(walked) == [0.2, 0.1]
    go(walked, 1, qtbot)
    go(walked, 1, qtbot)
    assert spacing(walked) is None
