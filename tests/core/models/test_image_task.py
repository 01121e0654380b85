import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.base.errors import AppError, Cancelled, ImageReadError, ModelFileError
from core.base.files import sha256_of
from core.images.dicom.series import find_series
from core.images.file import read_image
from core.landmark_files.file import write_landmarks
from core.models.file import load_model
from core.models.image_task import ImageTask, ImageWork, read_task_image
from core.models.inference import localize
from core.values.image import SpacingSource
from tests.support.dicom_fixtures import SECRET, positions, write_series
from tests.support.model_fixtures import write_tiny_image, write_tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.pt")


def go_on() -> bool:
    return False


def answer(task: ImageTask, work: ImageWork | None = None):
    work = work or ImageWork()
    return work.run(task, work.read(task, go_on), lambda fraction, doing: None, go_on)


def test_the_answer_is_that_of_localize_and_survives_the_way_between_processes(tmp_path, model):
    path = write_tiny_image(tmp_path / "film.png", spacing_mm=0.5)
    found = pickle.loads(pickle.dumps(answer(ImageTask(path, model=model))))
    image = read_image(path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as many as a small image gets: the last bit depends on it
    try:
        expected = localize(image, load_model(model))
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(found.landmarks.points_mm, expected.landmarks.points_mm)
    assert found.grid == image.grid
    assert found.source == image.source
    assert (found.model, found.model_sha256) == ("tiny 0.1", sha256_of(model))
    assert found.warnings == ()
    assert found.thumbnail.shape == (96, 80)
    assert not found.landmarks.points_mm.flags.writeable
    assert not found.grid.mm_from_index.flags.writeable
    assert not found.thumbnail.flags.writeable
    assert len(pickle.dumps(found)) < 12_000 + found.thumbnail.nbytes


def test_landmark_files_are_the_same_without_pixels(tmp_path, model):
    path = write_tiny_image(tmp_path / "film.png")
    found = answer(ImageTask(path, model=model))
    for name, image in (("with", read_image(path)), ("without", found.image_without_pixels)):
        write_landmarks(found.landmarks, tmp_path / f"{name}.csv", image=image, model=found.model)
    assert (tmp_path / "with.csv").read_bytes() == (tmp_path / "without.csv").read_bytes()
    assert found.image_without_pixels.voxels.strides == (0, 0)


def test_sizes_are_those_of_the_task(tmp_path, model):
    path = write_tiny_image(tmp_path / "film.png", spacing_mm=0.25)
    found = answer(ImageTask(path, spacing_mm=(0.5,), spacing_source=SpacingSource.LANDMARK_FILE, model=model))
    assert found.grid.spacing_mm.tolist() == [0.5, 0.5]
    assert found.source.spacing_source is SpacingSource.LANDMARK_FILE
    assert found.warnings == ("The file says 0.25 × 0.25 mm per pixel; 0.5 mm is used as asked for.",)
    with pytest.raises(AppError, match="3 pixel sizes were given, but the image has 2 axes"):
        read_task_image(ImageTask(path, spacing_mm=(1.0, 1.0, 1.0)))


def test_a_series_is_found_by_one_of_its_files_and_its_part(tmp_path):
    voxels = np.random.default_rng(1).integers(0, 255, (12, 12, 10)).astype(np.int16)
    echoes = [{"EchoNumbers": echo, "EchoTime": str(10 * echo)} for echo in (1, 2) for _ in range(6)]
    write_series(tmp_path / "both", voxels, np.tile(positions(6), (2, 1)), per_slice=echoes)
    found = find_series(tmp_path / "both")
    assert [series.part for series in found] == ["1 of 2", "2 of 2"]
    for series in found:
        by_part = read_task_image(ImageTask(series.paths[2], part=series.part)).image
        by_series = read_task_image(ImageTask(tmp_path / "both", series=series)).image
        np.testing.assert_array_equal(by_part.voxels, by_series.voxels)
    with pytest.raises(ImageReadError, match="no longer has a series"):
        read_task_image(ImageTask(found[0].paths[0], part="7 of 9"))


def test_no_patient_stands_in_what_may_be_logged(tmp_path):
    write_series(tmp_path / "case", np.ones((4, 12, 10), np.int16), positions(4))
    (series,) = find_series(tmp_path / "case")
    task = ImageTask(tmp_path / "case", series=series)
    assert SECRET not in repr(task)
    assert ImageWork().stored_bytes(task) == sum(path.stat().st_size for path in series.paths)


def test_a_model_is_loaded_once_while_its_file_stays(tmp_path, model, monkeypatch):
    loaded = []
    monkeypatch.setattr("core.models.file.load_model", lambda path: loaded.append(path) or load_model(path))
    own = Path(shutil.copy(model, tmp_path / "own.pt"))
    path, work = write_tiny_image(tmp_path / "film.png", spacing_mm=0.5), ImageWork()
    answer(ImageTask(path, model=own), work)
    answer(ImageTask(path, model=own), work)
    assert len(loaded) == 1
    os.utime(own, (1, 1))
    answer(ImageTask(path, model=own), work)
    assert len(loaded) == 2
    with pytest.raises(ModelFileError):
        answer(ImageTask(path, model=tmp_path / "none.pt"), work)


def test_the_memory_that_is_needed_grows_with_the_image_up_to_the_limit(tmp_path, model):
    work, needed = ImageWork(), []
    for side in (50, 500, 3000):
        task = ImageTask(write_tiny_image(tmp_path / f"{side}.png", shape=(side, side), spacing_mm=0.5), model=model)
        needed.append(work.needed_bytes(task, work.read(task, go_on)))
    assert needed == sorted(needed)
    assert 0.5e9 <= needed[0] < 0.51e9
    limited = ImageTask(tmp_path / "3000.png", model=model, memory_gb=0.6)
    assert work.needed_bytes(limited, work.read(limited, go_on)) == pytest.approx(0.6e9)


def test_it_can_be_stopped(tmp_path, model):
    task = ImageTask(write_tiny_image(tmp_path / "film.png", spacing_mm=0.5), model=model)
    work = ImageWork()
    with pytest.raises(Cancelled):
        work.run(task, work.read(task, go_on), lambda fraction, doing: None, lambda: True)


def test_whoever_hands_out_tasks_does_not_wait_for_torch():
    code = "import sys, app.desk.background; sys.stdout.write(str('torch' in sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False"


@pytest.mark.parametrize(("limit", "threads"), [(1e12, 1), (1, 3)])
def test_threads_depend_on_the_image_alone_and_are_given_back(tmp_path, model, monkeypatch, limit, threads):
    monkeypatch.setattr("core.models.image_task.LARGE_BYTES", limit)
    task = ImageTask(write_tiny_image(tmp_path / "film.png", spacing_mm=0.5), model=model)
    work, seen, before = ImageWork(cores=3), set(), torch.get_num_threads()
    work.run(task, work.read(task, go_on), lambda fraction, doing: seen.add(torch.get_num_threads()), go_on)
    assert seen == {threads}
    assert torch.get_num_threads() == before
