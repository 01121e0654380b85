from dataclasses import replace
from pathlib import Path

import pytest

from app.dialogs.export_dialog import ExportDialog, described
from app.dialogs.import_dialog import ImportDialog
from app.session.questions import ExportOffer, ImportOffer, ImportWish, WhichCases
from core.landmark_files.collection_formats import collection_format
from tests.support.desk_fixtures import ANNA, BEN, MODEL

FORMS = ("tps", "coco", "wide-csv")
OFFER = ExportOffer(
    {WhichCases.ALL: (1, 2, 3), WhichCases.DONE: (), WhichCases.LISTED: (2,)},
    {WhichCases.ALL: ("wide-csv",), WhichCases.DONE: (), WhichCases.LISTED: FORMS},
    {WhichCases.ALL: frozenset({2, 3}), WhichCases.DONE: frozenset(), WhichCases.LISTED: frozenset({2})},
    (ANNA, BEN, MODEL),
    ANNA,
    Path("/data/Landmarks"),
)


@pytest.fixture
def exporting(qtbot):
    dialog = ExportDialog(OFFER)
    qtbot.addWidget(dialog)
    return dialog


@pytest.fixture
def importing(qtbot):
    dialog = ImportDialog(ImportOffer((ANNA, MODEL), Path("/data")))
    qtbot.addWidget(dialog)
    return dialog


def items(box):
    return [box.itemText(row) for row in range(box.count())]


def test_saving_begins_with_one_table_of_what_the_reader_said_else_the_model(exporting):
    wish = exporting.wish(Path("a.csv"))
    assert (wish.key, wish.cases, wish.reader, wish.or_model) == ("wide-csv", WhichCases.ALL, ANNA, True)
    assert items(exporting.cases) == ["All (3)", "Those listed in the worklist (1)"]
    assert items(exporting.reader) == [
        "Anna, else the model", "Anna", "Ben", f"{MODEL.name} (model)", "Whoever read last, else the model",
        "All readings of each case",
    ]  # fmt: skip
    exporting.reader.setCurrentIndex(4)
    wish = exporting.wish(Path("a.csv"))
    assert (wish.reader, wish.or_model, wish.everybody) == (None, False, False)


@pytest.mark.parametrize(
    ("readers", "first", "reader"),
    [
        ((ANNA, BEN), "Anna", ANNA),
        ((MODEL,), f"{MODEL.name} (model)", MODEL),
        ((BEN, MODEL), "Whoever read last, else the model", None),
    ],
)
def test_who_is_proposed_is_whom_a_person_most_likely_means(qtbot, readers, first, reader):
    dialog = ExportDialog(replace(OFFER, readers=readers))
    qtbot.addWidget(dialog)
    assert dialog.reader.currentText() == first
    assert dialog.wish(Path("a.csv")).reader == reader
    assert dialog.reader.isVisibleTo(dialog) == (len(readers) > 1)


def test_a_reader_stays_chosen_and_all_readings_are_offered_only_where_a_format_holds_them(exporting):
    exporting.reader.setCurrentIndex(5)
    assert exporting.wish(Path("a.csv")).everybody
    exporting.cases.setCurrentIndex(1)
    exporting.form.setCurrentIndex(exporting.form.findData("tps"))
    assert not exporting.wish(Path("a.tps")).everybody
    assert "All readings of each case" not in items(exporting.reader)
    exporting.reader.setCurrentIndex(exporting.reader.findText("Ben"))
    exporting.form.setCurrentIndex(exporting.form.findData("coco"))
    assert exporting.wish(Path("a.json")).reader == BEN


def test_formats_follow_the_cases_and_it_is_said_why_some_or_all_are_missing(exporting, qtbot):
    assert items(exporting.form) == ["One table of all cases"]
    assert "are not offered, since these cases are of both" in exporting.told.text()
    exporting.cases.setCurrentIndex(1)
    assert exporting.form.count() == len(FORMS)
    assert exporting.format.key == "wide-csv"
    assert "not offered" not in exporting.told.text()
    unread = ExportDialog(replace(OFFER, forms={}))
    qtbot.addWidget(unread)
    assert not unread.accepting.isEnabled()
    assert "Nobody has read any of these cases yet" in unread.told.text()


def test_what_a_format_loses_is_said(exporting):
    exporting.cases.setCurrentIndex(1)
    exporting.form.setCurrentIndex(exporting.form.findData("tps"))
    assert "For 2D images only. Written without names, states, presence and radii." in exporting.told.text()
    assert "`" not in described(collection_format("nnlandmark"))


def test_adding_wants_a_file_and_a_reader_whose_name_is_proposed(importing):
    assert not importing.accepting.isEnabled()
    assert importing.reader.currentText() == "imported"
    importing._take("/data/wings.tps")
    assert importing.accepting.isEnabled()
    assert importing.wish == ImportWish(Path("/data/wings.tps"), "wings")
    importing.reader.setCurrentText("Clara")
    importing._take("/data/others.tps")
    assert importing.wish.reader == "Clara"
    importing.reader.setCurrentText("  ")
    assert not importing.accepting.isEnabled()
