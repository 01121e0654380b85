import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
import SimpleITK as sitk
from rich.console import Console

from app.commands.batch import BatchRequest, run_batch
from app.commands.batch_results import BatchReport
from app.commands.cli import run
from app.desk.background import Background
from core.base.errors import AppError, ModelFileError
from core.images.file import read_image
from core.landmark_files.file import read_landmarks
from core.models.file import load_model
from core.models.inference import localize
from tests.support.dicom_fixtures import positions, write_series
from tests.support.model_fixtures import write_tiny_image, write_tiny_model

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.pt")


def batch(*images: Path, out: Path, **options) -> tuple[BatchReport, str]:
    """Run a batch; return its report and what it said."""
    said = io.StringIO()
    report = BatchReport()
    run_batch(BatchRequest(images, out, **options), Console(file=said, width=80), report)
    return report, said.getvalue()


def test_csv_holds_what_localize_finds(tmp_path, model):
    image_path = write_tiny_image(tmp_path / "film.png", spacing_mm=0.5)
    report, said = batch(image_path, out=tmp_path / "out", model=model)
    assert report.failures == []
    assert report.written == [tmp_path / "out" / "film.csv"]
    assert said == ""
    found = localize(read_image(image_path), load_model(model)).landmarks
    written = read_landmarks(report.written[0])
    assert written.names == found.names
    assert written.status == found.status
    np.testing.assert_allclose(written.points_mm, found.points_mm, atol=1e-3)
    np.testing.assert_allclose(written.presence, found.presence, atol=1e-3)


def test_failures_do_not_stop_the_batch(tmp_path, model, capsys):
    good = [write_tiny_image(tmp_path / name, spacing_mm=0.5) for name in ("a.png", "z.png")]
    broken = tmp_path / "broken.png"
    broken.write_bytes(good[0].read_bytes()[:60])
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"")
    constant = write_tiny_image(tmp_path / "constant.png", constant=True)
    volume = write_tiny_image(tmp_path / "volume.nrrd", shape=(20, 20, 20), spacing_mm=0.5)
    missing = tmp_path / "missing.png"
    bad = [broken, empty, constant, volume, missing]
    out = tmp_path / "out"
    images = [str(path) for path in (good[0], *bad, good[1])]
    assert run(["localize", *images, "--out", str(out), "--model", str(model)]) == 2
    streams = capsys.readouterr()
    assert sorted(path.name for path in out.iterdir()) == ["a.csv", "z.csv"]
    assert streams.out == f"Wrote 2 landmark files to {out}.\n"
    assert "5 of 7 images" in streams.err
    assert "Traceback" not in streams.err
    for path in bad:
        assert sum(line.startswith(f"  {path}: ") for line in streams.err.splitlines()) == 1


def test_unknown_pixel_size_is_said_once_and_leaves_mm_empty(tmp_path, model):
    image = write_tiny_image(tmp_path / "film.png")
    report, said = batch(image, out=tmp_path / "out", model=model)
    assert said.count(str(image)) == 1
    assert "pixel size" in said
    rows = [line for line in report.written[0].read_text().splitlines() if not line.startswith("#")]
    heading = rows[0].split(",")
    for row in rows[1:]:
        cells = dict(zip(heading, row.split(","), strict=True))
        assert cells["x_mm"] == cells["y_mm"] == ""
        assert float(cells["x_px"]) >= -1


def test_spacing_given_by_hand_is_used(tmp_path, model):
    unknown = write_tiny_image(tmp_path / "unknown.png")
    known = write_tiny_image(tmp_path / "known.png", spacing_mm=0.25)
    report, said = batch(unknown, known, out=tmp_path / "out", model=model, spacing_mm=(0.5,))
    first, second = (read_landmarks(path) for path in report.written)
    np.testing.assert_allclose(first.points_mm, second.points_mm)
    assert np.isfinite(first.points_mm).all()
    assert str(unknown) not in said
    assert f"{known}: " in said
    assert "0.25" in said


def test_spacing_is_given_for_each_axis_x_first(tmp_path, model, capsys):
    stretched = write_tiny_image(tmp_path / "unknown.png")
    out = tmp_path / "out"
    arguments = ["localize", str(stretched), "--out", str(out), "--model", str(model), "--spacing"]
    assert run([*arguments, "0.5, 1.0"]) == 0
    image = read_image(stretched).with_spacing((1.0, 0.5))
    found_mm = localize(image, load_model(model)).landmarks.points_mm
    np.testing.assert_allclose(read_landmarks(out / "unknown.csv").points_mm, found_mm, atol=1e-3)
    capsys.readouterr()
    assert run([*arguments, "1,1,1"]) == 2
    assert "3 pixel sizes were given, but the image has 2 axes" in capsys.readouterr().err


def test_spacing_given_by_hand_rotates_and_moves_no_volume(tmp_path):
    """The same voxels with the same size, once stated by the file and once by hand, have the same landmarks in space."""
    volume_model = write_tiny_model(tmp_path / "tiny3d.pt", ndim=3)
    volume = sitk.GetImageFromArray(np.random.default_rng(3).integers(0, 255, (20, 24, 22)).astype(np.int16))
    volume.SetDirection((0.8, 0, 0.6, 0.6, 0, -0.8, 0, 1, 0))
    volume.SetOrigin((10, -20, 30))
    for name, spacing_mm in (("wrong", 0.25), ("right", 0.5)):
        volume.SetSpacing([spacing_mm] * 3)
        sitk.WriteImage(volume, str(tmp_path / f"{name}.nrrd"))
    given, _ = batch(tmp_path / "wrong.nrrd", out=tmp_path / "out", model=volume_model, spacing_mm=(0.5,))
    stated, _ = batch(tmp_path / "right.nrrd", out=tmp_path / "out", model=volume_model)
    points = [read_landmarks(report.written[0]).points_mm for report in (given, stated)]
    np.testing.assert_allclose(*points, atol=1e-6)


def test_existing_result_is_replaced_whole(tmp_path, model):
    image = write_tiny_image(tmp_path / "film.png", spacing_mm=0.5)
    out = tmp_path / "out"
    out.mkdir()
    (out / "film.csv").write_text("an older result")
    (out / "other.csv").write_text("of somebody else")
    batch(image, out=out, model=model)
    assert "older" not in (out / "film.csv").read_text()
    assert (out / "other.csv").read_text() == "of somebody else"
    assert sorted(path.name for path in out.iterdir()) == ["film.csv", "other.csv"]


def test_result_that_cannot_be_replaced_costs_one_file(tmp_path, model):
    images = [write_tiny_image(tmp_path / name, spacing_mm=0.5) for name in ("a.png", "b.png")]
    (tmp_path / "out" / "a.csv").mkdir(parents=True)
    report, _ = batch(*images, out=tmp_path / "out", model=model)
    assert [path.name for path in report.written] == ["b.csv"]
    assert [name for name, _ in report.failures] == [str(images[0])]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.csv", "b.csv"]


def test_nothing_is_read_where_nothing_can_be_written(tmp_path, model):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AppError, match="--out"):
        batch(tmp_path / "missing.png", out=tmp_path / "file" / "out", model=model)


def test_nothing_is_made_where_the_model_is_wrong(tmp_path):
    with pytest.raises(ModelFileError):
        batch(tmp_path / "a.png", out=tmp_path / "out", model=tmp_path / "missing.pt")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a console's whole group there")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_interrupt_keeps_finished_files_and_leaves_no_halves(tmp_path, model, workers):
    image = write_tiny_image(tmp_path / "film.png", spacing_mm=0.5)
    images = tmp_path / "images"
    images.mkdir()
    for number in range(600):
        (images / f"{number:03d}.png").hardlink_to(image)
    # Hard links to one file are different images: only the same path is the same image.
    out = tmp_path / "out"
    # A shell may have started the tests with SIGINT ignored, which a child inherits.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from app.commands.cli import main; main()"
    arguments = ["localize", str(images), "--out", str(out), "--model", str(model), "--workers", workers]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while len(list(out.glob("[0-9]*.csv"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    children = psutil.Process(process.pid).children()
    assert len(children) == (0 if workers == "1" else 3)  # one of them cleans up after the others
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=120)
    assert psutil.wait_procs(children, timeout=5)[1] == []
    finished = sorted(out.iterdir())
    assert process.returncode == 130
    assert "Traceback" not in said
    assert said.startswith(f"cairn: Stopped. {len(finished)} landmark files in {out} are complete.")
    assert 3 <= len(finished) < 600
    for path in finished:
        assert len(read_landmarks(path)) == 2


def test_a_series_gives_one_result_named_after_its_folder(tmp_path):
    volume_model = write_tiny_model(tmp_path / "tiny3d.pt", ndim=3)
    voxels = np.random.default_rng(3).integers(0, 255, (20, 24, 22)).astype(np.int16)
    write_series(tmp_path / "case 7", voxels, positions(20, 0.5))
    write_series(tmp_path / "holed", voxels[:4], positions(6)[[0, 1, 3, 4]])
    report, said = batch(
        tmp_path / "case 7", tmp_path / "holed", out=tmp_path / "out", model=volume_model, memory_gb=2.0
    )
    assert [path.name for path in report.written] == ["case 7.csv"]
    assert read_landmarks(report.written[0]).points_mm.shape == (2, 3)
    ((name, sentence),) = report.failures
    assert name == str(tmp_path / "holed")
    assert "A slice is missing" in sentence
    assert "DOE" not in said + report.written[0].read_text()


@pytest.mark.slow
def test_any_number_of_workers_writes_the_same_and_says_it_in_the_order_of_the_list(tmp_path, model):
    images = [write_tiny_image(tmp_path / f"{number}.png", shape=(60 + number, 50)) for number in range(8)]
    images.insert(3, tmp_path / "missing.png")
    images[6].write_bytes(b"")
    outcomes = []
    for workers in (1, 2, 3):
        out = tmp_path / f"out{workers}"
        report, said = batch(*images, out=out, model=model, workers=workers)
        names = [path.name for path in report.written]
        outcomes.append((names, report.failures, said, {path.name: path.read_bytes() for path in report.written}))
        assert sorted(path.name for path in out.iterdir()) == sorted(names)
    assert outcomes[1] == outcomes[0]
    assert outcomes[2] == outcomes[0]
    names, failures, said, _ = outcomes[0]
    assert len(names) == 7
    assert [name for name, _ in failures] == [str(images[3]), str(images[6])]
    told = [line.partition(":")[0] for line in said.splitlines()]
    assert told == [str(image) for image in images if image.name.replace(".png", ".csv") in names]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_whose_network_is_damaged_is_refused_as_a_whole(tmp_path, model, workers):
    images = [write_tiny_image(tmp_path / f"{number}.png", spacing_mm=0.5) for number in range(3)]
    damaged = tmp_path / "damaged.pt"
    with zipfile.ZipFile(model) as whole, zipfile.ZipFile(damaged, "w") as copy:
        for item in whole.infolist():
            if not item.filename.endswith("data.pkl"):
                copy.writestr(item, whole.read(item))
    with pytest.raises(ModelFileError, match="damaged"):
        batch(*images, out=tmp_path / "out", model=damaged, workers=workers)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_few_images_start_no_process(tmp_path, model, monkeypatch):
    monkeypatch.setattr("app.desk.foreground.Background", None)
    images = [write_tiny_image(tmp_path / f"{number}.png", spacing_mm=0.5) for number in range(3)]
    report, _ = batch(*images, out=tmp_path / "out", model=model)
    assert len(report.written) == 3


@pytest.mark.slow
def test_an_error_of_the_program_in_a_child_is_one_here(tmp_path, model, monkeypatch):
    monkeypatch.setattr(
        "app.desk.foreground.Background",
        partial(Background, work_name="tests.support.background_work:WorkByName"),
    )
    with pytest.raises(RuntimeError, match="nobody thought of it"):
        batch(tmp_path / "buggy-1", tmp_path / "plain-2", out=tmp_path / "out", model=model, workers=2)
