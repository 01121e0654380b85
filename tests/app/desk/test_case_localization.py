import pytest

from app.desk.case_localization import CaseLocalization, failures_by_sentence
from app.desk.events import Advanced, Done, Failed, Overall, Started
from core.project.cases import CaseState, Geometry
from core.values.image import SpacingSource
from tests.support.desk_fixtures import (
    ANNA,
    GEOMETRY,
    MODEL,
    ScriptedBackground,
    make_answer,
    make_landmarks,
    make_reading,
)


@pytest.fixture
def made():
    return []


@pytest.fixture
def work(full_desk, desk_jobs, made):
    def make(on_event):
        made.append(ScriptedBackground(on_event))
        return made[-1]

    return CaseLocalization(full_desk, desk_jobs, make)


def begin(work, full_desk, made, qtbot, count=5):
    ids = full_desk.project.case_ids()[:count]
    work.localize(ids)
    qtbot.waitUntil(lambda: bool(made) and len(made[0].tasks) == count)
    return ids, made[0]


def test_answers_become_readings_of_the_model_and_replace_nothing_of_a_person(work, full_desk, made, qtbot):
    ids = full_desk.project.case_ids()
    own = full_desk.project.save_reading(make_reading(ids[0], ANNA, make_landmarks(3.0)), "Place sella")
    ids, background = begin(work, full_desk, made, qtbot)
    pictures = []
    work.pictured.connect(lambda id_, picture: pictures.append((id_, int(picture.max()))))
    key = background.key("delta")
    background.say(Started(key))
    background.say(Advanced(key, 0.4, "Global stage"))
    qtbot.waitUntil(lambda: ids[0] in work.running and work.running[ids[0]].fraction == 0.4)
    background.say(Done(key, make_answer(background.tasks[key].path)))
    qtbot.waitUntil(lambda: full_desk.project.reading(ids[0], MODEL) is not None)
    assert full_desk.project.reading(ids[0], ANNA) == own
    case = full_desk.project.case(ids[0])
    assert (case.state, case.sha256) == (CaseState.IN_REVIEW, "ab" * 32)
    assert pictures == [(ids[0], 77)]
    assert ids[0] not in work.waiting
    assert not work.running


def test_a_failure_stands_beside_its_case_until_it_is_tried_again_with_success(work, full_desk, made, qtbot):
    ids, background = begin(work, full_desk, made, qtbot)
    background.say(Failed(background.key("alpha"), "It is empty. Use another."))
    background.say(Failed(background.key("echo"), "It is empty. Use another."))
    qtbot.waitUntil(lambda: full_desk.project.case(ids[1]).state is CaseState.PROBLEM)
    assert full_desk.project.case(ids[1]).problem == "It is empty. Use another."
    assert failures_by_sentence(work.failures) == [("It is empty. Use another.", 2)]
    work.retry([ids[1]])
    assert ids[1] in work.waiting
    assert list(work.failures) == [ids[4]]
    qtbot.waitUntil(lambda: background.asked.count("submit") == 2)
    key = background.key("alpha")
    background.say(Done(key, make_answer(background.tasks[key].path)))
    qtbot.waitUntil(lambda: full_desk.project.case(ids[1]).state is CaseState.LOCALIZED)
    assert full_desk.project.case(ids[1]).problem == ""


def test_what_was_cancelled_says_nothing_any_more(work, full_desk, made, qtbot):
    ids, background = begin(work, full_desk, made, qtbot)
    key = background.key("delta")
    background.say(Started(key))
    qtbot.waitUntil(lambda: bool(work.running))
    work.cancel()
    assert not work.waiting
    assert not work.running
    background.say(Done(key, make_answer(background.tasks[key].path)))
    background.say(Overall(done=1))
    qtbot.wait(30)
    assert full_desk.project.readings(ids[0]) == []
    assert "cancel all" in background.asked


def test_the_case_that_a_person_looks_at_comes_first(work, full_desk, made, qtbot):
    full_desk.current = full_desk.project.case_ids()[3]
    _, background = begin(work, full_desk, made, qtbot)
    full_desk.current = full_desk.project.case_ids()[1]
    assert background.asked == ["submit", "prioritise charlie", "prioritise alpha"]


def test_only_what_is_new_is_localized_and_nothing_twice(work, full_desk, made, qtbot):
    ids = full_desk.project.case_ids()
    full_desk.project.save_reading(make_reading(ids[0], MODEL))
    full_desk.project.update_case(ids[1], excluded=True)
    work.localize_new()
    qtbot.waitUntil(lambda: bool(made) and len(made[0].tasks) == 3)
    work.localize(ids[2:])
    assert work.waiting == set(ids[2:])
    assert made[0].asked == ["submit"]


def test_a_pixel_size_that_a_person_set_counts_and_so_does_their_model(work, full_desk, made, tmp_path, qtbot):
    [first, *_] = full_desk.project.case_ids()
    full_desk.project.set_case_image(first, Geometry(GEOMETRY.grid, SpacingSource.PERSON), "ab" * 32)
    work.use_models(lambda ndim: tmp_path / f"{ndim}d.pt")
    _, background = begin(work, full_desk, made, qtbot, 2)
    tasks = [background.tasks[background.key(name)] for name in ("delta", "alpha")]
    assert [task.spacing_mm for task in tasks] == [pytest.approx((0.1, 0.1)), None]
    assert [task.model for task in tasks] == [tmp_path / "2d.pt"] * 2


def test_pausing_and_closing_reach_the_background(work, full_desk, made, qtbot):
    work.pause()
    assert not made
    _, background = begin(work, full_desk, made, qtbot)
    work.pause()
    background.say(Overall(waiting=5, paused=True))
    qtbot.waitUntil(lambda: work.paused)
    work.resume()
    work.close()
    assert background.asked == ["submit", "pause", "resume", "close"]
