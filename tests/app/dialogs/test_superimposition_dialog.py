"""The window of a superimposition: what its boxes offer and do, what its tables say, and what is saved."""

import csv

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage

from app.dialogs.superimposition_dialog import Paths, SuperimpositionDialog
from app.session.analysis_choice import FoundAnalyses
from app.session.superimposed import Source, When
from app.session.superimposing import CHOOSE, Superimposing
from core.landmark_files.file import write_landmarks
from core.project.store import Project
from tests.support.measuring_fixtures import write_own
from tests.support.superimposing_fixtures import EARLIER, GROWTH_MM, make_patient
from tests.support.viewer_fixtures import make_image


class Asked:
    """Prepared answers about files."""

    def __init__(self, folder):
        self.open = None
        self.table = folder / "out.csv"
        self.picture = folder / "out.png"
        self.proposed = []

    def paths(self):
        def save(path):
            def ask(proposed):
                self.proposed.append(proposed.name)
                return path()

            return ask

        return Paths(lambda: self.open, save(lambda: self.table), save(lambda: self.picture))


@pytest.fixture
def asked(tmp_path):
    return Asked(tmp_path)


@pytest.fixture
def open_dialog(windows, asked, tmp_path, qtbot):
    made = []

    def begin(path):
        controller = windows.new(path)
        controller.measuring.folder = tmp_path / "analyses"
        own = write_own(controller.measuring.folder)
        controller.measuring.read()
        windows.settle(controller)
        controller.measuring.choose(str(own))
        session = Superimposing(
            controller.document, controller.view_state, controller.desk, controller.measuring,
            is_blind=lambda: controller.cases.blind, jobs=controller.jobs,
        )  # fmt: skip
        dialog = SuperimpositionDialog(session, controller.jobs, asked.paths())
        qtbot.addWidget(dialog)
        made.append(dialog)
        session.begin()
        dialog.show()
        windows.settle(controller)
        return dialog, session, lambda: windows.settle(controller)

    yield begin
    for dialog in made:
        dialog.close()


@pytest.fixture
def opened(open_dialog, tmp_path):
    return open_dialog(make_patient(tmp_path))


def pick(box, text):
    row = next(row for row in range(box.count()) if box.itemText(row).startswith(text))
    box.setCurrentIndex(row)
    box.activated.emit(row)


def texts(box):
    return [box.itemText(row) for row in range(box.count())]


def rows(table):
    return [
        [table.item(row, column).text() for column in range(table.columnCount())] for row in range(table.rowCount())
    ]


def test_it_opens_with_both_images_of_the_patient_and_says_what_has_changed(opened):
    dialog, *_ = opened
    assert dialog.cases[When.EARLIER].currentText() == "before, same patient"
    assert dialog.cases[When.LATER].currentText() == "after (open)"
    assert texts(dialog.cases[When.EARLIER]) == ["before, same patient", "after (open)", "other", "From a file…"]
    assert texts(dialog.readers[When.LATER])[0] == "As it is shown"
    assert dialog.readers[When.EARLIER].currentText() == "Anna"
    assert "Test model 1 (model)" in texts(dialog.readers[When.EARLIER])
    assert dialog.line.currentText() == "S–N, at S"
    assert texts(dialog.line)[-1] == "Best fit of the landmarks that are ticked"
    angle, length, lacking, *_ = rows(dialog.changes)
    assert angle[0] == "Angle at nasion"
    assert length[3] == "0.0 mm"
    assert lacking[3].startswith("In the earlier image: It needs Basion")
    assert dialog.changes.columnSpan(2, 3) == 3
    ways = {row[0]: row for row in rows(dialog.ways)}
    assert ways["Menton"][1] == f"{np.hypot(*GROWTH_MM):.1f}"
    assert dialog.view.picture is not None
    assert "Nothing was scaled" in dialog.told.text()
    assert "None of this is a diagnosis." in dialog.told.text()


def test_swap_case_and_reading_follow_what_is_chosen(opened):
    dialog, session, settle = opened
    dialog.swap.click()
    settle()
    assert dialog.cases[When.EARLIER].currentText() == "after (open)"
    pick(dialog.readers[When.EARLIER], "Test model 1")
    settle()
    pick(dialog.readers[When.LATER], "Test model 1")
    settle()
    assert all(source.reader.name == "Test model 1" for source in session.sources.values())
    angle = rows(dialog.changes)[0]
    assert angle[5] == "yes"
    assert " … " in angle[4]
    assert dialog.changes.item(0, 0).font().bold()
    pick(dialog.cases[When.LATER], "other")
    settle()
    assert "Nobody has read other yet." in dialog.told.text()
    assert dialog.view.picture is None
    assert dialog.changes.rowCount() == 0
    assert not dialog.save_tables.isEnabled()


def test_a_fit_is_of_the_landmarks_that_are_ticked(opened):
    dialog, session, settle = opened
    assert dialog.ways.item(0, 0).data(Qt.ItemDataRole.CheckStateRole) is None
    pick(dialog.line, "Best fit")
    settle()
    assert dialog.tabs.currentWidget() is dialog.ways
    assert dialog.ways.item(2, 0).checkState() is Qt.CheckState.Checked
    dialog.ways.item(2, 0).setCheckState(Qt.CheckState.Unchecked)
    settle()
    assert session.wish.fit == {"Sella", "Nasion", "Gonion"}
    assert dialog.ways.item(2, 0).checkState() is Qt.CheckState.Unchecked
    assert rows(dialog.ways)[2][1] == f"{np.hypot(*GROWTH_MM):.1f}"
    for row in (0, 1):
        dialog.ways.item(row, 0).setCheckState(Qt.CheckState.Unchecked)
        settle()
    assert "A fit in 2D needs 2 landmarks at least" in dialog.told.text()
    assert dialog.ways.rowCount() == 4  # they can be ticked again
    dialog.ways.item(0, 0).setCheckState(Qt.CheckState.Checked)
    settle()
    assert dialog.view.picture is not None
    pick(dialog.line, "N–S, at N")
    settle()
    assert session.result.comparison.registration.names == ("Nasion", "Sella")


def test_scaling_is_asked_for_and_said(opened):
    dialog, _, settle = opened
    assert not dialog.scaled.isChecked()
    dialog.scaled.click()
    settle()
    assert "The later image was scaled by 1.000" in dialog.told.text()


def test_a_file_can_be_the_other_one_and_thinking_better_of_it_changes_nothing(opened, asked, tmp_path):
    dialog, session, settle = opened
    pick(dialog.cases[When.EARLIER], "From a file")
    assert dialog.cases[When.EARLIER].currentText() == "before, same patient"
    asked.open = tmp_path / "old.csv"
    write_landmarks(EARLIER, asked.open, image=make_image(spacing_known=True, path="old.png"))
    pick(dialog.cases[When.EARLIER], "From a file")
    settle()
    assert session.sources[When.EARLIER] == Source(path=asked.open)
    assert dialog.cases[When.EARLIER].currentText() == "old.csv"
    assert not dialog.readers[When.EARLIER].isEnabled()
    assert rows(dialog.ways)[2][1] == f"{np.hypot(*GROWTH_MM):.1f}"


def test_the_look_of_the_picture_follows_its_controls(opened):
    dialog, *_ = opened
    dialog.opacity.setValue(40)
    dialog.tracings.click()
    dialog.labels.click()
    assert dialog.view.look.later_opacity == pytest.approx(0.4)
    assert not dialog.view.look.tracings
    assert not dialog.view.look.labels
    assert dialog.side.isHidden()  # of volumes


def test_tables_and_picture_are_saved_and_it_is_said(opened, asked, qtbot):
    dialog, *_ = opened
    dialog.save_tables.click()
    qtbot.waitUntil(lambda: "Saved: out.csv and out-landmarks.csv." in dialog.told.text())
    measured = list(csv.DictReader(asked.table.read_text(encoding="utf-8").splitlines()))
    assert [row["measurement"] for row in measured] == ["SNMe", "S–N", "Ba–N", "share"]
    assert (measured[0]["earlier_image"], measured[0]["later_image"]) == ("before", "after")
    ways = list(csv.DictReader(asked.table.with_name("out-landmarks.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["landmark"] for row in ways] == list(EARLIER.names)
    assert float(ways[2]["distance"]) == pytest.approx(np.hypot(*GROWTH_MM), abs=1e-3)
    dialog.save_picture.click()
    qtbot.waitUntil(lambda: "Saved: out.png." in dialog.told.text())
    assert not QImage(str(asked.picture)).isNull()
    assert asked.proposed == ["superimposition.csv", "superimposition.png"]
    asked.table = asked.table.parent / "out.png" / "table.csv"
    dialog.save_tables.click()
    qtbot.waitUntil(lambda: "cannot be written" in dialog.told.text())


def test_what_is_picked_in_a_list_is_shown_in_the_picture_also_after_a_change(opened):
    dialog, session, settle = opened
    dialog.changes.selectRow(0)
    assert dialog.view.look.measurement == "SNMe"
    earlier, later = dialog.view.picture.measured["SNMe"]
    assert len(earlier) == len(later) == 2
    dialog.ways.selectRow(2)
    assert dialog.view.look.landmark == "Menton"
    dialog.opacity.setValue(30)
    assert dialog.view.look.measurement == "SNMe"
    session.swap()
    settle()
    assert dialog.view.look.measurement == "SNMe"
    assert dialog.changes.currentRow() == 0
    assert dialog.view.look.landmark == "Menton"


def test_lists_are_copied_with_all_their_digits(opened):
    dialog, *_ = opened
    dialog.ways.setFocus()
    dialog.tabs.setCurrentWidget(dialog.ways)
    dialog.ways.copy()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[:5] == ["earlier_image", "later_image", "superimposed_on", "landmark", "distance"]
    assert len(lines) == 5
    dialog.changes.copy()
    assert "Angle at nasion" in QGuiApplication.clipboard().text()


def test_without_another_image_it_asks_for_one(open_dialog, tmp_path):
    path = make_patient(tmp_path)
    with Project.open(path) as project:
        project.update_case(2, patient_group="")
    dialog, *_ = open_dialog(path)
    assert dialog.told.text() == CHOOSE
    assert dialog.cases[When.EARLIER].currentIndex() == -1
    assert not dialog.save_picture.isEnabled()


def test_where_no_analysis_fits_the_landmarks_are_shown_alone(opened):
    dialog, session, settle = opened
    session._measuring._found = FoundAnalyses()
    session.refresh()
    settle()
    assert not dialog.tabs.isTabVisible(0)
    assert dialog.tabs.currentWidget() is dialog.ways
    assert not dialog.analysis.isEnabled()
    assert rows(dialog.ways)[2][1] == f"{np.hypot(*GROWTH_MM):.1f}"


def test_closing_ends_the_session(opened):
    dialog, session, _ = opened
    dialog.reject()
    assert session.result is None
