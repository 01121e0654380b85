"""Saving in the background: what is written, what is never overwritten unasked, and what waits for it."""

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from app.session import saving
from app.session.pixel_sizes import UNKNOWN
from app.session.questions import Overwrite, Unsaved
from core.base.errors import LandmarkFileError
from core.images.file import write_image
from core.landmark_files.file import read_landmarks, write_landmarks
from core.values.landmarks import Status
from tests.support.viewer_fixtures import idle, make_image, messages

# Saving


def edit(controller):
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)


def saved(controller, qtbot):
    controller.save()
    idle(controller, qtbot)


def saved_as(controller, qtbot):
    controller.save_as()
    idle(controller, qtbot)


@pytest.fixture
def changed(opened):
    edit(opened)
    return opened


def test_saving_asks_once_and_then_writes_to_the_same_file(changed, answers, tmp_path, qtbot):
    answers.save = tmp_path / "out.csv"
    assert changed.document.modified
    saved(changed, qtbot)
    assert not changed.document.modified
    edit(changed)
    saved(changed, qtbot)
    assert answers.asked == ["save as scan.csv"]
    assert messages(changed) == [UNKNOWN, "Saved out.csv"]
    written = read_landmarks(answers.save, image=changed.document.image)
    assert np.allclose(written.point_mm("Sella"), [12, 20])
    assert written.status[0] is Status.CORRECTED


def test_a_file_of_a_kind_that_is_only_read_is_not_saved_to(opened, answers, tmp_path, qtbot):
    """Slicer's points under a plain .json are read; saving asks for a name instead of failing."""
    write_landmarks(opened.document.landmarks, tmp_path / "points.mrk.json", image=opened.document.image)
    plain = (tmp_path / "points.mrk.json").rename(tmp_path / "points.json")
    before = plain.read_bytes()
    opened.landmark_opener.open(plain)
    idle(opened, qtbot)
    answers.save = tmp_path / "out.csv"
    saved(opened, qtbot)
    assert answers.asked == ["save as scan.csv"]
    assert answers.errors == []
    assert answers.save.exists()
    assert plain.read_bytes() == before


@pytest.mark.parametrize("name", ["scan.xlsx", "scan.json", "scan.txt", "scan"])
def test_a_kind_of_file_that_cannot_be_written_is_refused_in_a_sentence(changed, answers, tmp_path, name, qtbot):
    answers.save = tmp_path / name
    saved(changed, qtbot)
    (error,) = answers.errors
    assert "cannot be saved as" in error.message
    assert ".csv" in error.hint
    assert not answers.save.exists()
    assert changed.document.modified


def test_a_full_disk_loses_neither_the_old_file_nor_the_new_landmarks(changed, answers, tmp_path, monkeypatch, qtbot):
    answers.save = tmp_path / "full" / "out.csv"
    saved(changed, qtbot)
    before = answers.save.read_bytes()
    edit(changed)
    write = Path.write_bytes

    def write_half(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full_disk:
        full_disk.setattr(Path, "write_bytes", write_half)
        saved(changed, qtbot)
    (error,) = answers.errors
    assert isinstance(error, LandmarkFileError)
    assert "No space left on device" in error.message
    assert "another folder or disk" in error.hint
    assert answers.save.read_bytes() == before
    assert [path.name for path in answers.save.parent.iterdir()] == ["out.csv"]
    assert changed.document.modified
    answers.save = tmp_path / "elsewhere.csv"
    saved_as(changed, qtbot)
    assert not changed.document.modified
    assert np.allclose(read_landmarks(answers.save, image=changed.document.image).point_mm("Sella"), [12, 20])


def test_undoing_past_the_saved_state_is_a_change_and_redoing_is_none(changed, answers, tmp_path, qtbot):
    answers.save = tmp_path / "out.csv"
    saved_as(changed, qtbot)
    changed.editor.undo()
    assert changed.document.modified
    changed.editor.redo()
    assert not changed.document.modified


def test_a_file_that_cannot_be_written_is_told_and_the_work_stays_unsaved(changed, answers, tmp_path, qtbot):
    (tmp_path / "folder.csv").mkdir()
    answers.save = tmp_path / "folder.csv"
    saved_as(changed, qtbot)
    assert isinstance(answers.errors[0], LandmarkFileError)
    assert changed.document.modified


def test_work_is_not_called_saved_in_a_file_that_does_not_keep_it(changed, answers, tmp_path, qtbot):
    answers.save = tmp_path / "out.tps"
    saved(changed, qtbot)
    assert answers.save.exists()
    assert changed.document.modified
    assert any("does not keep names" in text for text in messages(changed))
    saved(changed, qtbot)
    assert answers.asked == ["save as scan.csv"] * 2


# Files in the way


def test_a_name_that_is_free_is_proposed(changed, answers, tmp_path, qtbot):
    (tmp_path / "scan.csv").write_text("somebody's", encoding="utf-8")
    (tmp_path / "scan 2.csv").write_text("somebody's", encoding="utf-8")
    saved_as(changed, qtbot)
    assert answers.asked == ["save as scan 3.csv"]


def test_a_file_that_cairn_did_not_read_is_replaced_only_after_a_question(changed, answers, tmp_path, qtbot):
    answers.save = tmp_path / "notes.csv"
    answers.save.write_text("somebody's", encoding="utf-8")
    saved_as(changed, qtbot)
    assert answers.asked[-1] == "overwrite notes.csv (unread)"
    assert answers.save.read_text(encoding="utf-8") == "somebody's"
    assert changed.document.modified
    answers.on_occupied = Overwrite.REPLACE
    saved_as(changed, qtbot)
    assert not changed.document.modified
    edit(changed)
    saved(changed, qtbot)
    assert answers.asked.count("overwrite notes.csv (unread)") == 2


def test_a_file_in_the_way_can_be_avoided(changed, answers, tmp_path, qtbot):
    taken, free = tmp_path / "notes.csv", tmp_path / "mine.csv"
    taken.write_text("somebody's", encoding="utf-8")
    answers.on_occupied = Overwrite.ELSEWHERE
    paths, proposed = iter([taken, free]), []
    answers.save_path = lambda suggestion: (proposed.append(suggestion.name), next(paths))[1]
    saved_as(changed, qtbot)
    assert proposed == ["scan.csv", "notes 2.csv"]
    assert taken.read_text(encoding="utf-8") == "somebody's"
    assert changed.document.landmarks_path == free
    assert not changed.document.modified


def test_what_somebody_else_changed_meanwhile_is_not_lost_unasked(changed, answers, tmp_path, qtbot):
    answers.save = tmp_path / "out.csv"
    saved(changed, qtbot)
    answers.save.write_text("edited in a spreadsheet", encoding="utf-8")
    edit(changed)
    saved(changed, qtbot)
    assert answers.asked[-1] == "overwrite out.csv (changed)"
    assert answers.save.read_text(encoding="utf-8") == "edited in a spreadsheet"
    assert changed.document.modified


def test_the_landmarks_of_another_image_are_not_lost_unasked(changed, answers, tmp_path, qtbot):
    other = tmp_path / "other.png"
    write_image(make_image((30, 30)), other)
    answers.save = tmp_path / "out.csv"
    saved(changed, qtbot)
    before = answers.save.read_bytes()
    changed.open_paths([other])
    idle(changed, qtbot)
    edit(changed)
    saved_as(changed, qtbot)
    assert answers.asked[-1] == "overwrite out.csv (of scan.png)"
    assert answers.save.read_bytes() == before


# Slow drives


class Gate:
    """Lets nothing be written until it is opened."""

    def __init__(self, monkeypatch):
        self.open, self.reached = threading.Event(), threading.Event()
        write = saving.write_landmarks

        def wait(*arguments, **named):
            self.reached.set()
            assert self.open.wait(10)
            write(*arguments, **named)

        monkeypatch.setattr(saving, "write_landmarks", wait)


@pytest.fixture
def gate(monkeypatch):
    made = Gate(monkeypatch)
    yield made
    made.open.set()


def test_saving_never_holds_up_the_window_and_later_edits_are_not_called_saved(changed, answers, tmp_path, gate, qtbot):
    answers.save = tmp_path / "out.csv"
    changed.save()
    qtbot.waitUntil(gate.reached.is_set)
    assert changed.view_state.progress.text == "Saving out.csv"
    assert not changed.view_state.progress.cancellable
    changed.editor.select("Nasion")
    changed.editor.nudge(5, 0)
    gate.open.set()
    idle(changed, qtbot)
    assert changed.view_state.progress is None
    assert changed.document.modified
    assert np.allclose(read_landmarks(answers.save, image=changed.document.image).point_mm("Sella"), [11, 20])
    changed.editor.undo()
    assert not changed.document.modified


def test_saving_twice_on_a_slow_drive_ends_with_the_latest_landmarks(changed, answers, tmp_path, gate, qtbot):
    answers.save = tmp_path / "out.csv"
    changed.save()
    qtbot.waitUntil(gate.reached.is_set)
    changed.document.landmarks_path = answers.save
    for _ in range(2):
        edit(changed)
        changed.save()
    gate.open.set()
    idle(changed, qtbot)
    assert not changed.document.modified
    assert np.allclose(read_landmarks(answers.save, image=changed.document.image).point_mm("Sella"), [13, 20])
    assert answers.asked == ["save as scan.csv"]


def test_closing_waits_for_what_is_being_saved(changed, answers, tmp_path, gate, qtbot):
    answers.save = tmp_path / "out.csv"
    changed.save()
    qtbot.waitUntil(gate.reached.is_set)
    closed = []
    assert not changed.close(close_again=lambda: closed.append(changed.close()))
    assert closed == []
    gate.open.set()
    idle(changed, qtbot)
    assert closed == [True]
    assert answers.asked == ["save as scan.csv"]


@pytest.mark.parametrize("goes_on", [False, True])
def test_who_closes_again_on_a_drive_that_stalls_may_go_without(changed, answers, tmp_path, gate, goes_on, qtbot):
    answers.save, answers.goes_on = tmp_path / "out.csv", goes_on
    changed.save()
    qtbot.waitUntil(gate.reached.is_set)
    assert not changed.close()
    assert changed.close() is goes_on
    assert answers.asked[-1] == "still saving out.csv"
    gate.open.set()
    idle(changed, qtbot) if not goes_on else qtbot.wait(50)


def test_the_next_image_waits_for_what_is_being_saved(changed, answers, tmp_path, gate, qtbot):
    other = tmp_path / "other.png"
    write_image(make_image((30, 30)), other)
    answers.save = tmp_path / "out.csv"
    changed.save()
    qtbot.waitUntil(gate.reached.is_set)
    changed.open_paths([other])
    qtbot.wait(50)
    assert changed.document.image.source.path.name == "scan.png"
    gate.open.set()
    idle(changed, qtbot)
    assert changed.document.image.source.path == other


def test_a_save_that_fails_lets_nothing_replace_the_work(changed, answers, tmp_path, monkeypatch, qtbot):
    def fail(*_, **__):
        raise LandmarkFileError("The disk is full.", "Choose another one.")

    other = tmp_path / "other.png"
    write_image(make_image((30, 30)), other)
    monkeypatch.setattr(saving, "write_landmarks", fail)
    answers.save, answers.on_unsaved = tmp_path / "out.csv", Unsaved.SAVE
    changed.open_paths([other])
    idle(changed, qtbot)
    assert answers.errors[0].message == "The disk is full."
    assert changed.document.image.source.path.name == "scan.png"
    assert changed.document.modified


# Unsaved work


def test_an_answer_of_the_model_alone_needs_no_saving(opened, answers, localize, qtbot):
    opened.editor.undo()
    assert not opened.document.modified
    opened.editor.redo()
    localize.shift_px = 4
    opened.start_localization()
    idle(opened, qtbot)
    assert opened.close()
    assert answers.asked == []


@pytest.mark.parametrize(
    ("answer", "closes", "written"),
    [(Unsaved.CANCEL, False, False), (Unsaved.DISCARD, True, False), (Unsaved.SAVE, True, True)],
)
def test_closing_asks_about_unsaved_work(changed, answers, tmp_path, answer, closes, written, qtbot):
    answers.on_unsaved, answers.save = answer, tmp_path / "out.csv"
    closed = []
    closed.append(changed.close(close_again=lambda: closed.append(changed.close())))
    idle(changed, qtbot)
    assert closed[-1] is closes
    assert answers.asked[0] == "unsaved scan.png"
    assert answers.save.exists() is written


def test_saving_that_is_given_up_keeps_the_window_open(changed, answers, qtbot):
    answers.on_unsaved, answers.save = Unsaved.SAVE, None
    closed = []
    assert not changed.close(close_again=lambda: closed.append(True))
    idle(changed, qtbot)
    assert closed == []


def test_opening_another_image_asks_too(changed, answers, tmp_path, qtbot):
    other = tmp_path / "other.png"
    write_image(make_image((30, 30)), other)
    changed.open_paths([other])
    idle(changed, qtbot)
    assert changed.document.image.source.path.name == "scan.png"
    answers.on_unsaved = Unsaved.DISCARD
    changed.open_paths([other])
    idle(changed, qtbot)
    assert changed.document.image.source.path.name == "other.png"
    assert not changed.document.modified


def test_work_done_while_the_next_image_is_being_read_is_asked_about(opened, answers, tmp_path, qtbot):
    other = tmp_path / "other.png"
    write_image(make_image((30, 30)), other)
    opened.open_paths([other])
    opened.editor.select("Sella")
    opened.editor.nudge(1, 0)
    idle(opened, qtbot)
    assert answers.asked == ["unsaved scan.png"]
    assert opened.document.image.source.path.name == "scan.png"


def test_closing_while_localizing_cancels_and_waits(controller, scan, localize, qtbot):
    localize.gate.clear()
    controller.open_paths([scan])
    qtbot.waitUntil(localize.started.is_set)
    assert controller.close()
    assert localize.stopped.is_set()
    assert not controller.jobs.busy
