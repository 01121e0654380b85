"""The landmarks of all cases in a real window: marked, saved in one table, and landmarks from elsewhere added."""

import csv

import pytest

from app.desktop.settings import Settings
from app.dialogs.export_dialog import ExportDialog
from app.dialogs.import_dialog import ImportDialog
from app.window.main_window import MainWindow
from core.images.file import write_image
from core.project.readings import Reader
from tests.support.hand import drop
from tests.support.viewer_fixtures import make_image, messages

ANNA, BEN = Reader("Anna"), Reader("Ben")


def settle(window, qtbot):
    controller = window.controller
    for _ in range(3):
        qtbot.waitUntil(lambda: not controller.jobs.busy and controller.desk.pending == 0)
        qtbot.wait(20)


@pytest.fixture
def desk_window(controller, tmp_path, qtbot):
    """A window with two images that the model has read, the first of which Anna has corrected."""
    window = MainWindow(controller, Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    controller.desk.reader = ANNA
    controller.begin_session(tmp_path / "sessions")
    paths = [tmp_path / "first.png", tmp_path / "second.png"]
    for path in paths:
        write_image(make_image(), path)
    settle(window, qtbot)
    controller.open_paths(paths)
    settle(window, qtbot)
    window.actions_by_id["landmark.confirm_all"].trigger()
    window.actions_by_id["file.next"].trigger()
    settle(window, qtbot)
    yield window
    controller.jobs.shut_down()
    controller.desk.close()


def test_landmarks_of_all_cases_go_out_and_others_come_in(desk_window, answers, tmp_path, qtbot):
    seen = []

    def save(offer):
        dialog = ExportDialog(offer, desk_window)
        seen.append(dialog.reader.currentText())
        wish = dialog.wish(tmp_path / "all.csv")
        dialog.deleteLater()
        return wish

    answers.exports = save
    project = desk_window.controller.desk.project
    assert desk_window.actions_by_id["file.export"].isEnabled()
    desk_window.actions_by_id["file.export"].trigger()
    settle(desk_window, qtbot)
    assert seen == ["Anna, else the model"]
    assert answers.errors == []
    assert "Saved the landmarks of 2 cases as all.csv." in messages(desk_window.controller)
    with (tmp_path / "all.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["image"].rsplit("/", 1)[-1], row["reader"]) for row in rows] == [
        ("first.png", "Anna"), ("second.png", "Test model 1"),
    ]  # fmt: skip
    (first, second) = project.case_ids()
    x, y = project.reading(first, ANNA).landmarks.point_mm("Sella")
    assert (float(rows[0]["Sella_x"]), float(rows[0]["Sella_y"])) == pytest.approx((x, y), abs=0.01)

    came = tmp_path / "ben.tps"
    records = ("LM=4\n1 2\n3 4\n5 6\n7 8\nIMAGE=first.png\n", "LM=4\n2 3\n4 5\n6 7\n8 9\nIMAGE=second.png\n")
    came.write_text("".join(records), encoding="utf-8")

    def add(offer):
        dialog = ImportDialog(offer, desk_window)
        dialog._take(str(came))
        dialog.reader.setCurrentText("Ben")
        wish = dialog.wish
        dialog.deleteLater()
        return wish

    answers.imports = add
    desk_window.actions_by_id["file.import"].trigger()
    settle(desk_window, qtbot)
    assert answers.errors == []
    assert "Added 2 readings of Ben from ben.tps." in messages(desk_window.controller)
    for case_id, position in ((first, (1.0, 2.0)), (second, (2.0, 3.0))):
        reading = project.reading(case_id, BEN)
        row, column = reading.geometry.grid.to_index(reading.landmarks.points_mm)[0]
        assert (column, reading.geometry.grid.shape[0] - row) == pytest.approx(position)


def test_a_file_of_landmarks_that_is_dropped_brings_its_images(desk_window, answers, tmp_path, qtbot):
    folder = tmp_path / "wings"
    folder.mkdir()
    for name in ("a", "b"):
        write_image(make_image((20, 30)), folder / f"{name}.png")
    path = folder / "wings.tps"
    path.write_text("".join(f"LM=4\n1 2\n3 4\n5 6\n7 8\nIMAGE={name}.png\n" for name in "ab"), encoding="utf-8")
    drop(desk_window, path)
    qtbot.wait(20)
    settle(desk_window, qtbot)
    assert answers.errors == []
    assert desk_window.windowTitle().startswith("a.png (3 of 4)")
    assert desk_window.worklist.isVisible()


def test_saving_and_adding_stand_in_the_file_menu(desk_window):
    menu = desk_window.menuBar().actions()[0].menu()
    texts = [action.text().replace("&", "") for action in menu.actions()]
    assert {"Save landmarks of all cases as…", "Add landmarks to the project…"} <= set(texts)
