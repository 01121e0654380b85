import pytest
from PySide6.QtWidgets import QDialogButtonBox

from app.dialogs.pixel_size_dialog import PixelSizeDialog
from app.session.questions import OnRuler, PixelSize


@pytest.fixture
def make(qtbot):
    def made(current_mm, others=0):
        dialog = PixelSizeDialog(current_mm, others)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return made


def accept(dialog):
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    return dialog.answer


def test_one_number_serves_for_square_pixels(make):
    dialog = make(None)
    assert dialog.square.isChecked()
    assert not dialog.height_mm.isEnabled()
    dialog.width_mm.setValue(0.125)
    assert accept(dialog) == PixelSize((0.125, 0.125))


def test_width_and_height_are_columns_and_rows(make):
    dialog = make((0.2, 0.1))
    assert (dialog.width_mm.value(), dialog.height_mm.value()) == (0.1, 0.2)
    assert not dialog.square.isChecked()
    dialog.height_mm.setValue(0.3)
    assert accept(dialog) == PixelSize((0.3, 0.1))


def test_ok_without_a_change_gives_back_every_digit(make):
    assert accept(make((0.143219876, 0.143219876))) == PixelSize((0.143219876, 0.143219876))
    assert accept(make((0.2000049, 0.1))) == PixelSize((0.2000049, 0.1))


def test_a_list_is_offered_only_where_there_is_one(make):
    assert not make(None).for_all.isVisible()
    dialog = make(None, others=3)
    assert dialog.for_all.isVisible()
    dialog.for_all.setChecked(True)
    assert accept(dialog) == PixelSize((0.1, 0.1), for_all=True)


def test_the_ruler_is_another_answer(make):
    dialog = make((0.3, 0.3))
    dialog.measure.click()
    assert dialog.answer is OnRuler.MEASURE
