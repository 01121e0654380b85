"""Saving the landmarks of all cases in one file, and adding those of such a file, as a person asks for it."""

import csv
import threading
from dataclasses import replace

import numpy as np
import pytest

from app.session.actions import ACTIONS
from app.session.questions import ExportWish, ImportWish, WhichCases
from core.images.file import read_image
from core.project.cases import Geometry, NewCase
from core.project.readings import Reader, ReaderKind, Reading
from core.schemes.comparison import Fit
from core.values.grid import Grid
from core.values.landmarks import Landmarks, Status

ANNA, BEN, WINGS = Reader("Anna"), Reader("Ben"), Reader("wings")
MODEL = Reader("Model 1", ReaderKind.MODEL)
ACTION = {row.id: row for row in ACTIONS}


def say(project, id_, reader, x, names=("sella", "nasion")):
    geometry = Geometry.of(read_image(project.case(id_).path))
    marks = Landmarks(names, np.array([[x, 2.0], [3.0, 4.0]]), status=(Status.PLACED,) * 2)
    project.set_case_image(id_, geometry, "")
    project.save_reading(Reading(id_, reader, marks, geometry), "Place")


@pytest.fixture
def controller(windows, images):
    """A window with six cases; Anna has read the first three, Ben the first."""
    made = windows.new(*images)
    project = made.desk.project
    for id_ in project.case_ids()[:3]:
        say(project, id_, ANNA, float(id_))
    say(project, project.case_ids()[0], BEN, 9.0)
    made.desk.cases_changed.emit()
    windows.settle(made)
    return made


def told(controller):
    return [message.text for message in controller.view_state.messages]


def export(controller, windows, wish):
    controller.questions.exports = lambda _: wish
    ACTION["file.export"].trigger(controller)
    windows.settle(controller)


def gated(monkeypatch, controller):
    """Let writing wait at a gate, once it has begun; return the gate."""
    from core.landmark_files import collection_file

    gate, at_it = threading.Event(), threading.Event()
    arranged = collection_file._complete

    def wait(cases):
        at_it.set()
        assert gate.wait(10)
        return arranged(cases)

    monkeypatch.setattr(collection_file, "_complete", wait)
    controller.at_the_gate = at_it
    return gate


def start(controller, windows, wish):
    """Begin to save, and wait until the file is being written."""
    controller.questions.exports = lambda _: wish
    ACTION["file.export"].trigger(controller)
    windows.qtbot.waitUntil(controller.at_the_gate.is_set)


def bring(controller, windows, wish):
    controller.questions.imports = lambda _: wish
    ACTION["file.import"].trigger(controller)
    windows.settle(controller)


def test_without_cases_there_is_nothing_to_export_or_import(windows):
    empty = windows.new()
    assert not ACTION["file.export"].enabled_when(empty)
    assert not ACTION["file.import"].enabled_when(empty)


def test_a_table_of_all_cases_is_written_and_who_was_left_out_is_said(controller, windows, tmp_path):
    offers = []
    path = tmp_path / "all.csv"

    def answer(offer):
        offers.append(offer)
        return ExportWish("wide-csv", path)

    controller.questions.exports = answer
    assert ACTION["file.export"].enabled_when(controller)
    ACTION["file.export"].trigger(controller)
    windows.settle(controller)
    assert {which: len(ids) for which, ids in offers[0].ids.items()} == {
        WhichCases.ALL: 6, WhichCases.DONE: 3, WhichCases.LISTED: 6,
    }  # fmt: skip
    assert set(offers[0].readers) >= {ANNA, BEN}
    assert "Saved the landmarks of 3 cases as all.csv. 3 cases were left out, since nobody has read them." in told(
        controller
    )
    with path.open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 3
    assert controller.view_state.progress is None
    assert ACTION["file.export"].enabled_when(controller)


def test_one_readers_readings_of_the_done_cases_can_be_chosen(controller, windows, tmp_path):
    export(controller, windows, ExportWish("tps", tmp_path / "ben.tps", WhichCases.DONE, BEN))
    assert "Saved the landmarks of 1 case as ben.tps. 2 cases were left out, since Ben has not read them." in told(
        controller
    )
    assert (tmp_path / "ben.tps").read_text(encoding="utf-8").count("LM=2") == 1


def test_what_was_just_done_is_exported_too(controller, windows, tmp_path):
    project = controller.desk.project
    first = project.case_ids()[0]
    reading = project.reading(first, ANNA)
    controller.desk.store(
        replace(reading, landmarks=replace(reading.landmarks, points_mm=np.array([[17.0, 2.0], [3.0, 4.0]])))
    )
    export(controller, windows, ExportWish("wide-csv", tmp_path / "a.csv", reader=ANNA))
    assert "17" in (tmp_path / "a.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(("key", "name"), [("wide-csv", "all.csv"), ("labelme", "all")])
def test_cancelling_leaves_nothing_of_a_file_or_folder_behind(controller, windows, tmp_path, monkeypatch, key, name):
    out = tmp_path / "out"
    out.mkdir()
    gate = gated(monkeypatch, controller)
    start(controller, windows, ExportWish(key, out / name))
    assert not ACTION["file.export"].enabled_when(controller)
    assert controller.view_state.progress.cancellable
    controller.cancel_job()
    gate.set()
    windows.settle(controller)
    assert list(out.iterdir()) == []
    assert controller.view_state.progress is None
    assert ACTION["file.export"].enabled_when(controller)
    assert controller.questions.errors == []


def test_the_window_closes_once_the_file_is_written(controller, windows, tmp_path, monkeypatch):
    gate = gated(monkeypatch, controller)
    start(controller, windows, ExportWish("wide-csv", tmp_path / "all.csv"))
    closed = []
    assert not controller.close(close_again=lambda: closed.append((tmp_path / "all.csv").exists()))
    assert "The window closes once all.csv is saved." in told(controller)
    gate.set()
    windows.settle(controller)
    assert closed == [True]
    assert list(tmp_path.glob(".tmp-*")) == []


def test_a_person_who_does_not_wait_for_the_file_leaves_none_behind(controller, windows, tmp_path, monkeypatch):
    gate = gated(monkeypatch, controller)
    start(controller, windows, ExportWish("wide-csv", tmp_path / "all.csv"))
    closed = []
    assert not controller.close(close_again=lambda: closed.append("first"))
    controller.questions.goes_on = True
    assert not controller.close(close_again=lambda: closed.append("second"))
    assert "still saving all.csv" in controller.questions.asked
    gate.set()
    windows.settle(controller)
    assert closed == ["second"]
    assert list(tmp_path.glob("*all.csv")) == list(tmp_path.glob(".tmp-*")) == []


def test_a_model_speaks_for_the_cases_that_the_reader_has_not_read(controller, windows, tmp_path):
    project = controller.desk.project
    ids = project.case_ids()
    for id_ in ids[:5]:
        say(project, id_, MODEL, 5.0)
    export(controller, windows, ExportWish("wide-csv", tmp_path / "a.csv", reader=ANNA, or_model=True))
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        assert [row["reader"] for row in csv.DictReader(file)] == ["Anna"] * 3 + [MODEL.name] * 2
    assert "1 case was left out, since neither Anna nor a model has read it." in told(controller)[-1]


def test_only_formats_that_can_hold_the_cases_are_offered(controller, windows, images):
    project = controller.desk.project
    offers = []
    controller.questions.exports = offers.append
    ACTION["file.export"].trigger(controller)
    windows.settle(controller)
    forms = offers[-1].forms[WhichCases.ALL]
    assert {"wide-csv", "tps", "coco"} <= set(forms)
    assert not {"nnlandmark", "bids", "dicom-sr"} & set(forms)
    (volume,) = project.add_cases([NewCase(images[0].with_name("volume.nii"), "volume")])
    geometry = Geometry(Grid.from_spacing((4, 5, 6), 1.0))
    project.set_case_image(volume, geometry, "")
    marks = Landmarks(("sella",), np.ones((1, 3)), status=(Status.PLACED,))
    project.save_reading(Reading(volume, ANNA, marks, geometry), "Place")
    ACTION["file.export"].trigger(controller)
    windows.settle(controller)
    assert offers[-1].ranks[WhichCases.ALL] == {2, 3}
    assert "wide-csv" in offers[-1].forms[WhichCases.ALL]
    assert not {"tps", "bids"} & set(offers[-1].forms[WhichCases.ALL])


def test_what_nobody_has_read_has_no_format(windows, images):
    made = windows.new()
    made.desk.project.add_cases([NewCase(path, path.stem) for path in images])
    made.desk.cases_changed.emit()
    windows.settle(made)
    offers = []
    made.questions.exports = offers.append
    ACTION["file.export"].trigger(made)
    windows.settle(made)
    assert offers[-1].forms == dict.fromkeys(WhichCases, ())


def test_a_folder_that_is_in_the_way_is_an_error_and_stays_as_it_is(controller, windows, tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    export(controller, windows, ExportWish("labelme", folder))
    assert "not an empty folder" in controller.questions.errors[-1].message
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    assert ACTION["file.export"].enabled_when(controller)


def test_landmarks_come_back_as_a_reader_of_their_own_and_overwrite_nothing(controller, windows, tmp_path):
    project, path = controller.desk.project, tmp_path / "wings.tps"
    first, second, *_ = project.case_ids()
    export(controller, windows, ExportWish("tps", path, reader=ANNA))
    bring(controller, windows, ImportWish(path, "wings"))
    assert controller.questions.errors == []
    assert "Added 3 readings of wings from wings.tps." in told(controller)[-1]
    assert project.reading(second, WINGS).landmarks.points_mm == pytest.approx(
        project.reading(second, ANNA).landmarks.points_mm
    )
    before = project.reading(first, BEN)
    bring(controller, windows, ImportWish(path, "Ben"))
    assert "Ben said something else of 1 case before, which stays." in told(controller)[-1]
    assert project.reading(first, BEN).landmarks.points_mm == pytest.approx(before.landmarks.points_mm)


@pytest.mark.parametrize(("fit", "count"), [(None, 0), (Fit.SCHEME, 3)])
def test_landmarks_that_do_not_fit_the_scheme_are_a_question(controller, windows, tmp_path, fit, count):
    from core.schemes.sources import scheme_of_names

    project, path = controller.desk.project, tmp_path / "coco.json"
    export(controller, windows, ExportWish("coco", path, reader=ANNA))
    project.set_scheme(scheme_of_names(("sella", "menton"), 2, "Other"))
    controller.questions.fit = fit
    bring(controller, windows, ImportWish(path, "wings"))
    assert any("coco.json does not fit" in asked for asked in controller.questions.asked)
    assert sum(project.reading(id_, WINGS) is not None for id_ in project.case_ids()) == count
    assert project.scheme(2).names == ("sella", "menton")


def test_a_file_of_other_images_is_an_error(controller, windows, tmp_path):
    path = tmp_path / "other.tps"
    path.write_text("LM=1\n1 2\nIMAGE=elsewhere.png\n", encoding="utf-8")
    bring(controller, windows, ImportWish(path, "wings"))
    assert "No case of the project is in other.tps." in controller.questions.errors[-1].message
    assert ACTION["file.import"].enabled_when(controller)


def test_what_is_imported_as_the_one_who_reads_is_shown_at_once_and_not_lost_by_the_next_step(
    controller, windows, tmp_path
):
    project, path = controller.desk.project, tmp_path / "anna.tps"
    export(controller, windows, ExportWish("tps", path, reader=ANNA))
    controller.desk.reader = Reader("Clara")
    windows.settle(controller)
    bring(controller, windows, ImportWish(path, "Clara"))
    shown = project.reading(controller.desk.current, Reader("Clara"))
    assert controller.document.landmarks.points_mm == pytest.approx(shown.landmarks.points_mm)
