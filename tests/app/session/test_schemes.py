"""Marking by a scheme of one's own: chosen, undone, kept for the next image, and one landmark through all images."""

import numpy as np
import pytest

from app.session.questions import EditedScheme, Unsaved
from app.session.view_state import Mode
from core.images.file import write_image
from core.landmark_files.file import read_landmarks
from core.schemes.comparison import Fit
from core.schemes.scheme import Scheme, SchemeLandmark
from core.values.landmarks import Status
from tests.support.viewer_fixtures import NAMES, idle, make_image, messages

WING = ("Tip", "Notch", "Hinge")


def scheme_of(*names, title="Wing", ndim=2):
    marks = tuple(SchemeLandmark(name=name, abbreviation=name[:2], definition=f"The {name}.") for name in names)
    return Scheme(name="wing", title=title, ndim=ndim, landmarks=marks)


def place(controller, *points_px):
    for point_px in points_px:
        controller.placing.place(point_px)


@pytest.fixture
def three(controller, tmp_path, qtbot):
    """A controller with the first of three images."""
    paths = [tmp_path / f"{letter}.png" for letter in "abc"]
    for path in paths:
        write_image(make_image(), path)
    controller.open_paths(paths)
    idle(controller, qtbot)
    return controller


def go_on(controller, qtbot, step=1):
    controller.opener.open_neighbour(step)
    idle(controller, qtbot)


def test_a_scheme_takes_the_place_of_the_models_landmarks_and_waits_for_clicks(opened):
    opened.schemes.use(scheme_of(*WING))
    assert opened.document.landmarks.names == WING
    assert set(opened.document.landmarks.status) == {Status.UNPLACED}
    assert (opened.view_state.mode, opened.view_state.selected) == (Mode.PLACE, "Tip")
    assert not opened.document.modified
    place(opened, (10, 20), (20, 30), (30, 40))
    assert opened.document.landmarks.located.all()
    assert opened.view_state.mode is Mode.NAVIGATE
    assert opened.document.short_name("Notch") == "No"
    assert opened.document.said_of("Notch").definition == "The Notch."


def test_what_the_model_said_of_other_landmarks_is_not_told_any_more(opened, answers, tmp_path, qtbot):
    opened.schemes.use(scheme_of(*WING))
    place(opened, (10, 20))
    answers.save = tmp_path / "mine.csv"
    opened.save()
    idle(opened, qtbot)
    assert "# model: Test model" not in answers.save.read_text(encoding="utf-8")
    assert opened.document.answering_model == ""
    opened.schemes.forget()
    assert opened.document.answering_model == "Test model 1"


def test_it_is_one_step_that_can_be_undone_with_the_scheme(opened):
    before = opened.document.landmarks
    seen = []
    opened.schemes.chosen.connect(lambda ndim, scheme: seen.append((ndim, scheme and scheme.title)))
    opened.schemes.use(scheme_of(*WING))
    opened.editor.undo()
    assert opened.document.landmarks == before
    assert opened.document.scheme is None
    assert opened.schemes.scheme(2) is None
    opened.editor.redo()
    assert opened.document.landmarks.names == WING
    assert opened.schemes.scheme(2).title == "Wing"
    assert seen == [(2, "Wing"), (2, None), (2, "Wing")]


def test_the_scheme_stays_for_the_next_image_of_its_rank(three, localize, qtbot):
    three.schemes.use(scheme_of(*WING))
    calls = len(localize.calls)
    go_on(three, qtbot)
    assert three.document.image.source.path.name == "b.png"
    assert three.document.landmarks.names == WING
    assert (three.view_state.mode, three.view_state.selected) == (Mode.PLACE, "Tip")
    assert len(localize.calls) == calls  # the model knows none of these
    three.search.start()
    assert "finds none of the landmarks of “Wing”" in messages(three)[-1]
    three.search.use(three.search.model)  # as when a model that was learnt is put to use
    assert not any("finds none" in text for text in messages(three))


def test_a_model_that_knows_some_of_the_landmarks_gives_those_and_no_others(three, qtbot):
    three.schemes.use(scheme_of("Tip", "Nasion", "Sella"))
    assert three.document.landmarks.names == ("Tip", "Nasion", "Sella")
    assert three.document.landmarks.located.tolist() == [False, True, True]
    go_on(three, qtbot)
    assert three.document.landmarks.names == ("Tip", "Nasion", "Sella")
    assert three.document.landmarks.located.tolist() == [False, True, True]
    assert three.view_state.mode is Mode.NAVIGATE


def test_a_landmark_that_was_called_otherwise_in_the_editor_keeps_its_place(opened, answers):
    opened.schemes.use(scheme_of(*WING))
    place(opened, (10, 20), (20, 30))
    points_mm = opened.document.landmarks.points_mm[:2]
    answers.edits_scheme = lambda start: EditedScheme(
        scheme_of("Notch", "End", "Hinge"), {"Tip": "End", "Hinge": "Hinge"}
    )
    opened.schemes.ask()
    assert answers.asked == ["scheme from Tip, Notch, Hinge"]
    np.testing.assert_array_equal(opened.document.landmarks.points_mm[[1, 0]], points_mm)
    assert opened.view_state.selected == "Hinge"


def test_what_a_person_has_placed_is_left_out_only_after_a_question(opened, answers):
    opened.schemes.use(scheme_of(*WING))
    place(opened, (10, 20))
    opened.schemes.use(scheme_of("Root"))
    assert answers.asked[-1].startswith(
        "scan.png does not fit the new scheme: Not in the scheme: Tip. In the scheme only: Root."
    )
    assert opened.document.landmarks.names == WING
    answers.fit = Fit.BOTH
    opened.schemes.use(scheme_of("Root"))
    assert opened.document.landmarks.names == ("Root", "Tip")
    answers.fit = Fit.SCHEME
    opened.schemes.use(scheme_of("Root"))
    assert opened.document.landmarks.names == ("Root",)


def test_without_the_scheme_the_models_landmarks_are_back_and_nothing_placed_is_lost(opened):
    opened.schemes.use(scheme_of(*WING))
    place(opened, (10, 20))
    opened.schemes.forget()
    assert opened.document.landmarks.names == (*NAMES, "Tip")
    assert opened.document.scheme is None
    opened.editor.undo()
    assert opened.document.landmarks.names == WING


def test_the_editor_begins_with_what_is_known_of_the_image(opened, answers):
    seen = []
    answers.edits_scheme = seen.append
    opened.schemes.ask()
    opened.schemes.ask_new()
    first, new = seen
    assert first.draft.names == new.of_image.names == NAMES
    assert [row.abbreviation for row in first.draft.rows] == ["S", "N", "Me", "Go"]
    assert first.draft.rows[3].definition.startswith("Most outward point")
    assert (new.draft.rows, new.draft.ndim) == ((), 2)


def test_names_of_a_scheme_are_cleared_and_not_removed(opened):
    opened.schemes.use(scheme_of(*WING))
    place(opened, (10, 20))
    opened.editor.select("Tip")
    opened.editor.clear()
    assert opened.document.landmarks.names == WING
    assert not opened.editor.is_own("Tip")


def test_a_landmark_file_that_does_not_fit_is_a_question_with_choices(opened, answers, tmp_path, qtbot):
    path = tmp_path / "other.csv"
    path.write_text("name,x_px,y_px\ntip,10,20\nzebra,20,30\n", encoding="utf-8")
    opened.schemes.use(scheme_of(*WING))

    def load(fit):
        answers.fit = fit
        opened.landmark_opener.open(path)
        idle(opened, qtbot)
        return opened.document.landmarks.names

    answers.on_unsaved = Unsaved.DISCARD
    assert load(None) == WING
    assert answers.asked[-1] == (
        "other.csv does not fit: Not in the scheme: zebra. In the scheme only: Notch, Hinge. “tip” is probably “Tip”."
    )
    assert load(Fit.SCHEME) == WING
    assert opened.document.landmarks.located.tolist() == [True, False, False]
    assert load(Fit.BOTH) == (*WING, "tip", "zebra")
    assert load(Fit.FILE) == ("tip", "zebra", *WING)


def test_a_file_without_names_gets_those_of_the_scheme(opened, answers, tmp_path, qtbot):
    path = tmp_path / "scan.tps"
    path.write_text("LM=3\n10 20\n20 30\n30 40\nIMAGE=scan.png\nID=0\n", encoding="utf-8")
    opened.schemes.use(scheme_of(*WING))
    opened.landmark_opener.open(path)
    idle(opened, qtbot)
    assert opened.document.landmarks.names == WING
    assert opened.document.landmarks.located.all()
    assert "called as in “Wing”" in messages(opened)[-1]


def test_saved_work_of_which_the_model_knows_nothing_comes_without_the_models_landmarks(controller, scan, qtbot):
    scan.with_suffix(".csv").write_text("name,x_px,y_px\nTip,5,6\n", encoding="utf-8")
    controller.open_paths([scan])
    idle(controller, qtbot)
    assert controller.document.landmarks.names == ("Tip",)
    scan.with_suffix(".csv").write_text("name,x_px,y_px\nTip,5,6\nSella,7,8\n", encoding="utf-8")
    controller.open_paths([scan])
    idle(controller, qtbot)
    assert controller.document.landmarks.names == ("Tip", "Sella", "Nasion", "Menton", "Gonion")


def test_one_landmark_goes_through_all_images(three, answers, tmp_path, qtbot):
    three.schemes.use(scheme_of(*WING))
    answers.on_unsaved = Unsaved.SAVE
    three.editor.select("Notch")
    three.schemes.toggle_through_all()
    for name, column in (("a", 10), ("b", 20), ("c", 30)):
        assert three.document.image.source.path.stem == name
        assert (three.view_state.mode, three.placing.next_name) == (Mode.PLACE, "Notch")
        assert three.view_state.through_all == "Notch"
        answers.save = tmp_path / f"{name}.csv"
        three.placing.place((column, 40))
        following = {"a": "b", "b": "c"}.get(name)
        if following:
            qtbot.waitUntil(lambda following=following: three.document.image.source.path.stem == following)
            idle(three, qtbot)
    qtbot.waitUntil(lambda: three.view_state.through_all is None)
    assert "this was the last image" in messages(three)[-1]
    assert three.editor.is_located("Notch")
    for name, column in (("a", 10), ("b", 20)):
        read = read_landmarks(tmp_path / f"{name}.csv")
        assert read.point_mm("Notch")[0] == column
        assert [status is Status.UNPLACED for status in read.status] == [True, False, True]


def test_going_through_all_images_stops_by_esc_and_where_a_person_keeps_the_image(three, answers, qtbot):
    three.schemes.use(scheme_of(*WING))
    three.editor.select("Tip")
    three.schemes.toggle_through_all()
    answers.on_unsaved = Unsaved.CANCEL
    three.placing.place((10, 10))
    qtbot.waitUntil(lambda: answers.asked[-1:] == ["unsaved a.png"])
    assert (three.view_state.selected, three.view_state.mode) == ("Tip", Mode.NAVIGATE)
    three.leave_mode()
    assert three.view_state.through_all is None


def test_an_image_in_which_it_is_placed_already_only_shows_it(three, answers, tmp_path, qtbot):
    (tmp_path / "b.csv").write_text("name,x_px,y_px\nTip,5,6\n", encoding="utf-8")
    three.schemes.use(scheme_of(*WING))
    three.editor.select("Tip")
    three.schemes.toggle_through_all()
    answers.on_unsaved = Unsaved.DISCARD
    three.placing.mark_absent()
    qtbot.waitUntil(lambda: three.document.image.source.path.stem == "b")
    idle(three, qtbot)
    assert (three.view_state.selected, three.view_state.mode) == ("Tip", Mode.NAVIGATE)
    assert three.document.landmarks.names == WING
