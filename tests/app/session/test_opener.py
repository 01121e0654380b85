import threading
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, generate_uid

from app.session.questions import Unsaved
from core.base.errors import AppError
from core.images.file import write_image
from tests.support.dicom_fixtures import SECRET, lit_mm, lit_stack, place_mm, positions, write_series
from tests.support.viewer_fixtures import idle, make_image, make_model_file, messages


def write_stack(folder, count=6, **tags):
    """Write a series with one bright voxel and return where that is, mm."""
    places = positions(count)
    write_series(folder, lit_stack(count, (2, 7, 4)), places, **tags)
    return place_mm(places[2], 7, 4)


@pytest.fixture
def examination(tmp_path):
    """A folder with two series: six slices and four."""
    folder = tmp_path / "examination"
    write_stack(folder / "first", 6, SeriesNumber=2, SeriesDescription="thin")
    write_stack(folder / "second", 4, SeriesNumber=3, SeriesDescription="thick")
    return folder


def test_a_folder_with_one_series_is_opened_without_asking(controller, answers, tmp_path, qtbot):
    folder = tmp_path / "thorax"
    bright_mm = write_stack(folder)
    controller.open_paths([folder])
    assert controller.view_state.progress.text == "Opening thorax"
    idle(controller, qtbot)
    image = controller.document.image
    assert image.voxels.shape == (6, 12, 10)
    assert np.allclose(lit_mm(image), bright_mm, atol=1e-3)
    assert answers.asked == []
    assert answers.errors == []
    assert controller.view_state.progress is None
    assert controller.folder == tmp_path
    answers.save = tmp_path / "out.csv"
    controller.save()
    idle(controller, qtbot)
    assert answers.asked == ["save as thorax.csv"]


def test_of_several_series_the_chosen_one_is_opened(controller, answers, examination, qtbot):
    answers.chosen_series = lambda found: found[1]
    controller.open_paths([examination])
    idle(controller, qtbot)
    assert answers.asked == ["series of 2"]
    assert controller.document.image.voxels.shape == (4, 12, 10)


def test_choosing_no_series_changes_nothing(opened, answers, examination, qtbot):
    image = opened.document.image
    answers.chosen_series = lambda found: None
    opened.open_paths([examination])
    idle(opened, qtbot)
    assert opened.document.image is image
    assert opened.view_state.progress is None


def test_the_menu_asks_for_a_folder(controller, answers, tmp_path, qtbot):
    answers.folder = tmp_path / "thorax"
    write_stack(answers.folder)
    controller.ask_open_folder()
    idle(controller, qtbot)
    assert controller.document.image.ndim == 3
    answers.folder = None
    controller.ask_open_folder()
    assert not controller.jobs.busy


def write_dicomdir(folder):
    """Write a table of contents that names nothing: what lies beside it counts."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    table = Dataset()
    table.DirectoryRecordSequence = Sequence([])
    table.file_meta = meta
    table.save_as(folder / "DICOMDIR", enforce_file_format=True)
    return folder / "DICOMDIR"


def test_a_dicomdir_is_opened_like_its_folder(controller, answers, examination, qtbot):
    controller.open_paths([write_dicomdir(examination)])
    idle(controller, qtbot)
    assert answers.asked == ["series of 2"]
    assert controller.document.image.voxels.shape == (6, 12, 10)
    assert controller.document.image.source.path == examination


def test_a_dicomdir_without_images_is_told(controller, answers, tmp_path, qtbot):
    controller.open_paths([write_dicomdir(tmp_path)])
    idle(controller, qtbot)
    assert "holds no DICOM images" in answers.errors[0].message


def test_a_folder_with_pictures_beside_dicom_opens_all_of_them(controller, answers, tmp_path, qtbot):
    write_stack(tmp_path / "case")
    for name in ("photo10.png", "photo9.png"):
        write_image(make_image(), tmp_path / "case" / name)
    controller.open_paths([tmp_path / "case"])
    idle(controller, qtbot)
    assert controller.document.image.voxels.shape == (6, 12, 10)
    for step in (1, -1, 1):
        controller.opener.open_neighbour(step)
        idle(controller, qtbot)
    assert [path.name for path in controller.image_paths] == ["case", "photo9.png", "photo10.png"]
    assert controller.document.image.source.path.name == "photo9.png"
    assert answers.errors == []


def test_the_folder_one_stands_in_has_a_name(controller, answers, tmp_path, monkeypatch, qtbot):
    write_stack(tmp_path / "thorax")
    monkeypatch.chdir(tmp_path / "thorax")
    controller.open_paths([Path()])
    idle(controller, qtbot)
    controller.save_as()
    idle(controller, qtbot)
    assert answers.asked == ["save as thorax.csv"]


def test_one_slice_opens_its_series(controller, answers, tmp_path, qtbot):
    write_stack(tmp_path / "thorax")
    controller.open_paths([tmp_path / "thorax" / "IM0003"])
    idle(controller, qtbot)
    assert controller.document.image.voxels.shape == (6, 12, 10)
    assert any("one of 6 slices" in text for text in messages(controller))


def test_slices_dropped_together_are_one_image(controller, answers, tmp_path, qtbot):
    write_stack(tmp_path / "thorax")
    picture = tmp_path / "scan.png"
    write_image(make_image(), picture)
    slices = sorted((tmp_path / "thorax").iterdir())
    controller.open_paths([*slices, picture])
    idle(controller, qtbot)
    assert controller.document.image.voxels.shape == (6, 12, 10)
    assert controller.image_paths == (slices[0], picture)
    controller.opener.open_neighbour(1)
    idle(controller, qtbot)
    assert controller.document.image.ndim == 2


def test_a_folder_of_pictures_is_walked_through_in_the_order_people_count(controller, tmp_path, qtbot):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in (10, 9, 1):
        write_image(make_image(), folder / f"scan{number}.png")
    (folder / "notes.txt").write_text("no image")
    controller.open_paths([folder])
    idle(controller, qtbot)
    assert [path.name for path in controller.image_paths] == ["scan1.png", "scan9.png", "scan10.png"]
    assert controller.document.image.source.path.name == "scan1.png"
    assert controller.opener.has_neighbour(1)
    assert not controller.opener.has_neighbour(-1)


def test_an_empty_folder_is_told(opened, answers, tmp_path, qtbot):
    (tmp_path / "empty").mkdir()
    image, paths = opened.document.image, opened.image_paths
    opened.open_paths([tmp_path / "empty"])
    idle(opened, qtbot)
    (error,) = answers.errors
    assert "holds no image" in error.message
    assert "DICOM" in error.hint
    assert opened.document.image is image
    assert opened.image_paths == paths


def test_a_series_with_a_hole_is_refused_and_no_patient_is_named(controller, answers, tmp_path, qtbot):
    places = np.delete(positions(7), 3, axis=0)
    write_series(tmp_path / "holed", lit_stack(6, (1, 2, 3)), places)
    controller.open_paths([tmp_path / "holed"])
    idle(controller, qtbot)
    (error,) = answers.errors
    assert error.hint
    assert SECRET not in str(error)
    assert controller.document.image is None


def test_a_file_that_vanished_is_told(controller, answers, tmp_path, qtbot):
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path in paths:
        write_image(make_image(), path)
    controller.open_paths(paths)
    idle(controller, qtbot)
    paths[1].unlink()
    controller.opener.open_neighbour(1)
    idle(controller, qtbot)
    assert paths[1].name in answers.errors[0].message
    assert controller.document.image.source.path == paths[0]
    assert controller.opener.has_neighbour(1)


class Stalling:
    """Reads only when it is let; deaf to being asked to stop."""

    def __init__(self):
        self.gate, self.started = threading.Event(), threading.Event()
        self.error: AppError | None = None

    def __call__(self, path, *, series=None, should_stop=None):
        self.started.set()
        assert self.gate.wait(10)
        if self.error is not None:
            raise self.error
        return make_image()


def test_a_drive_that_stalls_holds_nobody_up_and_its_late_answer_is_dropped(controller, scan, qtbot):
    stalling = Stalling()
    controller.opener._read = stalling
    controller.open_paths([scan])
    qtbot.waitUntil(stalling.started.is_set)
    controller.cancel_job()
    assert controller.view_state.progress is None
    stalling.gate.set()
    idle(controller, qtbot)
    assert controller.document.image is None


@pytest.mark.parametrize("ending", ["arrives", "fails", "is cancelled"])
def test_while_another_image_is_opened_its_name_is_announced_until_that_has_ended(opened, tmp_path, ending, qtbot):
    path = tmp_path / "next patient.png"
    write_image(make_image(), path)
    stalling, announced, shown = Stalling(), [], []
    opened.opener._read = stalling
    opened.view_state.events.opening.connect(announced.append)
    opened.document.image_changed.connect(lambda: shown.append(opened.view_state.opening))
    opened.open_paths([path])
    assert opened.view_state.opening == path.name
    qtbot.waitUntil(stalling.started.is_set)
    if ending == "is cancelled":
        opened.cancel_job()
    if ending == "fails":
        stalling.error = AppError("It is damaged.", "Try another one.")
    stalling.gate.set()
    idle(opened, qtbot)
    assert announced == [path.name, ""]  # from searching to reading the last image is not seen again
    assert shown == ([path.name] if ending == "arrives" else [])


def test_closing_does_not_wait_for_a_drive_that_stalls(controller, scan, qtbot):
    stalling = Stalling()
    controller.opener._read = stalling
    controller.open_paths([scan])
    qtbot.waitUntil(stalling.started.is_set)
    assert controller.close()
    stalling.gate.set()
    qtbot.wait(20)
    assert controller.document.image is None


def test_many_stalled_reads_leave_room_for_others(controller, scan, tmp_path, qtbot):
    good, controller.opener._read = controller.opener._read, Stalling()
    stalling = controller.opener._read
    for _ in range(8):
        stalling.started.clear()
        controller.open_paths([scan])
        qtbot.waitUntil(stalling.started.is_set)
        controller.cancel_job()
    controller.opener._read = good
    controller.open_paths([scan])
    qtbot.waitUntil(lambda: controller.document.prediction is not None)
    stalling.gate.set()
    idle(controller, qtbot)
    assert controller.document.revision == 1


def test_cancelling_stops_the_search(controller, examination, answers, qtbot):
    controller.open_paths([examination])
    controller.cancel_job()
    assert controller.view_state.progress is None
    idle(controller, qtbot)
    assert answers.asked == []
    assert answers.errors == []
    assert controller.document.image is None


def test_running_out_of_memory_is_told(controller, answers, scan, qtbot):
    def read(*_, **__):
        raise MemoryError

    controller.opener._read = read
    controller.open_paths([scan])
    idle(controller, qtbot)
    (error,) = answers.errors
    assert isinstance(error, AppError)
    assert "memory" in error.message


def test_work_done_while_an_image_is_read_is_asked_about(opened, answers, tmp_path, qtbot):
    other = tmp_path / "other.png"
    write_image(make_image((30, 30)), other)
    stalling = Stalling()
    opened.opener._read = stalling
    opened.open_paths([other])
    qtbot.waitUntil(stalling.started.is_set)
    opened.editor.select("Sella")
    opened.editor.nudge(1, 0)
    answers.on_unsaved = Unsaved.CANCEL
    stalling.gate.set()
    idle(opened, qtbot)
    assert answers.asked == ["unsaved scan.png"]
    assert opened.document.revision == 1


def test_a_volume_for_a_2d_model_says_what_to_do_in_the_viewer(controller, answers, tmp_path, localize, qtbot):
    write_stack(tmp_path / "thorax")
    controller.open_paths([tmp_path / "thorax"])
    idle(controller, qtbot)
    assert localize.calls == []
    (text,) = [text for text in messages(controller) if "2D images" in text]
    assert "this is a volume" in text
    assert "File menu" in text
    assert "--model" not in text
    answers.model = make_model_file(tmp_path / "volumes.pt", ndim=3, name="For volumes")
    controller.ask_model()
    idle(controller, qtbot)
    assert len(localize.calls) == 1


def test_a_model_for_volumes_is_not_taken_for_a_2d_image(opened, answers, tmp_path, localize, qtbot):
    answers.model = make_model_file(tmp_path / "volumes.pt", ndim=3)
    opened.ask_model()
    idle(opened, qtbot)
    (error,) = answers.errors
    assert "analyses volumes, and this is a 2D image" in error.message
    assert answers.asked == []
    assert len(localize.calls) == 1


def test_no_bundled_model_says_what_to_do_in_the_viewer(controller, tmp_path, monkeypatch, qtbot):
    monkeypatch.setattr("core.models.bundled.bundled_models", dict)
    controller.search.chosen = None
    write_stack(tmp_path / "thorax")
    controller.open_paths([tmp_path / "thorax"])
    idle(controller, qtbot)
    (text,) = [text for text in messages(controller) if "bundled" in text]
    assert "File menu" in text
    assert "command line" not in text


def test_added_images_follow_what_is_being_opened_or_shown(controller, answers, scan, tmp_path, qtbot):
    others = [tmp_path / f"other {number}.png" for number in range(3)]
    for path in others:
        write_image(make_image((70, 50)), path)
    controller.add_paths([scan])  # nothing is open: it is opened
    controller.add_paths(others[:1])
    idle(controller, qtbot)
    controller.add_paths([*others, scan])
    assert controller.image_paths == (scan, *others)
    assert controller.document.image.source.path == scan
    assert len(answers.asked) == 0
    controller.opener.open_neighbour(1)
    idle(controller, qtbot)
    assert controller.document.image.source.path == others[0]


def test_what_was_added_to_one_list_does_not_follow_another(controller, scan, tmp_path, qtbot):
    other = tmp_path / "other.png"
    write_image(make_image((70, 50)), other)
    controller.open_paths([scan])
    controller.add_paths([tmp_path / "late.png"])
    controller.open_paths([other])
    idle(controller, qtbot)
    assert controller.image_paths == (other,)


def test_a_landmark_file_that_comes_late_is_opened_on_the_image(opened, answers, tmp_path, qtbot):
    path = tmp_path / "landmarks.csv"
    path.write_text("name,x_px,y_px\nSella,10,20\n", encoding="utf-8")
    opened.add_paths([path])
    idle(opened, qtbot)
    assert answers.errors == []
    assert opened.document.landmarks_path == path


# Files that cannot be opened


@pytest.fixture
def mixed(tmp_path):
    """Three files, the second of which is no image."""
    paths = [tmp_path / name for name in ("a.png", "letter.docx", "b.png")]
    for path in (paths[0], paths[2]):
        write_image(make_image(), path)
    paths[1].write_bytes(b"no image at all")
    return paths


def shown(controller):
    return controller.document.image.source.path.name


def test_a_bad_file_costs_only_itself(controller, answers, mixed, qtbot):
    controller.open_paths(mixed)
    idle(controller, qtbot)
    controller.opener.open_neighbour(1)
    idle(controller, qtbot)
    assert shown(controller) == "b.png"
    assert any("letter.docx" in text and "skipped" in text for text in messages(controller))
    assert answers.errors == []
    assert controller.image_paths == tuple(mixed)
    controller.opener.open_neighbour(-1)
    idle(controller, qtbot)
    assert shown(controller) == "a.png"


def test_a_drop_whose_first_file_is_bad_opens_the_others(controller, answers, mixed, qtbot):
    controller.open_paths([mixed[1], mixed[0], mixed[2]])
    idle(controller, qtbot)
    assert shown(controller) == "a.png"
    assert answers.errors == []
    assert any("letter.docx" in text for text in messages(controller))
    assert controller.opener.has_neighbour(1)


def test_a_bad_file_at_the_end_is_told_and_the_image_stays(controller, answers, mixed, qtbot):
    controller.open_paths(mixed[:2])
    idle(controller, qtbot)
    controller.opener.open_neighbour(1)
    idle(controller, qtbot)
    assert shown(controller) == "a.png"
    assert "letter.docx" in answers.errors[0].message
    assert controller.opener.has_neighbour(1)


def test_nothing_but_bad_files_are_told_together(controller, answers, tmp_path, qtbot):
    paths = [tmp_path / f"{number}.docx" for number in range(3)]
    for path in paths:
        path.write_bytes(b"no image at all")
    controller.open_paths(paths)
    idle(controller, qtbot)
    (error,) = answers.errors
    assert "0.docx" in error.message
    assert "2 more" in error.message
    assert controller.document.image is None
    assert controller.image_paths == ()


def test_many_bad_files_in_a_row_are_one_message(controller, tmp_path, qtbot):
    paths = [tmp_path / f"{number}.docx" for number in range(3)]
    for path in paths:
        path.write_bytes(b"no image at all")
    write_image(make_image(), tmp_path / "a.png")
    controller.open_paths([*paths, tmp_path / "a.png"])
    idle(controller, qtbot)
    (text,) = [text for text in messages(controller) if "skipped" in text]
    assert "3 files" in text
