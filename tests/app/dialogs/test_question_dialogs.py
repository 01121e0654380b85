from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QFileDialog, QMessageBox, QToolButton, QWidget

from app.desktop.theme import apply_theme
from app.dialogs.question_dialogs import Dialogs, PixelSizeDialog, with_suffix
from app.session.questions import OnRuler, Unsaved
from core.base.errors import ImageReadError
from core.models.metadata import read_model_info


@pytest.fixture
def dialogs(qtbot) -> Dialogs:
    made = Dialogs()
    made.parent = QWidget()
    qtbot.addWidget(made.parent)
    return made


def box_on_screen() -> QMessageBox:
    (box,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible()]
    return box


def press(button: QMessageBox.StandardButton) -> None:
    QTimer.singleShot(50, lambda: box_on_screen().button(button).click())


@pytest.mark.parametrize(
    ("button", "answer"),
    [
        (QMessageBox.StandardButton.Save, Unsaved.SAVE),
        (QMessageBox.StandardButton.Discard, Unsaved.DISCARD),
        (QMessageBox.StandardButton.Cancel, Unsaved.CANCEL),
    ],
)
def test_the_unsaved_question_has_three_answers(dialogs, button, answer):
    press(button)
    assert dialogs.unsaved("scan.png") is answer


def test_an_error_shows_message_and_hint_and_does_not_block(dialogs):
    dialogs.show_error(ImageReadError("scan.png is empty.", "Export it again."))
    box = box_on_screen()
    assert (box.text(), box.informativeText()) == ("scan.png is empty.", "Export it again.")
    box.close()


def test_a_model_shows_its_origin_before_it_is_loaded(dialogs, model_path):
    seen = []

    def look() -> None:
        box = box_on_screen()
        seen.append(box.text() + box.informativeText())
        box.button(QMessageBox.StandardButton.Cancel).click()

    QTimer.singleShot(50, look)
    assert not dialogs.accepts_model(read_model_info(model_path), model_path)
    assert "Test model 1" in seen[0]
    assert str(model_path) in seen[0]
    assert "Licence" in seen[0]
    assert "only if you trust" in seen[0]


def test_the_details_of_an_unexpected_error_can_be_copied(dialogs, tmp_path):
    dialogs.show_unexpected("builtins.ZeroDivisionError\n  app/x.py:3 in y", tmp_path / "cairn.log")
    box = box_on_screen()
    assert "inside Cairn" in box.text()
    (copy,) = [button for button in box.buttons() if "Copy" in button.text()]
    copy.click()
    assert QApplication.clipboard().text().startswith("builtins.ZeroDivisionError")
    assert box.isVisible()
    box.close()


def test_the_pixel_size_is_a_number_or_a_ruler(qtbot):
    dialog = PixelSizeDialog(None)
    qtbot.addWidget(dialog)
    dialog.size_mm.setValue(0.125)
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert dialog.answer == 0.125
    other = PixelSizeDialog(0.3)
    qtbot.addWidget(other)
    assert other.size_mm.value() == 0.3
    other.measure.click()
    assert other.answer is OnRuler.MEASURE


@pytest.mark.parametrize(
    ("name", "suffix", "expected"),
    [
        ("scan", ".csv", "scan.csv"),
        ("scan.csv", ".csv", "scan.csv"),
        ("scan.csv", ".mrk.json", "scan.mrk.json"),
        ("scan.mrk.json", ".fcsv", "scan.fcsv"),
        ("scan.v2", ".csv", "scan.v2.csv"),
    ],
)
def test_a_name_gets_the_suffix_of_the_chosen_kind(name, suffix, expected):
    assert with_suffix(Path("/x") / name, suffix) == Path("/x") / expected


@pytest.mark.parametrize(
    ("button", "expected"),
    [(QMessageBox.StandardButton.Yes, "scan.fcsv"), (QMessageBox.StandardButton.No, None)],
)
def test_a_completed_name_never_replaces_a_file_unasked(dialogs, tmp_path, monkeypatch, button, expected):
    (tmp_path / "scan.fcsv").write_text("")
    chosen = (str(tmp_path / "scan"), "3D Slicer fiducials, old (*.fcsv)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
    press(button)
    path = dialogs.export_path(tmp_path / "scan.csv")
    assert (path.name if path else None) == expected


def test_the_theme_leaves_no_stock_icons_on_buttons(qtbot, qapp):
    before = qapp.styleSheet(), qapp.palette(), qapp.style().name()
    try:
        apply_theme(qapp)
        dialog = PixelSizeDialog(None)
        qtbot.addWidget(dialog)
        dialog.grab()
        ok = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
        assert ok.icon().isNull()
        assert not qapp.windowIcon().isNull()
    finally:
        qapp.setStyle(before[2])
        qapp.setPalette(before[1])
        qapp.setStyleSheet(before[0])


def test_the_buttons_of_qts_own_file_dialog_can_be_seen_in_the_dark(qapp, qtbot):
    before = qapp.styleSheet()
    apply_theme(qapp)
    try:
        dialog = QFileDialog()
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        qtbot.addWidget(dialog)
        dialog.show()
        for name in (
            "backButton",
            "forwardButton",
            "toParentButton",
            "newFolderButton",
            "listModeButton",
            "detailModeButton",
        ):
            drawn = dialog.findChild(QToolButton, name).icon().pixmap(24, 24).toImage()
            colours = [drawn.pixelColor(x, y) for x in range(drawn.width()) for y in range(drawn.height())]
            strokes = [colour.lightness() for colour in colours if colour.alpha() > 200]
            assert len(strokes) > 10, name
            assert sum(strokes) / len(strokes) > 150, name
    finally:
        qapp.setStyleSheet(before)
