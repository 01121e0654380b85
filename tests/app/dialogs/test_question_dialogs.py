from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QFileDialog, QMessageBox, QToolButton, QWidget

from app.desktop.theme import apply_theme
from app.dialogs.pixel_size_dialog import PixelSizeDialog
from app.dialogs.question_dialogs import Dialogs
from app.dialogs.scheme_editor import SchemeEditor
from app.session.questions import MmOfFile, Occupied, Overwrite, SchemeStart, Unsaved
from core.base.errors import ImageReadError
from core.landmark_files.formats import SUFFIX_OF_FILTER
from core.models.metadata import read_model_info
from core.schemes.comparison import Fit
from core.schemes.draft import Draft, with_rows


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


def click(text: str, seen: list[str] | None = None) -> None:
    """Press the button with this text in the box that opens next, and note what the box says."""

    def press() -> None:
        box = box_on_screen()
        if seen is not None:
            seen.append(f"{box.text()} {box.informativeText()}")
        (button,) = [button for button in box.buttons() if button.text().replace("&", "") == text]
        button.click()

    QTimer.singleShot(50, press)


@pytest.mark.parametrize(("button", "answer"), [("Show them here", True), ("Cancel", False)])
def test_landmarks_of_another_image_are_shown_only_on_purpose(dialogs, button, answer):
    seen = []
    click(button, seen)
    assert dialogs.belongs_here(Path("/x/a.csv"), "a.png", "b.png") is answer
    assert "a.csv were made on a.png" in seen[0]
    assert "This image is b.png" in seen[0]


@pytest.mark.parametrize(
    ("button", "answer"),
    [("Set pixel size…", MmOfFile.NEED_PIXEL_SIZE), ("1 mm is 1 px", MmOfFile.ARE_PX), ("Cancel", None)],
)
def test_mm_without_a_pixel_size_have_three_answers(dialogs, button, answer):
    click(button)
    assert dialogs.mm_without_pixel_size(Path("/x/a.mrk.json")) is answer


@pytest.mark.parametrize(
    ("button", "by_file", "answer"),
    [
        ("The scheme’s", True, Fit.SCHEME),
        ("Both", False, Fit.BOTH),
        ("The file’s", True, Fit.FILE),
        ("Cancel", False, None),
    ],
)
def test_landmarks_that_do_not_fit_the_scheme_are_a_question(dialogs, button, by_file, answer):
    seen = []
    click(button, seen)
    assert dialogs.scheme_fit("a.csv", ("Not in the scheme: b.",), by_file=by_file) is answer
    assert "The landmarks of a.csv do not fit the scheme. Not in the scheme: b." in seen[0]


def test_a_scheme_is_made_in_the_editor(dialogs):
    seen = []

    def use() -> None:
        (editor,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, SchemeEditor) and w.isVisible()]
        seen.append(editor.model.draft.names)
        editor.use.click()

    QTimer.singleShot(100, use)
    answer = dialogs.scheme(SchemeStart(with_rows(Draft("Wing"), ["Tip"]), Draft()))
    assert seen == [("Tip",)]
    assert answer.scheme.names == ("Tip",)
    QTimer.singleShot(100, lambda: QApplication.activeModalWidget().reject())
    assert dialogs.scheme(SchemeStart(Draft(), Draft())) is None


@pytest.mark.parametrize(
    ("button", "answer"),
    [("Replace", Overwrite.REPLACE), ("Save as…", Overwrite.ELSEWHERE), ("Cancel", Overwrite.CANCEL)],
)
def test_a_file_in_the_way_has_three_answers(dialogs, button, answer):
    click(button)
    assert dialogs.overwrites(Occupied(Path("/x/a.csv"), "ab")) is answer


@pytest.mark.parametrize(
    ("occupied", "words"),
    [
        (Occupied(Path("/x/a.csv"), "ab"), "a.csv is already there"),
        (Occupied(Path("/x/a.csv"), "ab", changed=True), "a.csv has changed since"),
        (Occupied(Path("/x/a.csv"), "ab", image_name="b.png"), "the landmarks of another image, b.png"),
    ],
)
def test_why_a_file_is_in_the_way_is_said(dialogs, occupied, words):
    seen = []
    click("Cancel", seen)
    dialogs.overwrites(occupied)
    assert words in seen[0]
    assert "lost" in seen[0]


@pytest.mark.parametrize(("button", "answer"), [("Don’t wait", True), ("Wait", False)])
def test_a_slow_drive_is_waited_for_or_not(dialogs, button, answer):
    click(button)
    assert dialogs.stops_waiting(Path("/x/a.csv")) is answer


def test_enter_and_escape_leave_a_file_alone(dialogs):
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        QTimer.singleShot(50, lambda key=key: QTest.keyClick(box_on_screen(), key))
        assert dialogs.overwrites(Occupied(Path("/x/a.csv"), "ab")) is Overwrite.CANCEL


@pytest.mark.parametrize(
    ("name", "suffix", "expected"),
    [
        ("scan.csv", ".csv", "scan.csv"),
        ("scan.csv", ".mrk.json", "scan.mrk.json"),  # the name was left alone, so the kind that was chosen counts
        ("mine", ".csv", "mine.csv"),
        ("mine.csv", ".mrk.json", "mine.csv"),  # a name that was typed says its kind itself
        ("mine.FCSV", ".csv", "mine.FCSV"),
        ("mine.mrk.json", ".fcsv", "mine.mrk.json"),
        ("scan.v2", ".csv", "scan.v2.csv"),
        ("Mr. X", ".csv", "Mr. X.csv"),
        ("2024.11.27", ".csv", "2024.11.27.csv"),
        ("mine.xlsx", ".csv", "mine.xlsx"),  # refused in a sentence later
        ("mine.json", ".csv", "mine.json"),
    ],
)
def test_what_is_typed_wins_over_the_kind_of_file(dialogs, name, suffix, expected, monkeypatch):
    (kind,) = [kind for kind, ending in SUFFIX_OF_FILTER.items() if ending == suffix]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (f"/x/{name}", kind))
    assert dialogs.save_path(Path("/x/scan.csv")) == Path("/x") / expected


def test_no_name_is_no_answer(dialogs, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    assert dialogs.save_path(Path("/x/scan.csv")) is None


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
