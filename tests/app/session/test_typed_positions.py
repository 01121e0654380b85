import numpy as np
import pytest

from app.session.typed_positions import number_in
from core.values.landmarks import Status
from tests.support.viewer_fixtures import px


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.5", 12.5), ("12,5", 12.5), (" 12,5 mm", 12.5), ("7px", 7), ("−0,25", -0.25), ("+3.", 3), (".5", 0.5),
        ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1 234,5", 1234.5), ("1’234.5", 1234.5),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text, number):
    assert number_in(text) == number


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "1,2,3", "1e5", "nan", "inf", "--1", "12 cm", "x"])
def test_what_is_no_number_is_none(text):
    assert number_in(text) is None


@pytest.fixture
def typed(opened):
    opened.view_state.messages = ()
    return opened.typed_positions


def news(controller):
    return [message.text for message in controller.view_state.messages]


def status(controller, name):
    landmarks = controller.document.landmarks
    return landmarks.status[landmarks.index(name)]


def test_a_coordinate_moves_the_landmark_in_one_step(opened, typed):
    steps = opened.undo_stack.count()
    assert typed.take("Sella", 0, "33,25")
    assert np.allclose(px(opened, "Sella"), [33.25, 20])
    assert status(opened, "Sella") is Status.CORRECTED
    assert opened.undo_stack.count() == steps + 1
    opened.editor.undo()
    assert np.allclose(px(opened, "Sella"), [10, 20])


def test_what_lies_outside_the_image_is_refused_with_its_limits(opened, typed):
    before = opened.document.landmarks
    assert not typed.take("Sella", 0, "60")
    assert news(opened) == [
        "x 60.0, y 20.0 lies outside the image (x −0.5 to 59.5, y −0.5 to 79.5 px). Nothing was changed."
    ]
    assert opened.document.landmarks == before
    assert typed.take("Sella", 0, "59,5")


def test_what_is_no_number_is_refused_with_an_example(opened, typed):
    before = opened.document.landmarks
    assert not typed.take("Sella", 1, "here")
    assert news(opened) == ["“here” is no position. Type a number, such as 12.5 or 12,5."]
    assert not typed.take("Sella", 1, "  ")
    assert opened.document.landmarks == before


def test_a_locked_landmark_is_not_moved(opened, typed):
    opened.editor.select("Sella")
    opened.editor.toggle_lock()
    assert not typed.take("Sella", 0, "12")
    assert news(opened) == ["Sella (S) is locked. L unlocks it."]


def test_one_that_was_absent_is_placed_once_all_coordinates_are_there(opened, typed):
    opened.editor.select("Sella")
    opened.editor.mark_absent()
    steps = opened.undo_stack.count()
    assert typed.take("Sella", 0, "12")
    assert status(opened, "Sella") is Status.ABSENT
    assert typed.draft_of("Sella") == {0: 12}
    assert typed.draft_of("Nasion") == {}
    assert news(opened) == ["Sella (S) is placed once y is there, too."]
    assert not typed.take("Sella", 1, "500")
    assert typed.take("Sella", 1, "34")
    assert status(opened, "Sella") is Status.PLACED
    assert np.allclose(px(opened, "Sella"), [12, 34])
    assert opened.undo_stack.count() == steps + 1
    assert typed.draft_of("Sella") == {}


def test_what_was_begun_for_one_is_not_used_for_another(opened, typed):
    for name in ("Sella", "Nasion"):
        opened.editor.select(name)
        opened.editor.clear()
    typed.take("Sella", 0, "12")
    typed.take("Nasion", 1, "34")
    assert (typed.draft_of("Sella"), typed.draft_of("Nasion")) == ({}, {1: 34})


def test_nothing_is_typed_without_an_image(controller):
    assert not controller.typed_positions.take("Sella", 0, "12")
