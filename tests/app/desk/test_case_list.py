from app.desk.case_list import CaseList
from app.desk.next_case import NextOrder
from core.project.cases import CaseSort, CaseState
from core.project.store import Project
from tests.support.desk_fixtures import BEN, MODEL, add_cases, make_reading, open_desk


def listed(desk, qtbot):
    made = CaseList(desk)
    qtbot.waitUntil(lambda: len(made.ids) == 5 and made.counts.total == 5)
    return made


def names(desk, case_list):
    return [case.name for case in desk.project.cases(case_list.ids)]


def test_cases_are_listed_as_asked_for(full_desk, qtbot):
    cases = listed(full_desk, qtbot)
    assert names(full_desk, cases) == ["delta", "alpha", "Bravo", "charlie", "echo"]
    cases.ask_for(sort=CaseSort.NAME)
    qtbot.waitUntil(lambda: cases.row_of(1) == 3)
    assert names(full_desk, cases) == ["alpha", "Bravo", "charlie", "delta", "echo"]
    cases.ask_for(text="LT")
    cases.ask_for(text="lph")  # before the first answer is there: the last one counts
    qtbot.waitUntil(lambda: len(cases.ids) == 1)
    assert names(full_desk, cases) == ["alpha"]
    assert cases.counts.total == 5


def test_what_is_to_be_marked_comes_first_until_another_order_is_asked_for(full_desk, qtbot):
    cases = listed(full_desk, qtbot)
    ids = full_desk.project.case_ids()
    full_desk.store(make_reading(ids[2], MODEL))
    full_desk.store(make_reading(ids[4], BEN))
    qtbot.waitUntil(lambda: cases.counts.by_state[CaseState.LOCALIZED] == 1)
    cases.ask_for(marking=NextOrder.SHAPE)
    qtbot.waitUntil(lambda: bool(cases.lessons))
    assert names(full_desk, cases)[0] == "Bravo"
    assert names(full_desk, cases)[-1] == "echo"
    assert set(cases.lessons) == {*ids[:4]}
    cases.ask_for(text="a")
    qtbot.waitUntil(lambda: len(cases.ids) == 4)
    assert names(full_desk, cases)[0] == "Bravo"
    assert cases.marking is NextOrder.SHAPE
    cases.ask_for(sort=CaseSort.ADDED)
    qtbot.waitUntil(lambda: not cases.lessons)
    assert names(full_desk, cases) == ["delta", "alpha", "Bravo", "charlie"]
    assert cases.marking is None


def test_the_list_stays_while_cases_change_and_the_counts_follow(full_desk, qtbot):
    cases = listed(full_desk, qtbot)
    cases.ask_for(states=frozenset({CaseState.NEW}), excluded=False)
    qtbot.waitUntil(lambda: not desk_is_busy(full_desk))
    heard = []
    cases.listed.connect(lambda: heard.append("listed"))
    first = cases.ids[0]
    full_desk.store(make_reading(first, BEN), "Move sella")
    qtbot.waitUntil(lambda: cases.counts.by_state[CaseState.IN_REVIEW] == 1)
    assert first in cases.ids
    assert not heard
    cases.refresh()
    qtbot.waitUntil(lambda: first not in cases.ids)
    full_desk.update_case(cases.ids[0], excluded=True)
    qtbot.waitUntil(lambda: cases.counts.excluded == 1)
    assert (cases.counts.wanted, cases.counts.total) == (4, 5)


def test_cases_that_come_and_go_change_the_list(full_desk, qtbot):
    cases = listed(full_desk, qtbot)
    gone = cases.ids[1]
    full_desk.remove_cases([gone])
    qtbot.waitUntil(lambda: len(cases.ids) == 4)
    assert cases.row_of(gone) is None
    assert cases.row_of(cases.ids[2]) == 2


def test_another_project_is_listed_from_its_beginning(full_desk, desk_jobs, tmp_path, qtbot):
    cases = listed(full_desk, qtbot)
    cases.ask_for(text="alpha")
    other = tmp_path / "other.cairn"
    with Project.create(other) as project:
        add_cases(project, "zulu")
    full_desk.open(lambda: Project.open(other))
    qtbot.waitUntil(lambda: full_desk.project.path == other and len(cases.ids) == 1)
    assert names(full_desk, cases) == ["zulu"]
    assert cases.query.text == ""


def test_without_a_project_there_is_an_empty_list(desk_jobs, tmp_path, qtbot):
    with Project.create(tmp_path / "late.cairn") as project:
        add_cases(project, "only")
    desk = open_desk(desk_jobs, tmp_path / "late.cairn")
    cases = CaseList(desk)
    assert (list(cases.ids), cases.row_of(1)) == ([], None)
    qtbot.waitUntil(lambda: len(cases.ids) == 1)
    qtbot.waitUntil(lambda: not desk_jobs.busy)
    desk.close()


def desk_is_busy(desk):
    return desk._jobs.busy
