"""What is shown where one thing comes while another is under way: images, projects, readers, cases that are taken out."""

import threading

import pytest
from PIL import Image as PictureFile

from app.session.actions import ACTIONS
from core.images.file import write_image
from core.project.readings import Reader
from core.project.review import Doubt
from core.project.store import Project
from tests.support.desk_windows import ANNA
from tests.support.viewer_fixtures import idle, make_image, messages


class GatedRead:
    """Reads once it may."""

    def __init__(self, read):
        self._read = read
        self.gate, self.started = threading.Event(), threading.Event()

    def __call__(self, *args, **kwargs):
        self.started.set()
        assert self.gate.wait(20)
        return self._read(*args, **kwargs)


@pytest.fixture
def gate_reading():
    made = []

    def gate(controller):
        read = GatedRead(controller.opener._read)
        controller.opener._read = controller.case_opener._read = read
        made.append(read)
        return read

    yield gate
    for read in made:
        read.gate.set()


def shown(controller):
    image = controller.document.image
    return None if image is None else image.source.path


def paths(controller):
    project = controller.desk.project
    return [case.path for case in project.cases(project.case_ids())]


def test_new_images_dropped_together_with_one_that_lay_open_become_cases_too(windows, images):
    controller = windows.new(images[0])
    controller.open_paths(images[:3])
    windows.settle(controller)
    assert shown(controller) == images[0]
    assert paths(controller) == images[:3]


def test_an_image_still_being_read_is_not_shown_in_the_project_that_was_opened_meanwhile(
    windows, images, tmp_path, gate_reading, qtbot
):
    other = tmp_path / "other.cairn"
    first = windows.new(*images[:3])
    elsewhere = tmp_path / "elsewhere.png"
    write_image(make_image((70, 50)), elsewhere)
    with Project.create(other):
        pass
    second = windows.new(elsewhere, session=False)
    second.projects.open(other)
    windows.settle(second)
    second.showing.add([elsewhere])
    windows.settle(second)
    windows.kill(second)
    read = gate_reading(first)
    first.open_neighbour(1)
    qtbot.waitUntil(read.started.is_set)
    first.projects.open(other)
    qtbot.waitUntil(lambda: first.desk.project is not None and first.desk.project.path == other)
    read.gate.set()
    windows.settle(first)
    assert shown(first) == elsewhere
    assert paths(first) == [elsewhere]


def test_the_case_after_the_one_that_was_removed_is_shown(windows, images):
    controller = windows.new(*images[:3])
    ids = controller.desk.project.case_ids()
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    windows.settle(controller)
    controller.desk.remove_cases(ids[:1])
    windows.settle(controller)
    assert shown(controller) == images[1]
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    windows.settle(controller)
    assert controller.questions.errors == []
    assert controller.desk.project.reading(ids[1], ANNA) is not None


def test_the_case_that_was_asked_for_last_is_shown_although_the_one_before_takes_longer(windows, images):
    controller = windows.new(*images[:3])
    first, second, third = controller.desk.project.case_ids()
    controller.open_neighbour(1)
    windows.settle(controller)
    controller.open_neighbour(-1)
    windows.settle(controller)
    controller.case_opener.open(third)
    controller.case_opener.open(second)
    windows.settle(controller)
    assert shown(controller) == images[1]
    assert controller.desk.current == second
    assert first not in (second, third)


def test_print_resolution_of_all_films_is_told_until_it_was_put_away_once(windows, tmp_path):
    films = [tmp_path / f"film{number}.png" for number in range(4)]
    for number, film in enumerate(films):
        PictureFile.new("L", (60, 80), 90).save(film, dpi=(150, 150) if number == 3 else (254, 254))
    controller = windows.new(*films)
    for _ in range(2):
        assert len(resolutions(controller)) == 1
        controller.open_neighbour(1)
        windows.settle(controller)
    [told] = resolutions(controller)
    controller.view_state.dismiss(told)
    controller.open_neighbour(-1)
    windows.settle(controller)
    assert resolutions(controller) == []
    controller.case_opener.open(controller.desk.project.case_ids()[3])
    windows.settle(controller)
    assert shown(controller) == films[3]
    assert "0.1693" in resolutions(controller)[0].text


def resolutions(controller):
    return [message for message in controller.view_state.messages if "print resolution" in message.text]


def test_nothing_is_shown_once_every_case_was_removed(windows, images):
    controller = windows.new(*images[:2])
    controller.desk.remove_cases(controller.desk.project.case_ids())
    windows.settle(controller)
    assert shown(controller) is None
    assert controller.desk.current is None


def test_an_image_that_gets_the_number_of_one_that_was_removed_is_shown_itself(windows, images):
    controller = windows.new(*images[:2])
    controller.open_neighbour(1)
    windows.settle(controller)
    controller.open_neighbour(-1)
    windows.settle(controller)
    last = controller.desk.project.case_ids()[-1]
    controller.desk.remove_cases([last])
    windows.settle(controller)
    controller.showing.add([images[2]])
    windows.settle(controller)
    controller.open_neighbour(1)
    windows.settle(controller)
    assert shown(controller) == images[2]


def test_who_reads_blind_is_shown_nothing_of_the_model_after_setting_the_pixel_size(windows, images):
    controller = windows.new(images[0])
    controller.cases.blind = True
    windows.settle(controller)
    assert controller.document.prediction is None
    controller.pixel_sizes._use(0.5)
    windows.settle(controller)
    assert controller.document.prediction is None
    assert not controller.document.landmarks.located.any()


def test_a_case_that_is_read_anew_shows_what_was_done_last_though_the_disk_is_slow(windows, images):
    controller = windows.new(*images[:2])
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    windows.settle(controller)
    written = threading.Event()
    controller.desk.change(lambda project: written.wait(0.5))
    controller.editor.nudge(5, 0)
    done = controller.document.landmarks.point_mm("Sella").tolist()
    controller.showing.read_anew()
    windows.settle(controller)
    assert controller.document.landmarks.point_mm("Sella").tolist() == done


def test_whose_landmarks_are_shown_is_told_where_they_are_another_readers(windows, images):
    controller = windows.new(*images[:2])
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    windows.settle(controller)
    told = "These are the landmarks of Anna."
    assert not any(told in message for message in messages(controller))
    controller.desk.reader = Reader("Ben")
    windows.settle(controller)
    assert any(told in message for message in messages(controller))


def test_grey_levels_set_last_are_kept_when_another_project_is_opened(windows, images, tmp_path):
    other = tmp_path / "other.cairn"
    with Project.create(other):
        pass
    controller = windows.new(session=False)
    mine = tmp_path / "mine.cairn"
    with Project.create(mine):
        pass
    controller.projects.open(mine)
    windows.settle(controller)
    controller.showing.add([images[0]])
    windows.settle(controller)
    controller.view_state.levels = (10.0, 20.0)
    controller.projects.open(other)
    windows.settle(controller)
    with Project.open(mine, read_only=True) as project:
        (case,) = project.cases(project.case_ids())
    assert case.view["levels"] == [10.0, 20.0]


def test_the_reader_who_comes_while_an_image_is_read_sees_it_as_theirs(windows, images, gate_reading, qtbot):
    controller = windows.new(*images[:2])
    controller.open_neighbour(1)
    windows.settle(controller)
    controller.editor.select("Sella")
    controller.editor.nudge(2, 0)
    controller.open_neighbour(-1)
    windows.settle(controller)
    controller.cases.forget()
    read = gate_reading(controller)
    controller.case_opener.open(controller.case_list.ids[1])
    qtbot.waitUntil(read.started.is_set)
    controller.cases.blind = True
    controller.desk.reader = Reader("Ben")
    read.gate.set()
    windows.settle(controller)
    assert shown(controller) == images[1]
    assert not controller.document.landmarks.located.any()
    idle(controller, qtbot)


def test_what_a_person_was_led_to_is_not_selected_in_a_case_opened_by_hand_later(windows, images):
    controller = windows.new(*images[:3])
    for _ in range(2):
        controller.open_neighbour(1)
        windows.settle(controller)
    first, second, _ = controller.case_list.ids
    controller.review._coming = Doubt(first, "Sella", 5.0, "radius 5 mm")
    controller.case_opener.open(second)
    windows.settle(controller)
    controller.case_opener.open(first)
    windows.settle(controller)
    assert controller.view_state.selected is None


def test_looking_around_counts_as_work(windows, images, monkeypatch):
    controller = windows.new(images[0])
    now_s = [0.0]
    clock = controller.cases.clock
    monkeypatch.setattr(clock, "_now_s", lambda: now_s[0])
    clock.begin(controller.desk.current, 0.0)
    for number in range(10):
        now_s[0] += 50
        controller.view_state.mouse_mm = (float(number), 1.0)
    assert clock.seconds_of(controller.desk.current) == 500


def test_who_reads_blind_is_offered_nothing_that_shows_what_others_said(windows, images):
    controller = windows.new(images[0])
    hiding = ("file.model", "review.next", "review.agreement")
    offered = {action.id: action.enabled_when for action in ACTIONS if action.id in hiding}
    assert all(is_offered(controller) for is_offered in offered.values())
    controller.cases.blind = True
    windows.settle(controller)
    assert not any(is_offered(controller) for is_offered in offered.values())
    controller.start_localization()
    windows.settle(controller)
    assert controller.document.prediction is None
    assert any("You read blind" in text for text in messages(controller))


def test_marking_one_landmark_everywhere_ends_with_its_project(windows, images, tmp_path):
    other = tmp_path / "other.cairn"
    with Project.create(other):
        pass
    controller = windows.new(images[0])
    controller.view_state.through_all = "Sella"
    controller.projects.open(other)
    windows.settle(controller)
    assert controller.view_state.through_all is None
