import csv

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.dialogs.agreement_dialog import AgreementDialog, proposed_name, write_tables
from core.base.errors import ProjectError
from core.project.agreement import agreement
from core.project.store import Project
from core.values.landmarks import Status
from tests.support.desk_fixtures import ANNA, BEN, MODEL, NAMES, make_landmarks, make_reading


@pytest.fixture
def saved_to(tmp_path):
    return tmp_path / "agreement.csv"


@pytest.fixture
def dialog(full_desk, saved_to, qtbot):
    rng = np.random.default_rng(3)
    for number, id_ in enumerate(full_desk.project.case_ids()):
        full_desk.project.save_reading(make_reading(id_, ANNA, marks(rng.normal(0, 0.2))))
        full_desk.project.save_reading(make_reading(id_, BEN, marks(0.4 + 0.1 * number)))
    full_desk.project.save_reading(make_reading(id_, MODEL, make_landmarks()))
    made = AgreementDialog(full_desk, lambda proposed: saved_to)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.landmarks.rowCount() == len(NAMES) + 1)
    yield made
    made.close()


def marks(shift_mm):
    return make_landmarks(float(shift_mm), Status.PLACED)


def text(table, row, column):
    return table.item(row, column).text()


def test_the_own_reading_is_compared_with_the_next_one_and_figures_are_those_of_the_computation(dialog, full_desk):
    assert [dialog.first.itemText(row) for row in range(3)] == ["Anna", "Ben", f"{MODEL.name} (model)"]
    assert (dialog.first.currentText(), dialog.second.currentText()) == ("Anna", "Ben")
    expected = agreement(full_desk.project.readings_of(ANNA), full_desk.project.readings_of(BEN))
    assert text(dialog.landmarks, 1, 0) == "nasion"
    assert text(dialog.landmarks, 1, 2) == f"{expected.landmarks[1].mean:.2f}"
    assert text(dialog.landmarks, 3, 0) == "All"
    headers = [dialog.landmarks.horizontalHeaderItem(c).text() for c in range(dialog.landmarks.columnCount())]
    assert headers[-2:] == ["ICC x", "ICC y"]
    assert text(dialog.landmarks, 0, headers.index("ICC y")) == f"{expected.landmarks[0].icc[1]:.3f}".replace("-", "−")
    assert f"{expected.overall.dahlberg:.2f} mm" in dialog.told.text()


def test_the_figure_follows_landmark_and_axis(dialog, full_desk):
    expected = agreement(full_desk.project.readings_of(ANNA), full_desk.project.readings_of(BEN))
    dialog.landmarks.selectRow(2)
    dialog.axis.setCurrentIndex(1)
    dialog.axis.activated.emit(1)
    means, differences = expected.bland_altman("menton", 1)
    x, y = dialog.figure.points.getData()
    np.testing.assert_allclose(x, means)
    np.testing.assert_allclose(y, differences)


def test_the_line_of_all_landmarks_has_no_figure_rather_than_that_of_the_last(dialog):
    dialog.landmarks.selectRow(len(NAMES))
    assert dialog.figure.isHidden()
    dialog.landmarks.selectRow(0)
    assert dialog.figure.isVisible()


def test_another_project_closes_it_since_its_cases_have_other_numbers(dialog, full_desk, tmp_path, qtbot):
    full_desk.go_on_in(tmp_path / "copy.cairn")
    qtbot.waitUntil(lambda: full_desk.project.path == tmp_path / "copy.cairn")
    assert dialog.isVisible()
    full_desk.open(lambda: Project.create(tmp_path / "other.cairn"))
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_the_worst_case_stands_first_and_a_click_opens_it_as_one_on_its_dot_does(dialog, full_desk, qtbot):
    opened = []
    dialog.open_requested.connect(opened.append)
    ids = full_desk.project.case_ids()
    expected = agreement(full_desk.project.readings_of(ANNA), full_desk.project.readings_of(BEN)).cases[0]
    place = dialog.cases.visualItemRect(dialog.cases.item(0, 0)).center()
    qtbot.mouseClick(dialog.cases.viewport(), Qt.MouseButton.LeftButton, pos=place)
    points = dialog.figure.points
    points.sigClicked.emit(points, [points.points()[3]], None)
    assert opened == [expected.case_id, ids[3]]


def test_another_pair_is_compared_and_one_reader_with_themselves_is_not(dialog, qtbot):
    dialog.second.setCurrentIndex(2)
    dialog.second.activated.emit(2)
    qtbot.waitUntil(lambda: dialog.told.text().startswith("1 case, 3 positions"))
    dialog.second.setCurrentIndex(0)
    dialog.second.activated.emit(0)
    assert dialog.told.text() == "Choose two different readers."
    assert dialog.landmarks.rowCount() == 0
    assert not dialog.save.isEnabled()
    assert dialog.figure.isHidden()


def test_tables_are_saved_whole(dialog, saved_to, qtbot):
    dialog.save.click()
    qtbot.waitUntil(lambda: dialog.told.text().startswith("Saved"))
    rows = list(csv.DictReader(saved_to.read_text(encoding="utf-8").splitlines()))
    assert [row["landmark"] for row in rows] == [*NAMES, "all"]
    cases = list(csv.DictReader((saved_to.parent / "agreement-cases.csv").read_text(encoding="utf-8").splitlines()))
    assert len(cases) == 5
    assert {row["case"] for row in cases} == {"delta", "alpha", "Bravo", "charlie", "echo"}
    assert list(saved_to.parent.glob(".tmp*")) == []


def test_a_folder_that_takes_no_file_is_a_sentence(tmp_path):
    (tmp_path / "no folder").write_text("")
    with pytest.raises(ProjectError, match="cannot be written"):
        write_tables(tmp_path / "no folder" / "a.csv", "", "")


def test_one_reader_alone_is_told_what_is_missing(full_desk, qtbot):
    full_desk.project.save_reading(make_reading(full_desk.project.case_ids()[0], ANNA, marks(0)))
    made = AgreementDialog(full_desk, lambda proposed: None)
    qtbot.addWidget(made)
    qtbot.waitUntil(lambda: "Two readers are needed" in made.told.text())


def test_a_proposed_name_suits_any_file_system(full_desk):
    ids = full_desk.project.case_ids()
    ours, theirs = make_reading(ids[0], ANNA, marks(0)), make_reading(ids[0], MODEL, marks(1))
    assert proposed_name(agreement([ours], [theirs])) == "agreement Anna cephalometric-19 1.1.csv"
