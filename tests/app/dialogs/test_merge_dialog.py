import pytest

from app.dialogs.merge_dialog import MergeDialog, words
from core.project.merge import Conflict, Merged, preview
from core.project.store import Project
from core.values.landmarks import Status
from tests.support.desk_fixtures import ANNA, BEN, make_landmarks, make_reading


@pytest.fixture
def colleague(full_desk, tmp_path):
    """A copy of the project in which Ben has read two cases and Anna's reading has gone another way than here."""
    project = full_desk.project
    ids = project.case_ids()
    project.save_reading(make_reading(ids[0], ANNA, make_landmarks(0.0, Status.PLACED)), "Place")
    path = tmp_path / "colleague.cairn"
    project.save_copy(path)
    with Project.open(path) as copy:
        for id_ in ids[:2]:
            copy.save_reading(make_reading(id_, BEN, make_landmarks(1.0, Status.PLACED)), "Place")
        copy.save_reading(make_reading(ids[0], ANNA, make_landmarks(2.0, Status.PLACED)), "Move")
    project.save_reading(make_reading(ids[0], ANNA, make_landmarks(3.0, Status.PLACED)), "Move")
    return path


def test_what_comes_is_shown_before_anything_is_changed_and_nothing_is_overwritten(full_desk, colleague, qtbot):
    project, heard = full_desk.project, []
    first, second, *_ = project.case_ids()
    before = project.readings(first)
    dialog = MergeDialog(full_desk, colleague)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(dialog.accepting.isEnabled)
    assert dialog.heading.text() == "colleague.cairn brings 2 new readings, 1 reading changed on both sides."
    assert "delta: Anna has changed it here and in the copy." in dialog.details.item(0).text()
    assert project.readings(first) == before
    dialog.merged.connect(heard.append)
    dialog.accepting.click()
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == ["Merged colleague.cairn: 2 new readings, 1 reading changed on both sides."]
    assert not dialog.isVisible()
    assert project.reading(first, ANNA) == before[0]
    assert project.reading(second, BEN) is not None
    assert len(project.readings(first)) == 3


def test_a_file_that_cannot_be_merged_is_a_sentence(full_desk, qtbot):
    dialog = MergeDialog(full_desk, full_desk.project.path)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: "is this very project" in dialog.heading.text())
    assert not dialog.accepting.isEnabled()


def test_a_preview_leaves_no_trace(full_desk, colleague):
    project = full_desk.project
    before = [project.readings(id_) for id_ in project.case_ids()], project.readers()
    with Project.open(colleague, read_only=True) as other:
        assert preview(project, other).readings == 2
    assert ([project.readings(id_) for id_ in project.case_ids()], project.readers()) == before


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Merged(), "nothing new"),
        (Merged(cases=1, readings=1, continued=1), "1 new case, 1 new reading, 1 reading that goes on"),
        (
            Merged(cases=2, continued=2, conflicts=[Conflict(1, "a", ANNA, BEN)]),
            "2 new cases, 2 readings that go on, 1 reading changed on both sides",
        ),
        (Merged(measurements=2, analyses=1), "2 free measurements, 1 new analysis"),
        (Merged(measurements=1, analyses=2), "1 free measurement, 2 new analyses"),
        (Merged(models=1), "1 new model"),
        (Merged(cases=1, models=2), "1 new case, 2 new models"),
    ],
)
def test_what_a_merge_brings_is_said_in_words(found, expected):
    assert words(found) == expected
