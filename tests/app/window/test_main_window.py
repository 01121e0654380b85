import re
from dataclasses import replace
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeySequence, QUndoCommand
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from app.desktop.chrome import chrome
from app.dialogs.shortcut_sheet import ShortcutSheet
from app.panels.landmark_table import CERTAINTY, NAME, PRESENCE, STATUS, Z
from app.session.actions import ACTIONS, LANDMARK_MENU, TOOLBAR
from app.session.questions import Unsaved
from app.session.view_state import Sort
from tests.support.hand import LEFT, drop, screen, wheel

SHOWN = ["Sella (S)", "Nasion (N)", "Menton (Me)", "Gonion (Go)"]

# The table of actions


def test_ids_and_keys_are_unique_and_lists_name_real_actions():
    ids = [action.id for action in ACTIONS]
    keys = [QKeySequence(key).toString() for action in ACTIONS for key in action.shortcuts]
    assert len(set(ids)) == len(ids)
    assert len(set(keys)) == len(keys)
    assert "" not in keys
    assert {*LANDMARK_MENU, *(id_ for group in TOOLBAR for id_ in group)} <= set(ids)


def test_every_drawn_icon_exists(empty_window):
    for action in ACTIONS:
        icon = empty_window.actions_by_id[action.id].icon()
        assert icon.isNull() == (not action.icon)
        assert not action.icon or not icon.pixmap(22, 22).isNull()


def test_without_an_image_only_what_needs_none_can_be_done(empty_window):
    enabled = {id_ for id_, action in empty_window.actions_by_id.items() if action.isEnabled()}
    assert enabled - {"file.sample_xray", "file.sample_volume"} == {
        "file.open", "file.folder", "file.model", "file.quit", "help.shortcuts", "help.about",
    }  # fmt: skip
    assert empty_window.pages.currentIndex() == 0
    assert not empty_window.dock.isVisible()


def test_the_empty_state_offers_both_samples(empty_window, qtbot):
    buttons = {button.text().replace("&", ""): button for button in empty_window.empty_state.findChildren(QPushButton)}
    assert {"Open image…", "Open folder…", "Head X-ray, 2D", "Mouse skull CT, 3D"} == set(buttons)
    QTest.mouseClick(buttons["Mouse skull CT, 3D"], LEFT)
    controller = empty_window.controller
    qtbot.waitUntil(lambda: controller.document.image is not None and not controller.jobs.busy)
    assert controller.document.image.ndim == 3
    assert controller.document.image.source.path.name == "mouse_skull.nii.gz"
    qtbot.waitUntil(empty_window.viewer.isVisible)


def test_every_action_can_be_triggered_without_an_image_and_with_one(window, empty_window, answers, qtbot):
    for action in ACTIONS:
        if not action.of_window:
            action.trigger(window.controller)
    qtbot.waitUntil(lambda: not window.controller.jobs.busy)
    assert answers.errors == []


def test_the_sheet_names_every_key(empty_window, qtbot):
    empty_window.show_shortcuts()
    (sheet,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, ShortcutSheet)]
    text = "".join(label.text() for label in sheet.findChildren(QLabel))
    for action in ACTIONS:
        for key in action.shortcuts:
            assert QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) in text
            assert escape(action.name) in text
    assert "Hold H" in text
    sheet.close()


def test_mnemonics_are_there_and_unique_in_every_menu_and_in_the_window(window, empty_window):
    menus = [action.menu() for action in window.menuBar().actions()]
    for menu in menus:
        menu.aboutToShow.emit()
    inner = [action.menu() for menu in menus for action in menu.actions() if action.menu()]
    for menu in inner:
        menu.aboutToShow.emit()
    for menu in (*menus, *inner):
        shown = [action.text() for action in menu.actions() if not action.isSeparator() and action.isVisible()]
        assert_mnemonics(shown, menu.title())
    buttons = [button.text() for button in window.empty_state.findChildren(QPushButton)]
    cancel = window.status_bar.cancel_button.text()
    assert_mnemonics([*(action.text() for action in window.menuBar().actions()), *buttons, cancel], "the window")
    assert_mnemonics([window.actions_by_id[id_].text() for id_ in LANDMARK_MENU], "the menu of a landmark")


def assert_mnemonics(texts, where):
    keys = [QKeySequence.mnemonic(text).toString() for text in texts]
    assert all(keys), f"{where}: {[text for text, key in zip(texts, keys, strict=True) if not key]}"
    assert len(set(keys)) == len(keys), f"{where}: {sorted(zip(keys, texts, strict=True))}"


def test_one_thing_has_one_name(window):
    words = "".join(f"{action.name}\n{action.toolbar}\n" for action in ACTIONS)
    assert not re.search(r"(?i)export|locali[sz]e|absent", words)
    assert {window.actions_by_id[id_].iconText() for id_ in ("landmark.find", "file.save", "landmark.absent")} == {
        "Find landmarks", "Save", "Not present",
    }  # fmt: skip


def test_an_ampersand_in_a_name_is_shown(window):
    window.controller.undo_stack.push(QUndoCommand("Rename A&B"))
    window.refresh()
    assert window.actions_by_id["edit.undo"].text() == "&Undo “Rename A&&B”"


# Table, stages, drop, close


def test_the_table_shows_names_states_and_worst_first(window):
    model = window.table.model()
    assert [model.index(row, NAME).data() for row in range(4)] == SHOWN
    assert model.index(0, PRESENCE).data() == "90 %"
    assert model.index(0, STATUS).data() == "predicted"
    assert window.table.isColumnHidden(Z)
    window.table.horizontalHeader().sectionClicked.emit(PRESENCE)
    assert window.controller.view_state.sort is Sort.PRESENCE
    assert [model.index(row, NAME).data() for row in range(4)] == list(reversed(SHOWN))


def test_the_table_shows_radii_where_the_model_is_calibrated(window):
    model, document = window.table.model(), window.controller.document
    assert model.headerData(CERTAINTY, Qt.Orientation.Horizontal) == "Spread px"
    assert model.index(3, CERTAINTY).data() == "4.0"
    assert model.index(3, CERTAINTY).data(Qt.ItemDataRole.ToolTipRole).startswith("Spread 4.0 px")
    document.set_landmarks(replace(document.landmarks, radius_mm=[5, 8, 7, 6]))
    assert model.headerData(CERTAINTY, Qt.Orientation.Horizontal) == "± px (90 %)"
    assert "90 % of cases" in model.headerData(CERTAINTY, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert [model.index(row, CERTAINTY).data() for row in range(4)] == ["5.0", "8.0", "7.0", "6.0"]
    assert "90 % of cases" in model.index(1, CERTAINTY).data(Qt.ItemDataRole.ToolTipRole)
    window.table.horizontalHeader().sectionClicked.emit(CERTAINTY)
    assert [model.index(row, NAME).data() for row in range(4)] == [SHOWN[row] for row in (1, 2, 3, 0)]


def test_what_the_model_said_is_faint_where_a_person_has_decided(window):
    model, editor = window.table.model(), window.controller.editor
    assert model.index(0, CERTAINTY).data(Qt.ItemDataRole.ForegroundRole) is None
    editor.select("Sella")
    window.controller.checking.confirm()
    for column in (PRESENCE, CERTAINTY):
        assert model.index(0, column).data(Qt.ItemDataRole.ForegroundRole) == QColor(chrome().faint)
    assert model.index(0, NAME).data(Qt.ItemDataRole.ForegroundRole) is None


def test_worst_first_begins_with_what_still_wants_a_decision(window):
    model, editor = window.table.model(), window.controller.editor
    window.table.horizontalHeader().sectionClicked.emit(CERTAINTY)
    assert model.index(0, NAME).data() == "Gonion (Go)"
    editor.select("Gonion")
    editor.nudge(1, 0)
    assert [model.index(row, NAME).data() for row in range(4)] == [SHOWN[row] for row in (2, 1, 0, 3)]
    assert model.index(3, STATUS).data() == "corrected"
    window.controller.checking.confirm()
    assert model.index(3, STATUS).data() == "corrected, confirmed"


def test_confirming_leads_down_the_list_of_the_most_doubtful(window):
    editor, state = window.controller.editor, window.controller.view_state
    editor.sort_by(Sort.CERTAINTY)
    editor.select("Gonion")
    walked = []
    for _ in range(4):
        walked.append(state.selected)
        window.controller.checking.confirm()
    assert walked == ["Gonion", "Menton", "Nasion", "Sella"]


def test_selecting_a_row_selects_the_point_and_brings_it_into_view(window):
    wheel(window, screen(window, "Sella"), 14)
    assert not window.slice_view.rect().contains(screen(window, "Gonion"))
    window.table.selectRow(3)
    assert window.controller.view_state.selected == "Gonion"
    assert (screen(window, "Gonion") - window.slice_view.rect().center()).manhattanLength() <= 3


def test_selecting_a_point_selects_its_row(window):
    window.controller.editor.select("Menton")
    assert [index.row() for index in window.table.selectionModel().selectedRows()] == [2]
    window.controller.editor.sort_by(Sort.CERTAINTY)
    assert [index.row() for index in window.table.selectionModel().selectedRows()] == [1]
    assert window.controller.view_state.selected == "Menton"


def test_the_stage_selector_names_the_stages_and_switches_the_field(window, qtbot):
    assert [window.stage_box.itemText(i) for i in range(window.stage_box.count())] == ["Global", "Local 1"]
    window.resize(1800, 600)
    assert not window.stage_box.isVisible(), "without vectors there is nothing to choose"
    window.controller.view_state.show_vectors = True
    qtbot.waitUntil(window.stage_box.isVisible)
    window.controller.editor.select("Sella")
    window.stage_box.setCurrentIndex(1)
    window.stage_box.activated.emit(1)
    assert window.controller.view_state.stage == 1
    field = window.controller.document.field_of("Sella", 1)
    assert field.grid.shape == (40, 30)


def test_what_is_drawn_changes_with_vectors_labels_and_hiding(window, qtbot):
    def picture():
        qtbot.wait(30)
        return window.slice_view.grab().toImage()

    window.controller.editor.select("Menton")
    shown = picture()
    window.controller.view_state.show_vectors = True
    without_vectors = picture()
    window.controller.view_state.show_labels = False
    without_labels = picture()
    window.controller.view_state.hide_all = True
    bare = picture()
    window.controller.view_state.inverted = True
    pictures = [shown, without_vectors, without_labels, bare, picture()]
    assert all(a != b for i, a in enumerate(pictures) for b in pictures[i + 1 :])


def test_progress_and_cancel_are_in_the_status_line(empty_window, scan, localize, qtbot):
    localize.gate.clear()
    controller = empty_window.controller
    controller.open_paths([scan])
    qtbot.waitUntil(lambda: controller.view_state.progress is not None and controller.view_state.progress.fraction > 0)
    button = empty_window.status_bar.cancel_button
    assert button.isVisible()
    assert not empty_window.actions_by_id["landmark.find"].isEnabled()
    QTest.mouseClick(button, LEFT)
    assert not button.isEnabled()
    qtbot.waitUntil(lambda: not button.isVisible())
    assert localize.stopped.is_set()
    qtbot.waitUntil(empty_window.actions_by_id["landmark.find"].isEnabled)


def test_dropping_a_file_opens_it(empty_window, scan, qtbot):
    event = drop(empty_window, scan)
    qtbot.waitUntil(lambda: empty_window.controller.document.prediction is not None)
    assert event.isAccepted()
    qtbot.waitUntil(lambda: empty_window.windowTitle().startswith("scan.png"))
    assert empty_window.pages.currentIndex() == 1


def test_the_title_shows_the_file_and_whether_it_is_changed(window, qtbot):
    assert window.windowTitle() == "scan.png[*] – Cairn"
    assert not window.isWindowModified()
    window.controller.editor.select("Sella")
    window.controller.editor.nudge(1, 0)
    qtbot.waitUntil(window.isWindowModified)
    window.controller.editor.undo()
    qtbot.waitUntil(lambda: not window.isWindowModified())


def test_a_window_with_unsaved_work_stays_open_until_the_person_agrees(window, answers):
    window.controller.editor.select("Sella")
    window.controller.editor.nudge(1, 0)
    assert not window.close()
    assert window.isVisible()
    answers.on_unsaved = Unsaved.DISCARD
    assert window.close()


def test_closing_the_window_while_localizing_stops_the_job(empty_window, scan, localize, monkeypatch, qtbot):
    jobs, visible = empty_window.controller.jobs, []
    shut_down = jobs.shut_down
    monkeypatch.setattr(jobs, "shut_down", lambda: (visible.append(empty_window.isVisible()), shut_down()))
    localize.gate.clear()
    empty_window.controller.open_paths([scan])
    qtbot.waitUntil(localize.started.is_set)
    assert empty_window.close()
    assert localize.stopped.is_set()
    assert visible == [False]  # nobody looks at a window that waits


def test_nothing_can_be_done_to_an_image_that_is_covered_by_the_next_one(window, qtbot):
    qtbot.waitUntil(lambda: not window.controller.jobs.busy)
    window.controller.view_state.selected = window.controller.editor.names[0]
    before = window.controller.document.landmarks
    window.controller.view_state.opening = "next.png"
    qtbot.waitUntil(lambda: not window.table.isEnabled())
    for key in (Qt.Key.Key_Space, Qt.Key.Key_X, Qt.Key.Key_Delete):
        QTest.keyClick(window, key)
    assert window.controller.document.landmarks == before
    window.controller.view_state.opening = ""
    qtbot.waitUntil(window.table.isEnabled)
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert window.controller.document.landmarks != before
