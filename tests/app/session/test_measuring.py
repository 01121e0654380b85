"""Measuring the open image: what is chosen, what follows an edit at once and what later, and what a blind reader sees."""

import threading
from dataclasses import replace

import numpy as np
import openpyxl
import pytest

from app.session.analysis_choice import read_found
from core.measuring.reader_spread import ReaderSpread
from core.values.landmarks import Status
from tests.support.measuring_fixtures import write_own
from tests.support.viewer_fixtures import idle, make_image, make_prediction, messages


@pytest.fixture
def measuring(controller, tmp_path, qtbot):
    """What measures an image whose pixel size is known, by an analysis of a person's own."""
    controller.measuring.folder = tmp_path / "analyses"
    path = write_own(controller.measuring.folder)
    image = make_image(spacing_known=True)
    prediction = make_prediction(image)
    landmarks = replace(prediction.landmarks, radius_mm=np.full(4, 0.5, np.float32))
    controller.document.set_image(image, landmarks, None, prediction)
    controller.view_state.begin(image)
    controller.measuring.read()
    idle(controller, qtbot)
    controller.measuring.choose(str(path))
    return controller.measuring


def value(measuring, key="SNMe"):
    return next(one for one in measuring.measured if one.measurement.key == key)


def test_nothing_is_measured_before_somebody_looks(measuring, monkeypatch):
    monkeypatch.setattr("app.session.measured_subject.measure", lambda *_, **__: pytest.fail("nobody looks"))
    measuring.refresh()


def test_values_are_there_at_once_and_intervals_soon(measuring, controller, qtbot):
    assert value(measuring, "S–N").known
    assert np.isnan(value(measuring, "S–N").low)
    assert measuring.rows[1].interval == "…"
    idle(controller, qtbot)
    qtbot.waitUntil(lambda: np.isfinite(value(measuring, "S–N").low))
    assert value(measuring, "S–N").low < value(measuring, "S–N").value < value(measuring, "S–N").high


def test_while_a_landmark_is_dragged_values_follow_and_intervals_wait(measuring, controller, qtbot):
    before = value(measuring).value
    qtbot.waitUntil(lambda: np.isfinite(value(measuring).low))
    controller.editor.begin_drag("Nasion", (20.0, 25.0))
    controller.editor.drag_to((22.0, 40.0))
    assert value(measuring).value != before
    assert np.isnan(value(measuring).low)
    assert not controller.jobs.busy
    controller.editor.end_drag()
    assert np.isnan(value(measuring).low)
    qtbot.waitUntil(lambda: np.isfinite(value(measuring).low))
    dragged = value(measuring).value
    controller.editor.undo()
    assert value(measuring).value == before != dragged


def test_intervals_are_computed_beside_the_main_thread_and_late_ones_are_dropped(
    measuring, controller, qtbot, monkeypatch
):
    from app.session import measured_subject as module

    gate, threads, sampled = threading.Event(), set(), []
    compute = module.measure

    def gated(*arguments, intervals, **named):
        if intervals:
            sampled.append(arguments[1].point_mm("Nasion")[1])
            threads.add(threading.current_thread())
            gate.wait(10)
        return compute(*arguments, intervals=intervals, **named)

    idle(controller, qtbot)
    monkeypatch.setattr(module, "measure", gated)
    controller.document.landmarks_changed.emit()
    assert value(measuring).known
    qtbot.waitUntil(lambda: bool(sampled))
    controller.editor.put("Nasion", np.array([20.0, 40.0]))
    moved = value(measuring).value
    controller.editor.put("Nasion", np.array([20.0, 41.0]))
    last = value(measuring).value
    assert last != moved
    gate.set()
    qtbot.waitUntil(lambda: np.isfinite(value(measuring).low))
    assert value(measuring).value == last
    assert sampled == [25.0, 41.0]  # what changed again meanwhile was not computed
    assert threading.main_thread() not in threads


def test_landmarks_without_radii_start_no_job(measuring, controller, qtbot):
    idle(controller, qtbot)
    bare = replace(controller.document.landmarks, radius_mm=np.full(4, np.nan, np.float32))
    controller.document.set_landmarks(bare)
    assert value(measuring).known
    assert not controller.jobs.busy
    assert measuring.rows[0].interval == ""


def test_a_blind_reader_is_shown_nothing_of_the_models_marks(measuring, controller, qtbot):
    controller.cases._blind = True  # what the open image shows is brought later, by a job
    measuring.refresh()
    assert not any(one.known for one in measuring.measured)
    assert measuring.tracing == ()
    controller.view_state.show_tracing = controller.view_state.show_measurements = True
    measuring.pick("SNMe")
    assert measuring.tracing == measuring.emphasised == ()
    placed = controller.document.landmarks
    for name in ("Sella", "Nasion"):
        placed = placed.with_status(name, Status.CONFIRMED)
    controller.document.set_landmarks(placed)
    assert value(measuring, "S–N").known
    assert np.isnan(value(measuring, "S–N").low)  # the radius is the model's
    assert not value(measuring).known
    assert len(measuring.tracing) == 2
    controller.cases._blind = False
    idle(controller, qtbot)


def test_lengths_wait_for_the_pixel_size_and_a_volume_for_its_voxels(measuring, controller):
    controller.document.set_image(make_image(), make_prediction(make_image()).landmarks, None)
    assert value(measuring).known
    assert not value(measuring, "S–N").known
    volume = make_image((6, 80, 60))
    controller.document.set_image(volume, make_prediction(volume).landmarks, None)
    assert measuring.offers == ()
    assert "voxel size" in measuring.why_nothing


def test_the_choice_is_kept_for_the_next_image_and_told_to_who_remembers(measuring, controller):
    told = []
    measuring.remembered.connect(lambda: told.append(dict(measuring.chosen)))
    measuring.choose("steiner")
    assert told == [{2: "steiner"}]
    assert measuring.offer.key == "steiner"
    assert measuring.populations[0] == "clinical custom"
    other = make_image((90, 60), spacing_known=True)
    controller.document.set_image(other, make_prediction(other).landmarks, None)
    assert measuring.offer.key == "steiner"
    measuring.choose("gone")
    assert measuring.offer == measuring.offers[0]


def test_norms_of_another_population(measuring):
    assert value(measuring).norm.mean == 150
    assert measuring.populations == ("adults", "children")
    measuring.choose_population("children")
    assert value(measuring).norm.mean == 179
    measuring.choose("steiner")
    assert measuring.population == ""


def test_an_analysis_that_comes_while_older_ones_are_read_is_found(measuring, controller, monkeypatch, qtbot):
    reading, may_end = threading.Event(), threading.Event()

    def slowly(*asked):
        found = read_found(*asked)
        reading.set()
        may_end.wait(10)
        return found

    monkeypatch.setattr("app.session.measuring.read_found", slowly)
    measuring.read()
    assert reading.wait(10)
    path = write_own(measuring.folder, name="other.toml")
    measuring.read()
    may_end.set()
    idle(controller, qtbot)
    assert str(path) in {offer.key for offer in measuring.offers}


def test_a_file_that_is_opened_is_measured_by_and_remembered(measuring, controller, answers, tmp_path, qtbot):
    answers.analysis = write_own(tmp_path / "elsewhere", name="mine.toml")
    measuring.ask_open()
    qtbot.waitUntil(lambda: measuring.offer.path == answers.analysis)
    assert measuring.opened == (answers.analysis,)
    assert controller.view_state.show_measurements
    assert value(measuring).known
    idle(controller, qtbot)


def test_a_wrong_file_and_one_for_other_images_are_refused_in_a_sentence(
    measuring, controller, answers, tmp_path, qtbot
):
    answers.analysis = tmp_path / "wrong.toml"
    answers.analysis.write_text("nothing = [", encoding="utf-8")
    measuring.ask_open()
    idle(controller, qtbot)
    answers.analysis = write_own(tmp_path / "3d", ndim=3)
    measuring.ask_open()
    qtbot.waitUntil(lambda: len(answers.errors) == 2)
    assert "not a readable TOML file" in answers.errors[0].message
    assert answers.errors[1].message == "My own measures 3D images, and this one is of another kind."
    assert measuring.opened == ()


def test_a_wrong_file_in_the_folder_is_told(measuring, controller, qtbot):
    (measuring.folder / "bad.toml").write_text("x = 1", encoding="utf-8")
    measuring.read()
    qtbot.waitUntil(lambda: any("bad.toml" in text for text in messages(controller)))
    assert measuring.offer.analysis.name == "own"
    idle(controller, qtbot)


def test_picking_brings_the_landmarks_into_view_and_pointing_wins_over_it(measuring, controller):
    controller.view_state.show_measurements = False
    asked = []
    measuring.show_requested.connect(asked.append)
    measuring.pick("S–N")
    assert np.allclose(asked[0], [[10, 20], [20, 25]])
    assert measuring.emphasised == ()  # the list is not shown, so nobody knows what the lines mean
    measuring.point_at("SNMe")
    assert measuring.pointed_at == "SNMe"
    measuring.point_at(None)
    assert measuring.pointed_at == "S–N"
    measuring.pick("Ba–N")
    assert np.allclose(asked[1], [[20, 25]])  # what is known of it


def test_the_table_is_written_with_intervals(measuring, controller, answers, tmp_path, qtbot):
    answers.measurements = tmp_path / "out.csv"
    measuring.ask_save()
    qtbot.waitUntil(answers.measurements.exists)
    idle(controller, qtbot)
    assert answers.asked[-1] == "save measurements as scan-own.xlsx"
    head, _, second, *_ = answers.measurements.read_text(encoding="utf-8").splitlines()
    row = dict(zip(head.split(","), second.split(","), strict=True))
    assert row["case"] == "scan.png"
    assert float(row["low"]) < float(row["value"]) < float(row["high"])
    assert "Measurements saved to out.csv." in messages(controller)


def test_a_workbook_is_written_where_its_suffix_is_chosen(measuring, controller, answers, tmp_path, qtbot):
    answers.measurements = tmp_path / "out.xlsx"
    measuring.ask_save()
    qtbot.waitUntil(answers.measurements.exists)
    idle(controller, qtbot)
    head, _, row_of_length, *_ = openpyxl.load_workbook(answers.measurements).active.iter_rows(values_only=True)
    row = dict(zip(head, row_of_length, strict=True))
    assert row["case"] == "scan.png"
    assert row["low"] < row["value"] < row["high"]


def test_what_is_placed_by_hand_has_an_interval_once_readers_are_known(measuring, controller, qtbot):
    marks = controller.document.landmarks
    by_hand = replace(marks, status=(Status.PLACED,) * len(marks), radius_mm=np.full(len(marks), np.nan, np.float32))
    controller.document.set_landmarks(by_hand)
    assert not measuring.may_have_intervals
    measuring.take_readers({2: ReaderSpread({"Sella": 0.5, "Nasion": 0.5}, {"Sella": "us", "Nasion": "us"})})
    assert measuring.may_have_intervals
    qtbot.waitUntil(lambda: np.isfinite(value(measuring, "S–N").low))
    one = value(measuring, "S–N")
    assert one.high - one.low == pytest.approx(2 * 1.645 * 0.5 * np.sqrt(2), rel=0.06)
    assert one.by_readers == ("Sella", "Nasion")
    assert (
        "as uncertain as readers differ (us): Sella, Nasion"
        in next(row for row in measuring.rows if row.key == "S–N").tip
    )
    assert value(measuring).exact == ("Menton",)
    measuring.take_readers({})
    assert not measuring.may_have_intervals
    assert np.isnan(value(measuring, "S–N").low)


def test_a_table_that_cannot_be_written_is_told(measuring, controller, answers, tmp_path, qtbot):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    answers.measurements = tmp_path / "file" / "out.csv"
    measuring.ask_save()
    qtbot.waitUntil(lambda: bool(answers.errors))
    assert "cannot be written" in answers.errors[0].message
    idle(controller, qtbot)


def test_offers_are_told_anew_only_where_landmarks_are_called_otherwise(measuring, controller, monkeypatch):
    before = measuring.offers
    monkeypatch.setattr("app.session.analysis_choice.offers_for", lambda *_: pytest.fail("nothing has changed"))
    controller.document.set_landmarks(controller.document.landmarks.with_point("Nasion", [1.0, 2.0]))
    assert measuring.offers is before
