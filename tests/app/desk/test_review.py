from app.desk.review import ReviewWalk
from core.values.landmarks import Status
from tests.support.desk_fixtures import ANNA, MODEL, make_landmarks, make_reading


def doubtful(*presences):
    from dataclasses import replace

    import numpy as np

    return replace(make_landmarks(), presence=np.array(presences, dtype=np.float32))


def go(walk, name, qtbot):
    heard = []
    walk.go_on(name, lambda doubt, count: heard.append((doubt, count)))
    qtbot.waitUntil(lambda: bool(heard))
    doubt, count = heard[0]
    return None if doubt is None else (doubt.case_id, doubt.name), count


def test_the_walk_finishes_a_case_and_goes_on_with_the_most_doubtful_one(full_desk, qtbot):
    first, second, third, *_ = full_desk.project.case_ids()
    full_desk.project.save_reading(make_reading(first, MODEL, doubtful(0.8, 0.99, 0.85)))
    full_desk.project.save_reading(make_reading(second, MODEL, doubtful(0.99, 0.99, 0.88)))
    full_desk.project.save_reading(make_reading(third, MODEL, doubtful(0.99, 0.2, 0.99)))
    walk = ReviewWalk(full_desk)
    full_desk.current = first
    assert go(walk, "menton", qtbot) == ((first, "sella"), 4)
    assert go(walk, "sella", qtbot) == ((third, "nasion"), 4)
    full_desk.current = third
    decided = doubtful(0.99, 0.2, 0.99).with_status("nasion", Status.CONFIRMED)
    full_desk.store(make_reading(third, ANNA, decided), "Confirm nasion")
    qtbot.waitUntil(lambda: full_desk.project.reading(third, ANNA) is not None and not full_desk.pending)
    qtbot.wait(20)
    assert go(walk, "nasion", qtbot) == ((second, "menton"), 3)
    full_desk.current = second
    assert go(walk, "menton", qtbot) == (None, 3)
    assert go(walk, None, qtbot) == ((second, "menton"), 3), "the walk begins anew"


def test_where_nothing_wants_an_eye_the_walk_ends_at_once(full_desk, qtbot):
    walk = ReviewWalk(full_desk)
    assert go(walk, None, qtbot) == (None, 0)


def test_a_second_wish_while_the_queue_is_asked_for_is_no_second_step(full_desk, qtbot):
    [first, *_] = full_desk.project.case_ids()
    full_desk.project.save_reading(make_reading(first, MODEL, doubtful(0.8, 0.5, 0.85)))
    walk, heard = ReviewWalk(full_desk), []
    for _ in range(3):
        walk.go_on(None, lambda doubt, _: heard.append(doubt.name))
    qtbot.waitUntil(lambda: bool(heard))
    qtbot.wait(30)
    assert heard == ["nasion"]
