"""Comparing the shapes of a window's cases: whose readings, what is out of date, the way to a swapped case, and its tables."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.commands.cli import run
from app.session import comparing_shapes
from app.session.comparing_shapes import ComparingShapes, reader_title
from app.session.controller import Controller
from app.session.shape_study import Answer, Wish, answer
from core.base.errors import AppError
from core.project.store import Project
from core.values.landmarks import Status
from tests.support.desk_fixtures import ANNA, BEN, MODEL
from tests.support.desk_windows import Windows
from tests.support.shape_fixtures import NAMES, configurations, reading, swapped, write_shapes
from tests.support.viewer_fixtures import messages


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.cairn"


@pytest.fixture
def ids(path: Path) -> list[int]:
    return write_shapes(path, swapped(configurations(), 5), images=True)


@pytest.fixture
def controller(windows: Windows, path: Path, ids: list[int]) -> Controller:
    made = windows.new(session=False)
    made.projects.open(path)
    windows.settle(made)
    return made


@pytest.fixture
def comparing(controller: Controller) -> ComparingShapes:
    return ComparingShapes(
        controller.desk, controller.document, controller.editor, controller.view_state, controller.jobs,
        is_blind=lambda: controller.cases.blind, open_case=controller.case_opener.open,
    )  # fmt: skip


def compared(comparing: ComparingShapes, qtbot: QtBot) -> ComparingShapes:
    comparing.refresh()
    qtbot.waitUntil(lambda: not comparing.comparing)
    return comparing


def test_the_swapped_case_is_opened_selected_and_put_right_by_one_step(
    comparing: ComparingShapes, controller: Controller, windows: Windows, ids: list[int], qtbot: QtBot
) -> None:
    found = compared(comparing, qtbot).study
    assert found is not None
    (outlier,) = found.outliers
    assert (outlier.id, outlier.swapped) == (ids[5], ("Nasion", "Menton"))
    comparing.go_to(outlier.id, outlier.swapped)
    windows.settle(controller)
    assert controller.desk.current == ids[5]
    assert controller.view_state.selected == "Nasion"
    message = next(
        one for one in controller.view_state.messages if one.text.startswith("Possibly Nasion (N) and Menton (Me)")
    )
    before = controller.document.landmarks
    assert before is not None
    message.actions[0].trigger()
    after = controller.document.landmarks
    assert after is not None
    np.testing.assert_allclose(after.point_mm("Nasion"), before.point_mm("Menton"))
    np.testing.assert_allclose(after.point_mm("Menton"), before.point_mm("Nasion"))
    assert controller.undo_stack.undoText() == "Exchange Nasion and Menton"
    windows.settle(controller)
    assert comparing.is_stale
    found = compared(comparing, qtbot).study
    assert found is not None
    assert found.outliers == ()
    assert not comparing.is_stale
    controller.editor.undo()
    assert controller.document.landmarks == before
    windows.settle(controller)
    found = compared(comparing, qtbot).study
    assert found is not None
    assert [case.id for case in found.outliers] == [ids[5]]


def test_a_case_that_lies_open_is_led_through_too_and_one_without_a_swap_is_only_opened(
    comparing: ComparingShapes, controller: Controller, windows: Windows, ids: list[int]
) -> None:
    comparing.go_to(ids[2])
    windows.settle(controller)
    assert controller.desk.current == ids[2]
    assert not any(text.startswith("Possibly") for text in messages(controller))
    comparing.go_to(ids[2], ("Menton", "Gonion"))
    windows.settle(controller)
    assert controller.view_state.selected == "Menton"


def test_a_locked_landmark_is_not_exchanged(
    comparing: ComparingShapes, controller: Controller, windows: Windows, ids: list[int]
) -> None:
    comparing.go_to(ids[5], ("Nasion", "Menton"))
    windows.settle(controller)
    controller.editor.toggle_lock()
    before = controller.document.landmarks
    next(one for one in controller.view_state.messages if one.text.startswith("Possibly")).actions[0].trigger()
    assert controller.document.landmarks == before
    assert any("is locked" in text for text in messages(controller))
    windows.settle(controller)


def test_who_opens_another_case_on_the_way_has_left_it(
    comparing: ComparingShapes, controller: Controller, windows: Windows, ids: list[int]
) -> None:
    comparing.go_to(ids[5], ("Nasion", "Menton"))
    controller.case_opener.open(ids[3])
    windows.settle(controller)
    assert controller.desk.current == ids[3]
    assert not any(text.startswith("Possibly") for text in messages(controller))
    controller.case_opener.open(ids[5])
    windows.settle(controller)
    assert not any(text.startswith("Possibly") for text in messages(controller))


def test_readers_can_be_chosen_and_a_reader_of_nothing_is_a_sentence(
    comparing: ComparingShapes, path: Path, ids: list[int], qtbot: QtBot, controller: Controller
) -> None:
    points = configurations(seed=4)
    for id_, positions in zip(ids, points, strict=True):
        controller.desk.store(reading(id_, positions, MODEL, Status.PREDICTED))
    controller.desk.store(reading(ids[0], points[0], BEN))
    compared(comparing, qtbot)
    assert comparing.readers == (ANNA, BEN, MODEL)
    assert [reader_title(one) for one in (None, BEN, MODEL)] == [
        "Whoever read each case last, else the model", "Ben", f"{MODEL.name} (model)",
    ]  # fmt: skip
    comparing.choose_reader(MODEL)
    qtbot.waitUntil(lambda: not comparing.comparing)
    assert comparing.study is not None
    np.testing.assert_allclose(comparing.study.compared.found.points, points)
    comparing.choose_reader(BEN)
    qtbot.waitUntil(lambda: not comparing.comparing)
    assert comparing.study is None
    assert "1 case of 1 has a position of every landmark; to compare shapes takes 3." in comparing.told
    assert comparing.readers == (ANNA, BEN, MODEL)


def test_a_landmark_that_many_cases_lack_can_be_left_out(
    comparing: ComparingShapes, controller: Controller, ids: list[int], qtbot: QtBot
) -> None:
    points = configurations(seed=4)
    points[:10, 4] = np.nan
    for id_, positions in zip(ids, points, strict=True):
        controller.desk.store(reading(id_, positions))
    compared(comparing, qtbot)
    assert comparing.told.startswith("2 cases of 12 have a position of every landmark")
    assert [(one.name, one.placed, one.cases) for one in comparing.landmarks][-2:] == [
        ("Gonion", 12, 12),
        ("Porion", 2, 12),
    ]
    comparing.choose_landmarks({"Porion"})
    qtbot.waitUntil(lambda: not comparing.comparing)
    assert comparing.study is not None
    assert len(comparing.study.cases) == 12
    assert comparing.study.compared.found.names == NAMES[:4]
    assert "Porion" in [one.name for one in comparing.landmarks]  # it can be taken back


def test_who_reads_blind_compares_their_own_marks_and_chooses_nobody(
    comparing: ComparingShapes, controller: Controller, ids: list[int], windows: Windows, qtbot: QtBot
) -> None:
    for id_ in ids:
        controller.desk.store(reading(id_, configurations(1)[0], BEN))
        controller.desk.store(reading(id_, configurations(1)[0], MODEL, Status.PREDICTED))
    comparing.choose_reader(BEN)
    controller.cases.blind = True
    windows.settle(controller)
    found = compared(comparing, qtbot).study
    assert found is not None
    assert comparing.readers == ()
    assert comparing.reader == ANNA
    np.testing.assert_allclose(found.compared.found.points, swapped(configurations(), 5))
    comparing.choose_reader(MODEL)
    assert comparing.reader == ANNA
    controller.desk.reader = BEN
    assert comparing.study is None  # what Anna has said is not for Ben
    windows.settle(controller)


def test_what_changes_while_it_is_computed_makes_it_out_of_date(
    comparing: ComparingShapes, controller: Controller, ids: list[int], windows: Windows, qtbot: QtBot
) -> None:
    compared(comparing, qtbot)
    heard = []
    comparing.changed.connect(lambda: heard.append(comparing.is_stale))
    controller.desk.store(reading(ids[3], configurations()[3]))  # what was said before
    controller.desk.update_case(ids[4], note="seen", done=True)
    windows.settle(controller)
    assert heard == []
    controller.desk.store(reading(ids[0], configurations(seed=3)[0]))
    qtbot.waitUntil(lambda: comparing.is_stale)
    controller.desk.store(reading(ids[1], configurations(seed=3)[0]))
    qtbot.waitUntil(lambda: controller.desk.pending == 0)
    assert heard == [True]
    controller.desk.store(reading(ids[5], configurations()[5]))
    found = compared(comparing, qtbot).study  # which waits for what is being written
    assert found is not None
    np.testing.assert_allclose(found.compared.found.points[5], configurations()[5])


def test_a_case_that_is_excluded_or_added_makes_it_out_of_date(
    comparing: ComparingShapes, controller: Controller, ids: list[int], tmp_path: Path, qtbot: QtBot
) -> None:
    compared(comparing, qtbot)
    controller.desk.update_case(ids[5], excluded=True)
    qtbot.waitUntil(lambda: comparing.is_stale)
    found = compared(comparing, qtbot).study
    assert found is not None
    assert ids[5] not in [case.id for case in (*found.cases, *found.left_out)]
    controller.desk.remove_cases([ids[6]])
    qtbot.waitUntil(lambda: comparing.is_stale)


def test_another_project_brings_nothing_of_the_one_before(
    comparing: ComparingShapes, controller: Controller, tmp_path: Path, windows: Windows
) -> None:
    comparing.refresh()
    controller.desk.open(lambda: Project.create(tmp_path / "other.cairn"))
    windows.settle(controller)
    assert comparing.study is None
    assert not comparing.comparing
    assert comparing.readers == ()


def test_a_project_that_is_saved_elsewhere_meanwhile_is_compared_there(
    comparing: ComparingShapes, controller: Controller, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def late(project: Project, wish: Wish) -> Answer:
        gate.wait(10)
        return answer(project, wish)

    monkeypatch.setattr(comparing_shapes, "answer", late)
    comparing.refresh()
    controller.desk.go_on_in(tmp_path / "copy.cairn")
    qtbot.waitUntil(lambda: controller.desk.project is not None and controller.desk.project.path.stem == "copy")
    gate.set()
    qtbot.waitUntil(lambda: not comparing.comparing)
    assert comparing.study is not None
    assert len(comparing.study.cases) == 12


def test_tables_are_those_of_the_command_and_replace_others_only_where_that_is_wanted(
    comparing: ComparingShapes, tmp_path: Path, path: Path, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    compared(comparing, qtbot)
    assert run(["shapes", str(path), "--out", str(tmp_path / "typed")]) == 0
    capsys.readouterr()
    said: list[str] = []
    asked: list[Sequence[str]] = []
    folder = tmp_path / "saved"

    def save(answer: bool) -> None:
        def replaces(names: Sequence[str]) -> bool:
            asked.append(names)
            return answer

        comparing.save_tables(folder, replaces, said.append, lambda error: said.append(str(error)))

    save(answer=False)
    qtbot.waitUntil(lambda: len(said) == 1)
    assert said[0] == f"Wrote shapes.csv, aligned.csv, mean.csv and components.csv to {folder}."
    names = sorted(file.name for file in (tmp_path / "typed").iterdir())
    assert sorted(file.name for file in folder.iterdir()) == names
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "typed" / name).read_bytes()
    assert asked == []
    (folder / "mean.csv").write_text("mine", encoding="utf-8")
    save(answer=False)
    qtbot.waitUntil(lambda: len(asked) == 1)
    assert sorted(asked[0]) == names
    assert (folder / "mean.csv").read_text(encoding="utf-8") == "mine"
    save(answer=True)
    qtbot.waitUntil(lambda: len(said) == 2)
    assert (folder / "mean.csv").read_bytes() == (tmp_path / "typed" / "mean.csv").read_bytes()


def test_where_nothing_can_be_written_a_sentence_says_so(
    comparing: ComparingShapes, tmp_path: Path, qtbot: QtBot
) -> None:
    compared(comparing, qtbot)
    (tmp_path / "file").write_text("here", encoding="utf-8")
    errors: list[AppError] = []
    comparing.save_tables(tmp_path / "file", lambda _: True, pytest.fail, errors.append)
    comparing.save_picture(tmp_path / "file" / "a.png", b"picture", pytest.fail, errors.append)
    qtbot.waitUntil(lambda: len(errors) == 2)
    assert all("written" in str(error) for error in errors)
    said: list[str] = []
    comparing.save_picture(tmp_path / "a.png", b"picture", said.append, errors.append)
    qtbot.waitUntil(lambda: said == ["Saved a.png."])
    assert (tmp_path / "a.png").read_bytes() == b"picture"
