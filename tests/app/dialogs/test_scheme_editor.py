"""The scheme editor, by keys and mouse: a person without any file comes to a scheme."""

import json

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QColorDialog, QComboBox, QDialog, QLabel, QLineEdit, QMessageBox

from app.dialogs.scheme_editor import SchemeEditor
from app.dialogs.scheme_table import ABBREVIATION, COLOUR, DEFINITION, MIDLINE, NAME, PARTNER
from app.session.questions import SchemeStart
from core.schemes import draft as edits
from core.schemes.draft import Draft
from core.schemes.file import read_scheme

KEY = Qt.Key
NO_KEY = Qt.KeyboardModifier.NoModifier


def of_names(*names, title="Wing"):
    return edits.with_rows(Draft(title, 2), names)


@pytest.fixture
def make(qtbot):
    def made(draft=Draft(), of_image=Draft()):  # noqa: B008 - drafts never change
        dialog = SchemeEditor(SchemeStart(draft, of_image))
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: not dialog._jobs.busy)
        qtbot.waitExposed(dialog)
        return dialog

    return made


def editor_of(dialog):
    return next(iter(dialog.table.viewport().findChildren(QLineEdit)), None)


def type_names(dialog, *names, qtbot):
    for name in names:
        qtbot.waitUntil(lambda: editor_of(dialog) is not None)
        field = editor_of(dialog)
        QTest.keyClicks(field, name)
        QTest.keyClick(field, KEY.Key_Return)
        qtbot.waitUntil(lambda name=name: dialog.model.draft.names[-1:] == (name,))
        qtbot.waitUntil(lambda field=field: editor_of(dialog) not in (None, field))


def cell(dialog, row, column=NAME):
    return dialog.model.index(row, column)


def test_names_are_typed_one_after_the_other_with_enter(make, qtbot):
    dialog = make()
    assert not dialog.use.isEnabled()
    assert dialog.said.text().startswith("Type a name")
    QTest.keyClicks(dialog.title, "Fly wing")
    QTest.keyClick(dialog.title, KEY.Key_Return)
    type_names(dialog, "Tip", "Notch", "Hinge", qtbot=qtbot)
    QTest.keyClick(editor_of(dialog), KEY.Key_Escape)
    assert dialog.answer is None
    assert dialog.model.draft.names == ("Tip", "Notch", "Hinge")
    dialog.use.click()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert (dialog.answer.scheme.title, dialog.answer.scheme.name) == ("Fly wing", "fly-wing")
    assert dialog.answer.scheme.names == ("Tip", "Notch", "Hinge")


def test_what_is_wrong_is_said_beside_the_list_and_shown_in_the_cell(make):
    dialog = make(of_names("Tip", "Notch"))
    dialog.model.setData(cell(dialog, 1), "Tip")
    assert dialog.said.text() == "There are 2 landmarks called “Tip”. (1 more)"
    assert not dialog.use.isEnabled()
    assert dialog.model.data(cell(dialog, 0), Qt.ItemDataRole.BackgroundRole) is not None
    assert "2 landmarks" in dialog.model.data(cell(dialog, 1), Qt.ItemDataRole.ToolTipRole)
    QTest.keyClick(dialog, KEY.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert dialog.answer is None
    dialog.model.undo()
    assert dialog.use.isEnabled()
    assert dialog.model.data(cell(dialog, 0), Qt.ItemDataRole.BackgroundRole) is None


def test_rows_move_by_keys_and_are_removed_and_all_of_it_undone(make):
    dialog = make(of_names("a", "b", "c", "d"))
    table = dialog.table
    table.select([1, 2])
    QTest.keyClick(table, KEY.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert dialog.model.draft.names == ("b", "c", "a", "d")
    assert table.places == [0, 1]
    QTest.keyClick(table, KEY.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert dialog.model.draft.names == ("b", "c", "a", "d")
    QTest.keyClick(table, KEY.Key_Down, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(table, KEY.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert dialog.model.draft.names == ("a", "d", "b", "c")
    QTest.keyClick(table, KEY.Key_Delete)
    assert dialog.model.draft.names == ("a", "d")
    for _ in range(4):
        QTest.keyClick(table, KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert dialog.model.draft.names == ("a", "b", "c", "d")
    QTest.keyClick(table, KEY.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert dialog.model.draft.names == ("b", "c", "a", "d")


def test_rows_are_dragged(make):
    dialog = make(of_names("a", "b", "c", "d"))
    table = dialog.table
    table.select([0, 1])
    mime = QMimeData()  # the event does not keep it alive

    def drop(row, below):
        rect = table.visualRect(cell(dialog, row))
        place = QPointF(rect.center() + QPoint(0, 6 if below else -6))
        event = QDropEvent(place, table.model().supportedDropActions(), mime, Qt.MouseButton.LeftButton, NO_KEY)
        event.setDropAction(Qt.DropAction.MoveAction)
        table.dropEvent(event)
        action = event.dropAction()
        assert action == Qt.DropAction.CopyAction  # after a move Qt would remove the rows

    drop(2, below=True)
    assert dialog.model.draft.names == ("c", "a", "b", "d")
    assert table.places == [1, 2]
    drop(4, below=True)
    assert dialog.model.draft.names == ("c", "d", "a", "b")
    drop(0, below=False)
    assert dialog.model.draft.names == ("a", "b", "c", "d")


def test_partners_are_chosen_from_a_list_and_paired_by_name(make):
    dialog = make(of_names("Left eye", "nose", "Right eye"))
    dialog.table.type_into(1, PARTNER)
    (box,) = dialog.table.viewport().findChildren(QComboBox)
    assert [box.itemText(row) for row in range(box.count())] == ["none", MIDLINE, "Left eye", "Right eye"]
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert dialog.model.data(cell(dialog, 1, PARTNER)) == MIDLINE
    dialog.pair.click()
    assert dialog.model.data(cell(dialog, 0, PARTNER)) == "Right eye"
    assert not dialog.pair.isEnabled()
    dialog.use.click()
    assert dialog.answer.scheme.mirrored == (2, 1, 0)


def test_colours_definitions_and_the_preview(make, monkeypatch):
    dialog = make(of_names("Tip", "Notch"))
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#12ab34"))
    dialog.table.setCurrentIndex(cell(dialog, 1, COLOUR))
    QTest.keyClick(dialog.table, KEY.Key_Return)
    dialog.definition.setFocus()
    QTest.keyClicks(dialog.definition, "Where the edge is cut in.")
    dialog.model.setData(cell(dialog, 1, ABBREVIATION), "N")
    assert dialog.card.text() == "Notch (N)\nWhere the edge is cut in."
    assert dialog.model.data(cell(dialog, 1, DEFINITION)) == "Where the edge is cut in."
    dialog.table.setCurrentIndex(cell(dialog, 0))
    assert dialog.definition.toPlainText() == ""
    dialog.use.click()
    mark = dialog.answer.scheme.landmarks[1]
    assert (mark.colour, mark.abbreviation, mark.definition) == ("#12ab34", "N", "Where the edge is cut in.")


def has_picture(card):
    """Tell whether the card shows a picture; it has no colour."""
    return any(not label.isHidden() and not label.pixmap().isNull() for label in card.findChildren(QLabel))


def test_pictures_are_taken_in_small(make, tmp_path, qtbot):
    picture = QImage(3000, 1500, QImage.Format.Format_RGB32)
    picture.fill(QColor("#336699"))
    picture.save(str(tmp_path / "wing.jpg"))
    dialog = make(of_names("Tip", "Notch"))
    dialog.table.setCurrentIndex(cell(dialog, 1))
    dialog.take_picture(tmp_path / "wing.jpg")
    dialog.table.setCurrentIndex(cell(dialog, 0))
    qtbot.waitUntil(lambda: not dialog._jobs.busy)
    assert not has_picture(dialog.card)
    dialog.table.setCurrentIndex(cell(dialog, 1))
    assert has_picture(dialog.card)
    dialog.use.click()
    taken = QImage.fromData(dialog.answer.scheme.landmarks[1].picture_png)
    assert (taken.width(), taken.height()) == (640, 320)


def test_drawings_are_taken_and_what_is_no_picture_is_refused(make, tmp_path, qtbot):
    (tmp_path / "a.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="5"><rect width="10" height="5"/></svg>'
    )
    (tmp_path / "b.png").write_text("no picture")
    dialog = make(of_names("Tip"))
    dialog.table.setCurrentIndex(cell(dialog, 0))
    dialog.take_picture(tmp_path / "a.svg")
    qtbot.waitUntil(lambda: not dialog._jobs.busy)
    assert has_picture(dialog.card)
    dialog.take_picture(tmp_path / "b.png")
    qtbot.waitUntil(lambda: dialog.findChildren(QMessageBox) != [])
    (box,) = dialog.findChildren(QMessageBox)
    assert box.text().startswith("b.png is not a picture that can be read")
    box.close()
    dialog.drop_picture.click()
    assert not has_picture(dialog.card)


def test_it_begins_with_a_file_a_bundled_scheme_the_image_or_the_clipboard(make, tmp_path, qtbot):
    (tmp_path / "list.csv").write_text("name\nTip\nNotch\n")
    dialog = make(of_names("x"), of_names("one", "two"))
    dialog.read(tmp_path / "list.csv")
    qtbot.waitUntil(lambda: dialog.model.draft.names == ("Tip", "Notch"))
    texts = [action.text() for action in dialog.bundled.actions()]
    assert len(texts) == 4
    next(action for action in dialog.bundled.actions() if "mouse" in action.text()).trigger()
    assert len(dialog.model.draft.rows) == 45
    assert dialog.model.draft.ndim == 2
    assert dialog.said.text() == "It was made for volumes; here it is used for 2D images."
    of_image = next(action for action in dialog.begin_with.menu().actions() if "image" in action.text())
    of_image.trigger()
    assert dialog.model.draft.names == ("one", "two")
    QGuiApplication.clipboard().setText("Sella\tS\nNasion\tN\n")
    dialog.table.select([2])
    QTest.keyClick(dialog.table, KEY.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert dialog.model.draft.names == ("one", "two", "Sella", "Nasion")
    assert dialog.model.draft.rows[3].abbreviation == "N"


def test_it_is_saved_as_a_file_and_a_wrong_folder_is_told(make, tmp_path, qtbot):
    dialog = make(of_names("Tip", "Notch"))
    dialog.write(tmp_path / "wing.json")
    qtbot.waitUntil(lambda: dialog.said.text() == "Saved to wing.json.")
    assert [mark["name"] for mark in json.loads((tmp_path / "wing.json").read_text())["landmarks"]] == ["Tip", "Notch"]
    assert read_scheme(tmp_path / "wing.json").names == ("Tip", "Notch")
    (tmp_path / "file").write_text("")
    dialog.write(tmp_path / "file" / "wing.json")
    qtbot.waitUntil(lambda: dialog.findChildren(QMessageBox) != [])
    (box,) = dialog.findChildren(QMessageBox)
    assert "cannot be written" in box.text()
    box.close()


def test_other_names_for_landmarks_of_the_image_are_handed_back(make):
    dialog = make(Draft.of(read_scheme("olfactory-2")))
    dialog.model.setData(cell(dialog, 0), "Right bulb")
    dialog.use.click()
    assert dialog.answer.renamed == {"Right olfactory bulb": "Right bulb"}
    assert dialog.answer.scheme.landmarks[1].mirrored == "Right bulb"


def test_cancel_gives_nothing(make):
    dialog = make(of_names("Tip"))
    dialog.reject()
    assert dialog.answer is None
