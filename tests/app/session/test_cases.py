"""What a person does to one image after the other is kept in the project, comes back, and is never replaced by a model."""

import threading
from pathlib import Path

import pytest

from app.desk.events import Done
from core.images.file import write_image
from core.models.image_task import ImageAnswer, read_task_image
from core.project.cases import CaseState
from core.project.readings import Reader, ReaderKind
from core.project.store import Project
from core.schemes.scheme import Scheme, SchemeLandmark
from core.values.landmarks import Status
from tests.support.desk_windows import ANNA
from tests.support.dicom_fixtures import SECRET, lit_stack, positions, write_series
from tests.support.viewer_fixtures import make_image, make_prediction, messages

BEN = Reader("Ben")


def states(controller):
    project = controller.desk.project
    return [case.state for case in project.cases(project.case_ids())]


def test_images_opened_together_become_cases_in_their_order(windows, images):
    controller = windows.new(*images)
    assert controller.document.image.source.path == images[0]
    project = controller.desk.project
    assert [case.path for case in project.cases(project.case_ids())] == images
    assert controller.place == (1, 6)
    controller.open_neighbour(1)
    windows.settle(controller)
    assert controller.document.image.source.path == images[1]
    assert controller.place == (2, 6)


def test_every_step_is_kept_and_what_a_model_says_is_a_reading_of_its_own(windows, images):
    controller = windows.new(images[0])
    controller.editor.select("Sella")
    controller.editor.nudge(2, 0)
    moved_mm = controller.document.landmarks.point_mm("Sella").tolist()
    controller.editor.undo()
    controller.editor.redo()
    windows.settle(controller)
    project = controller.desk.project
    (case_id,) = project.case_ids()
    own = project.reading(case_id, ANNA)
    assert own.landmarks == controller.document.landmarks
    assert own.landmarks.point_mm("Sella").tolist() == moved_mm
    assert [edit.text for edit in project.edits(case_id, ANNA)] == ["Move Sella", "Undo Move Sella", "Move Sella"]
    model = project.reading(case_id, Reader("Test model 1", ReaderKind.MODEL))
    assert model.landmarks.status[0] is Status.PREDICTED
    assert states(controller) == [CaseState.IN_REVIEW]


def test_a_window_that_was_killed_comes_back_with_every_case_and_every_edit(windows, images):
    first = windows.new(*images[:3])
    first.editor.select("Nasion")
    first.editor.nudge(3, 1)
    first.open_neighbour(1)
    windows.settle(first)
    first.editor.select("Menton")
    first.editor.mark_absent()
    windows.settle(first)
    left = first.document.landmarks
    windows.kill(first)
    second = windows.new()
    (offer,) = [message for message in second.view_state.messages if "3 images" in message.text]
    assert "today at" in offer.text
    offer.actions[0].trigger()
    windows.settle(second)
    assert second.document.image.source.path == images[1]
    assert second.document.landmarks == left
    second.open_neighbour(-1)
    windows.settle(second)
    assert second.document.landmarks.status[second.document.landmarks.index("Nasion")] is Status.CORRECTED
    assert second.place == (1, 3)


def test_starting_anew_leaves_the_earlier_session_where_it_is(windows, images):
    windows.kill(windows.new(*images[:2]))
    second = windows.new()
    assert second.document.image is None
    windows.kill(second)
    assert len(list(windows.sessions.glob("*.cairn"))) == 2
    third = windows.new()
    assert any("2 images" in message.text for message in third.view_state.messages)
    assert len(list(windows.sessions.glob("*.cairn"))) == 2, "the empty session of the second window is gone"


def test_work_on_an_image_is_there_when_it_is_opened_in_another_session(windows, images):
    first = windows.new(images[0])
    first.editor.select("Gonion")
    first.editor.nudge(1, 1)
    windows.settle(first)
    left = first.document.landmarks
    windows.kill(first)
    second = windows.new(images[0])
    assert second.document.landmarks == left
    project = second.desk.project
    assert project.reading(project.case_ids()[0], ANNA).landmarks == left


def test_going_back_brings_undo_history_levels_and_locks_without_reading(windows, images, monkeypatch):
    controller = windows.new(*images[:2])
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    controller.view_state.levels = (10.0, 20.0)
    controller.view_state.locked = frozenset({"Nasion"})
    image, left = controller.document.image, controller.document.landmarks
    controller.open_neighbour(1)
    windows.settle(controller)
    assert not controller.undo_stack.canUndo() or controller.undo_stack.undoText() == "Find landmarks"
    assert controller.view_state.locked == frozenset()
    controller.open_neighbour(-1)
    assert controller.document.image is image, "shown at once, from memory"
    assert controller.document.landmarks == left
    assert controller.view_state.levels == (10.0, 20.0)
    assert controller.view_state.locked == frozenset({"Nasion"})
    assert controller.undo_stack.undoText() == "Move Sella"
    controller.editor.undo()
    assert controller.document.landmarks != left
    windows.settle(controller)


def test_an_image_that_left_the_memory_keeps_its_undo_history(windows, images):
    controller = windows.new(*images)
    controller.pixel_sizes._use(0.5)
    windows.settle(controller)
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    left = controller.document.landmarks
    for _ in range(5):
        controller.open_neighbour(1)
        windows.settle(controller)
    first = controller.case_list.ids[0]
    assert not controller.cases.has_pixels(first)
    controller.case_opener.open(first)
    windows.settle(controller)
    assert controller.document.image.source.path == images[0]
    assert controller.document.landmarks == left
    assert controller.document.image.grid.spacing_mm.tolist() == [0.5, 0.5]
    assert controller.document.image.voxels.max() > 0
    while controller.undo_stack.canUndo():
        controller.editor.undo()
    assert not controller.document.image.source.spacing_known
    assert controller.document.image.voxels.max() > 0
    windows.settle(controller)


def test_closing_asks_nothing_of_what_the_session_keeps(windows, images):
    controller = windows.new(images[0])
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    closed = threading.Event()

    def close():
        if controller.close(close_again=close):
            closed.set()

    close()
    windows.qtbot.waitUntil(closed.is_set)
    windows.open.remove(controller)
    assert controller.questions.asked == []
    (path,) = windows.sessions.glob("*.cairn")
    with Project.open(path) as project:
        assert project.reading(1, ANNA) is not None


def test_another_reader_reads_blind_and_overwrites_nobody(windows, images):
    controller = windows.new(images[0])
    controller.editor.select("Sella")
    controller.editor.nudge(4, 0)
    windows.settle(controller)
    annas = controller.document.landmarks
    controller.cases.blind = True
    controller.desk.reader = BEN
    windows.settle(controller)
    assert not controller.document.landmarks.located.any()
    assert controller.document.prediction is None
    controller.editor.select("Sella")
    controller.placing.toggle()
    controller.placing.place((5.0, 5.0))
    windows.settle(controller)
    project = controller.desk.project
    assert project.reading(1, ANNA).landmarks == annas
    assert project.reading(1, BEN).landmarks.located.sum() == 1
    controller.cases.blind = False
    controller.desk.reader = ANNA
    windows.settle(controller)
    assert controller.document.landmarks == annas


def test_a_size_for_all_images_is_there_after_a_restart_and_in_the_background(windows, images):
    write_image(make_image((82, 60), 0.3, spacing_known=True), images[2])
    first = windows.new(*images[:3])
    first.pixel_sizes._use(0.1)
    windows.settle(first)
    path = first.desk.project.path
    windows.kill(first)
    made = []
    second = windows.new(background=lambda hear: made.append(Scripted(hear)) or made[0])
    second.projects.resume(path)
    windows.settle(second)
    read = {key: read_task_image(task).image for key, task in made[0].tasks.items()}
    assert {key: image.grid.spacing_mm.tolist() for key, image in read.items()} == {
        2: [0.1, 0.1],
        3: pytest.approx([0.3, 0.3], rel=1e-3),
    }
    for expected in (0.1, 0.3):
        second.open_neighbour(1)
        windows.settle(second)
        assert second.document.image.source.spacing_known
        assert second.document.image.grid.spacing_mm.tolist() == pytest.approx([expected] * 2, rel=1e-3)


def test_a_size_for_one_image_is_for_no_other(windows, images):
    controller = windows.new(images[0])
    controller.pixel_sizes._use(0.1)
    controller.add_paths(images[1:2])
    windows.settle(controller)
    controller.open_neighbour(1)
    windows.settle(controller)
    assert not controller.document.image.source.spacing_known


def test_time_that_was_spent_brings_nobody_the_landmarks_of_another_reader(windows, images):
    controller = windows.new(images[0])
    controller.editor.select("Sella")
    controller.editor.nudge(4, 0)
    windows.settle(controller)
    controller.cases.clock._seconds[1] = 30.0
    controller.desk.reader = BEN
    windows.settle(controller)
    project = controller.desk.project
    assert project.reading(1, BEN) is None
    assert project.reading(1, ANNA).seconds == pytest.approx(30.0, abs=20.0)
    assert [edit.text for edit in project.edits(1, ANNA)] == ["Move Sella"]


def test_who_goes_on_blind_sees_of_their_own_reading_only_what_they_said_themselves(windows, images):
    controller = windows.new(images[0])
    controller.editor.select("Sella")
    controller.editor.nudge(4, 0)
    windows.settle(controller)
    sella_mm = controller.document.landmarks.point_mm("Sella").tolist()
    controller.cases.blind = True
    windows.settle(controller)
    shown = controller.document.landmarks
    assert [name for name in shown.names if shown.located[shown.index(name)]] == ["Sella"]
    assert shown.point_mm("Sella").tolist() == sella_mm
    assert controller.document.prediction is None
    controller.cases.blind = False
    windows.settle(controller)
    assert controller.document.landmarks.located.all(), "nothing of it was lost by looking"
    controller.checking.confirm_all()
    windows.settle(controller)
    controller.cases.blind = True
    windows.settle(controller)
    assert controller.document.landmarks.located.all(), "all of it is theirs"


class Scripted:
    """Stands in for the child processes: answers when it is told to."""

    def __init__(self, hear):
        self.hear = hear
        self.tasks = {}
        self.cancelled = False

    def cancel_all(self):
        self.cancelled = True

    def submit(self, tasks, priority=0):
        self.tasks.update(tasks)

    def cancel(self, key):
        self.tasks.pop(key, None)

    def close(self):
        pass

    def answer(self, key, shift_px=0.0):
        image = make_image((80 + key - 1, 60))
        prediction = make_prediction(image, shift_px=shift_px)
        answer = ImageAnswer(
            prediction.landmarks, image.grid, image.source, "Test model 1", "", "cpu", 0.1, (), image.voxels[:8, :8]
        )
        self.hear(Done(key, answer))


def test_the_other_images_are_localized_meanwhile_and_shown_at_once_when_opened(windows, images):
    made = []
    controller = windows.new(*images[:3], background=lambda hear: made.append(Scripted(hear)) or made[0])
    (background,) = made
    assert {task.path for task in background.tasks.values()} == set(images[1:3])
    background.answer(2)
    windows.settle(controller)
    assert states(controller) == [CaseState.LOCALIZED, CaseState.LOCALIZED, CaseState.NEW]
    calls = len(controller.search._localize.calls)
    controller.open_neighbour(1)
    windows.settle(controller)
    assert controller.document.landmarks.located.all()
    assert controller.document.prediction.fields == ()
    assert len(controller.search._localize.calls) == calls, "nothing was looked for again"
    controller.view_state.show_vectors = True
    windows.settle(controller)
    assert len(controller.document.prediction.fields) == 2, "vectors are found when they are wanted"


def test_an_answer_that_comes_late_replaces_nothing_that_a_person_did(windows, images):
    made = []
    controller = windows.new(*images[:2], background=lambda hear: made.append(Scripted(hear)) or made[0])
    controller.search._localize.gate.clear()
    controller.open_neighbour(1)
    windows.qtbot.waitUntil(lambda: controller.document.image.source.path == images[1])
    controller.editor.select("Sella")
    controller.placing.toggle()
    controller.placing.place((7.0, 9.0))
    placed_mm = controller.document.landmarks.point_mm("Sella").tolist()
    controller.search._localize.gate.set()
    made[0].answer(2, shift_px=3)
    windows.settle(controller)
    assert controller.document.landmarks.point_mm("Sella").tolist() == placed_mm
    assert controller.desk.project.reading(2, ANNA).landmarks.point_mm("Sella").tolist() == placed_mm


def test_what_comes_with_cairn_puts_nothing_on_images_in_which_it_recognises_nothing(windows, images, monkeypatch):
    made = []
    monkeypatch.setattr("app.session.landmark_search.is_bundled", lambda path: True)
    monkeypatch.setattr("app.session.background_search.is_bundled", lambda path: True)
    monkeypatch.setattr("app.session.landmark_search.recognises_nothing", lambda landmarks: True)
    monkeypatch.setattr("app.session.background_search.recognises_nothing", lambda landmarks: True)
    controller = windows.new(*images[:2], background=lambda hear: made.append(Scripted(hear)) or made[0])
    made[0].answer(2)
    windows.settle(controller)
    assert states(controller) == [CaseState.NEW, CaseState.NEW]
    assert not controller.document.landmarks.located.any()
    [message] = [one for one in controller.view_state.messages if "recognises nothing" in one.text]
    new_scheme, show = message.actions
    new_scheme.trigger()
    assert "scheme from nothing" in controller.questions.asked
    show.trigger()
    assert controller.document.landmarks.located.all()


def test_who_asks_for_landmarks_gets_them_whatever_the_model_recognises(windows, images, monkeypatch):
    monkeypatch.setattr("app.session.landmark_search.is_bundled", lambda path: True)
    monkeypatch.setattr("app.session.landmark_search.recognises_nothing", lambda landmarks: True)
    controller = windows.new(images[0])
    controller.start_localization()
    windows.settle(controller)
    assert controller.document.landmarks.located.all()


def test_another_scheme_ends_the_search_for_what_it_does_not_want(windows, images):
    made = []
    controller = windows.new(*images[:3], background=lambda hear: made.append(Scripted(hear)) or made[0])
    asked = set(made[0].tasks)
    assert asked == {2, 3}
    made[0].tasks.clear()
    draft = Scheme(name="wing", title="Fly wing", ndim=2, landmarks=(SchemeLandmark(name="vein 1", abbreviation="v1"),))
    controller.schemes.use(draft)
    windows.settle(controller)
    assert made[0].cancelled
    assert made[0].tasks == {}  # the model knows no veins


def test_another_model_looks_again_where_no_person_has_spoken(windows, images):
    made = []
    controller = windows.new(*images[:3], background=lambda hear: made.append(Scripted(hear)) or made[0])
    made[0].answer(2)
    windows.settle(controller)
    controller.editor.select("Sella")
    controller.editor.nudge(4, 0)
    windows.settle(controller)
    made[0].tasks.clear()
    controller.background.localize_again()
    windows.settle(controller)
    assert made[0].cancelled
    assert set(made[0].tasks) == {2, 3}


def test_an_image_that_has_changed_since_keeps_its_landmarks_and_says_so(windows, images):
    first = windows.new(images[0])
    first.editor.select("Sella")
    first.editor.nudge(1, 0)
    left = first.document.landmarks
    windows.settle(first)
    path = first.desk.project.path
    windows.kill(first)
    changed = make_image((80, 60))
    write_image(type(changed)(changed.voxels[::-1].copy(), changed.grid, changed.source), images[0])
    second = windows.new()
    second.projects.resume(path)
    windows.settle(second)
    assert second.document.landmarks == left
    assert any("has changed since" in text for text in messages(second))


def test_images_that_have_moved_are_asked_for_once_and_all_found(windows, images, tmp_path):
    first = windows.new(*images[:3])
    for _ in range(2):
        first.open_neighbour(1)
        windows.settle(first)
    path = first.desk.project.path
    windows.kill(first)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for number, image in enumerate(images[:3]):
        image.rename(moved / f"renamed{number}.png")
    second = windows.new()
    second.questions.moved_to = moved
    second.projects.resume(path)
    windows.settle(second)
    assert second.document.image.source.path == moved / "renamed2.png"
    assert len(second.questions.asked) == 1
    second.open_neighbour(-1)
    windows.settle(second)
    assert second.document.image.source.path == moved / "renamed1.png"
    assert len(second.questions.asked) == 1


def test_a_file_beside_the_image_that_says_otherwise_is_named_and_not_shown(windows, images):
    first = windows.new(images[0])
    first.editor.select("Sella")
    first.editor.nudge(1, 0)
    first.questions.save = images[0].with_suffix(".csv")
    first.save()
    windows.settle(first)
    first.editor.nudge(5, 0)
    windows.settle(first)
    left = first.document.landmarks
    windows.kill(first)
    second = windows.new(images[0])
    assert second.document.landmarks == left
    assert any("image0.csv beside the image differs" in text for text in messages(second))


def test_a_second_window_on_a_project_may_only_look(windows, images, tmp_path):
    first = windows.new(*images[:2])
    first.questions.new_project = tmp_path / "day"
    first.projects.ask_save_as()
    windows.settle(first)
    assert first.projects.name == "day"
    assert first.document.image.source.path == images[0], "the image stays open"
    first.editor.select("Sella")
    first.editor.nudge(1, 0)
    windows.settle(first)
    assert list(windows.sessions.glob("*.cairn")) == []
    second = windows.new(Path(tmp_path / "day.cairn"), session=False)
    assert any("is read-only" in text for text in messages(second))

    assert second.document.landmarks == first.document.landmarks
    second.editor.select("Nasion")
    for _ in range(2):
        second.editor.nudge(1, 0)
        windows.settle(second)
    assert sum("Nothing of this is kept" in text for text in messages(second)) == 1
    assert second.questions.errors == []
    assert first.desk.project.reading(1, ANNA).landmarks == first.document.landmarks


def test_the_series_that_was_chosen_of_a_study_is_the_case_and_is_found_again(windows, tmp_path):
    study = tmp_path / "study"
    for name, count in (("first", 6), ("second", 4)):
        write_series(study / name, lit_stack(count, (2, 7, 4)), positions(count), SeriesDescription=name)
    controller = windows.new()
    controller.questions.chosen_series = lambda found: next(series for series in found if series.shape[0] == 4)
    controller.open_paths([study])
    windows.settle(controller)
    project = controller.desk.project
    (case,) = project.cases(project.case_ids())
    assert case.geometry.grid.shape[0] == 4
    assert SECRET not in f"{case.name} {case.series}"
    controller.placing.toggle()
    controller.placing.place((3.0, 3.0))
    windows.settle(controller)
    left, path = controller.document.landmarks, project.path
    windows.kill(controller)
    assert SECRET.encode() not in path.read_bytes()
    second = windows.new()
    second.projects.resume(path)
    windows.settle(second)
    assert second.document.image.grid.shape[0] == 4
    assert second.document.landmarks == left
    assert second.questions.asked == [], "which series it is was said before"
