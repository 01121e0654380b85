"""cairn-run finds with a model file what Cairn finds with it, writes the same table, and refuses in sentences.

Builds packaging/cpp against the LibTorch of the installed wheel; skips, saying so, where a tool for that is missing.
"""

import os
import resource
import shutil
import signal
import subprocess
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from core.base.assets import assets_folder
from core.images.file import read_image, write_image
from core.landmark_files.file import read_landmarks, write_landmarks
from core.models.bundled import bundled_model_for
from core.models.file import Model, load_model
from core.models.inference import localize
from core.models.metadata import METADATA_NAME, read_model_info
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from tests.support.cpp_builds import ONE_THREAD, SOURCE, built
from tests.support.model_fixtures import make_tiny_info, write_tiny_image, write_tiny_model

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

WITH_TORCH = f"-DCMAKE_PREFIX_PATH={torch.utils.cmake_prefix_path}"
WITHOUT_ITK = "-DCMAKE_DISABLE_FIND_PACKAGE_ITK=ON"
SAMPLES = assets_folder() / "samples"


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sanitize = os.environ.get(
        "CAIRN_SANITIZE", "OFF"
    )  # all of this under the sanitizers takes minutes, so only when asked
    return (
        built(tmp_path_factory.mktemp("runner"), WITH_TORCH, WITHOUT_ITK, f"-DCAIRN_SANITIZE={sanitize}") / "cairn-run"
    )


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.pt")


@pytest.fixture(scope="module")
def cephalometric() -> Model:
    return load_model(bundled_model_for(2))


@pytest.fixture(scope="module")
def skull() -> Model:
    return load_model(bundled_model_for(3))


def run(runner: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(runner), *map(str, arguments)], capture_output=True, encoding="utf-8", env=ONE_THREAD, check=False
    )


def assert_alike(runner: Path, model: Model, image_path: Path, folder: Path, *options: str) -> None:
    """Compare what cairn-run writes with what Cairn writes: lines that are no numbers literally, numbers nearly."""
    image = read_image(image_path)
    ours, theirs = folder / "ours.csv", folder / "theirs.csv"
    prediction = localize(image, model, device="cpu")
    write_landmarks(prediction.landmarks, ours, image=image, model=prediction.model)
    found = run(runner, model.path, image_path, "--out", theirs, "--device", "cpu", *options)
    assert found.returncode == 0, found.stderr
    said = [line.split(": ", 1)[1] for line in found.stderr.splitlines()]
    assert said == list(dict.fromkeys([*image.source.warnings, *prediction.warnings]))
    one, other = ours.read_bytes().split(b"\r\n"), theirs.read_bytes().split(b"\r\n")
    assert len(one) == len(other)
    assert one[:6] == other[:6]
    assert [line.split(b",")[0] for line in one] == [line.split(b",")[0] for line in other]
    expected, got = (read_landmarks(path, image=image) for path in (ours, theirs))
    assert got.names == expected.names
    assert got.status == expected.status
    np.testing.assert_allclose(got.points_mm, expected.points_mm, atol=1e-3)
    np.testing.assert_allclose(got.presence, expected.presence, atol=1e-3)
    np.testing.assert_allclose(got.spread_mm, expected.spread_mm, atol=2e-3)
    np.testing.assert_allclose(got.radius_mm, expected.radius_mm, atol=2e-3)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii"])
def test_the_x_ray_model_finds_the_same(runner: Path, cephalometric: Model, tmp_path: Path, suffix: str) -> None:
    image_path = tmp_path / f"an X-ray{suffix}"
    write_image(read_image(SAMPLES / "cephalogram.png"), image_path)
    assert_alike(runner, cephalometric, image_path, tmp_path)


def test_the_skull_model_finds_the_same_in_the_sample_as_it_lies(runner: Path, skull: Model, tmp_path: Path) -> None:
    assert_alike(runner, skull, SAMPLES / "mouse_skull.nii.gz", tmp_path)


@pytest.mark.parametrize(("suffix", "order"), [(".nrrd", "RAS"), (".nii", "PIR")])
def test_the_skull_model_finds_the_same_in_any_order_of_axes(
    runner: Path, skull: Model, tmp_path: Path, suffix: str, order: str
) -> None:
    image_path = tmp_path / f"rotated{suffix}"
    sitk.WriteImage(sitk.DICOMOrient(sitk.ReadImage(str(SAMPLES / "mouse_skull.nii.gz")), order), str(image_path))
    assert_alike(runner, skull, image_path, tmp_path)


@pytest.mark.parametrize("dtype", ["uint16", "int8", "uint32", "int64", "float32", "float64"])
def test_every_kind_of_number_is_analysed_alike(runner: Path, tiny_model: Path, tmp_path: Path, dtype: str) -> None:
    voxels = (np.random.default_rng(2).random((48, 70)) * 120).astype(dtype)
    image_path = tmp_path / "image.nrrd"
    write_image(Image(voxels, Grid.from_spacing(voxels.shape, 0.4), ImageSource(image_path)), image_path)
    assert_alike(runner, load_model(tiny_model), image_path, tmp_path)


def test_a_large_image_is_analysed_in_tiles(runner: Path, tiny_model: Path, tmp_path: Path) -> None:
    image_path = write_tiny_image(tmp_path / "image.nrrd", shape=(300, 260), spacing_mm=1.0)
    assert_alike(runner, load_model(tiny_model), image_path, tmp_path, "--memory", "0.5005")


def test_an_image_without_a_pixel_size_is_answered_in_px(runner: Path, tiny_model: Path, tmp_path: Path) -> None:
    image_path = tmp_path / "image.nrrd"
    header = "NRRD0004\ntype: uchar\ndimension: 2\nsizes: 60 50\nencoding: raw\n\n"
    voxels = np.random.default_rng(4).integers(0, 255, (50, 60)).astype(np.uint8)
    image_path.write_bytes(header.encode() + voxels.tobytes())
    assert_alike(runner, load_model(tiny_model), image_path, tmp_path)


def test_absent_landmarks_have_no_position(runner: Path, tmp_path: Path) -> None:
    model_path = write_tiny_model(tmp_path / "tiny.pt")
    info = make_tiny_info().model_copy(update={"presence_threshold": 1.0})
    rewrite_metadata(model_path, info.model_dump_json())
    image_path = write_tiny_image(tmp_path / "image.nii", spacing_mm=0.5)
    assert_alike(runner, load_model(model_path), image_path, tmp_path)
    table = (tmp_path / "theirs.csv").read_text(encoding="utf-8").splitlines()
    assert table[-1].startswith("right,,,,,,,0.")
    assert table[-1].endswith(",absent,model")


def test_a_pixel_size_may_be_given(runner: Path, tiny_model: Path, tmp_path: Path) -> None:
    image_path = write_tiny_image(tmp_path / "image.nrrd", spacing_mm=0.5)
    found = run(runner, tiny_model, image_path, "--out", tmp_path / "a.csv", "--spacing=0.25")
    assert found.returncode == 0, found.stderr
    assert "The file says 0.5 × 0.5 mm per pixel; 0.25 mm is used as asked for." in found.stderr
    image = read_image(image_path).with_spacing(0.25)
    expected = localize(image, load_model(tiny_model), device="cpu").landmarks
    got = read_landmarks(tmp_path / "a.csv", image=image)
    np.testing.assert_allclose(got.points_mm, expected.points_mm, atol=1e-3)


def rewrite_metadata(model_path: Path, text: str | None) -> None:
    """Put other metadata into a model file, or none."""
    with zipfile.ZipFile(model_path) as archive:
        entries = [(item, archive.read(item)) for item in archive.infolist()]
    with zipfile.ZipFile(model_path, "w") as archive:
        for item, content in entries:
            is_metadata = item.filename.endswith(f"/extra/{METADATA_NAME}")
            if not is_metadata or text is not None:
                archive.writestr(item, text if is_metadata and text is not None else content)


def assert_refused(runner: Path, folder: Path, *arguments: str | Path, saying: str) -> None:
    """Check the exit code, the sentence, and that nothing was left in ``folder``, where the table should have gone."""
    before = sorted(path.name for path in folder.iterdir())
    found = run(runner, *arguments)
    assert found.returncode == 2, found.stdout + found.stderr
    assert found.stdout == ""
    assert found.stderr.startswith("cairn-run: ")
    assert len(found.stderr.splitlines()) == 1
    assert saying in found.stderr
    assert sorted(path.name for path in folder.iterdir()) == before


def test_wrong_model_files_are_refused(runner: Path, tiny_model: Path, tmp_path: Path) -> None:
    image_path = write_tiny_image(tmp_path / "image.nrrd", spacing_mm=0.5)
    wanted = (image_path, "--out", tmp_path / "a.csv")
    assert_refused(runner, tmp_path, tmp_path / "no.pt", *wanted, saying="There is no model file")
    assert_refused(runner, tmp_path, image_path, *wanted, saying="image.nrrd is not a model file, or it is damaged.")
    cut = tmp_path / "cut.pt"
    cut.write_bytes(tiny_model.read_bytes()[:-1000])
    assert_refused(runner, tmp_path, cut, *wanted, saying="cut.pt is not a model file, or it is damaged.")
    foreign = tmp_path / "foreign.pt"
    torch.save({"weights": torch.zeros(3)}, foreign)
    assert_refused(runner, tmp_path, foreign, *wanted, saying="foreign.pt holds no readable Cairn metadata.")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (None, "holds no readable Cairn metadata"),
        ("{", "holds no readable Cairn metadata"),
        ("[" * 9000, "holds no readable Cairn metadata"),
        ("{}", "has metadata of version None, but this program reads version 3"),
        ('{"schema_version": 2}', "has metadata of version 2, but this program reads version 3"),
        ('{"schema_version": 3}', "is wrong (the key name is missing)"),
        ('{"schema_version": 3, "nam": 1}', "is wrong (there is no key nam)"),
        (("tiny", 5), "is wrong (name: "),
        (("stages", []), "is wrong (stages: "),
        (("ndim", 4), "is wrong (ndim: "),
        (("landmarks", ["a", "a"]), "is wrong (landmark names must be unique)"),
        (("abbreviations", ["a"]), "is wrong (2 landmarks have 2 abbreviations, not 1)"),
    ],
)  # fmt: skip
def test_wrong_metadata_is_refused(
    runner: Path, tiny_model: Path, tmp_path: Path, change: str | tuple[str, object] | None, complaint: str
) -> None:
    model_path = tmp_path / "other.pt"
    shutil.copy(tiny_model, model_path)
    text = change
    if isinstance(change, tuple):
        key, value = change
        text = (
            make_tiny_info()
            .model_copy(update={"name" if key == "tiny" else key: value})
            .model_dump_json(warnings=False)
        )
    assert text is None or isinstance(text, str)
    rewrite_metadata(model_path, text)
    assert_refused(runner, tmp_path, model_path, "--info", saying=complaint)


def test_metadata_that_does_not_fit_the_network_is_refused(runner: Path, tiny_model: Path, tmp_path: Path) -> None:
    model_path = tmp_path / "other.pt"
    shutil.copy(tiny_model, model_path)
    info = make_tiny_info()
    rewrite_metadata(model_path, info.model_copy(update={"stages": info.stages[:1]}).model_dump_json())
    image_path = write_tiny_image(tmp_path / "image.nrrd", spacing_mm=0.5)
    saying = "The network in other.pt does not do what its metadata says."
    assert_refused(runner, tmp_path, model_path, image_path, "--out", tmp_path / "a.csv", saying=saying)


def test_images_that_do_not_suit_are_refused(runner: Path, tiny_model: Path, tmp_path: Path) -> None:
    def refuse(image_path: Path, saying: str) -> None:
        assert_refused(runner, tmp_path, tiny_model, image_path, "--out", tmp_path / "a.csv", saying=saying)

    refuse(tmp_path / "no.nii", "There is no file")
    refuse(SAMPLES / "cephalogram.png", "cephalogram.png is a PNG file, and this cairn-run was built without ITK.")
    refuse(SAMPLES / "mouse_skull.nii.gz", "analyses 2D images, this image is 3D.")
    refuse(write_tiny_image(tmp_path / "flat.nrrd", spacing_mm=0.5, constant=True), "The image is empty")
    refuse(
        write_tiny_image(tmp_path / "small.nrrd", spacing_mm=0.5, shape=(9, 40)),
        "The image is too small for tiny 0.1: 40 × 9 px are 20 × 4.5 mm, and a single patch of this model is 8 mm wide.",
    )
    whole = write_tiny_image(tmp_path / "whole.nii", spacing_mm=0.5)
    cut = tmp_path / "cut.nii"
    cut.write_bytes(whole.read_bytes()[:-1])
    refuse(cut, "cut.nii is incomplete: its end is missing or damaged.")
    sitk.WriteImage(sitk.GetImageFromArray(np.full((30, 30), np.nan, np.float32)), str(tmp_path / "nan.nrrd"))
    refuse(tmp_path / "nan.nrrd", "The image holds values that are not numbers (NaN or infinite).")


@pytest.mark.parametrize(
    ("arguments", "saying"),
    [
        ((), "The model file is missing."),
        (("a.pt",), "The image is missing."),
        (("a.pt", "b.nii"), "--out is missing"),
        (("a.pt", "b.nii", "c.nii", "--out", "d.csv"), "One image at a time"),
        (("a.pt", "b.nii", "--out"), "--out needs a value."),
        (("a.pt", "b.nii", "--out", "table.txt"), "Give a name that ends in .csv."),
        (("a.pt", "b.nii", "--out=a.csv", "--device", "tpu"), "There is no device tpu."),
        (("a.pt", "b.nii", "--out=a.csv", "--spacing", "-1"), "--spacing needs a number of millimetres above zero"),
        (("a.pt", "b.nii", "--out=a.csv", "--memory=inf"), "--memory needs a number of gigabytes above zero"),
        (("a.pt", "--verbose"), "There is no option --verbose."),
    ],
)  # fmt: skip
def test_commands_that_make_no_sense_are_refused(
    runner: Path, tmp_path: Path, arguments: tuple[str, ...], saying: str
) -> None:
    assert_refused(runner, tmp_path, *arguments, saying=saying)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_refused(runner: Path, tiny_model: Path, tmp_path: Path) -> None:
    image_path = write_tiny_image(tmp_path / "image.nrrd", spacing_mm=0.5)
    wanted = (tiny_model, image_path, "--out", tmp_path / "a.csv", "--device", "cuda")
    assert_refused(runner, tmp_path, *wanted, saying="The device cuda is not available on this computer.")


def test_a_table_that_cannot_be_written_is_refused_and_the_old_one_kept(
    runner: Path, tiny_model: Path, tmp_path: Path
) -> None:
    image_path = write_tiny_image(tmp_path / "image.nrrd", spacing_mm=0.5)
    (tmp_path / "folder.csv").mkdir()
    folder = tmp_path / "folder.csv"
    assert_refused(runner, tmp_path, tiny_model, image_path, "--out", folder, saying="folder.csv is a folder.")
    below_file = image_path / "a.csv"
    assert_refused(runner, tmp_path, tiny_model, image_path, "--out", below_file, saying="cannot be written")
    kept = tmp_path / "kept.csv"
    kept.write_text("precious", encoding="utf-8")

    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    command = [str(runner), str(tiny_model), str(image_path), "--out", str(kept)]
    full = subprocess.run(command, capture_output=True, text=True, env=ONE_THREAD, preexec_fn=no_room, check=False)
    assert full.returncode == 2
    assert "kept.csv cannot be written (File too large)." in full.stderr
    assert kept.read_text(encoding="utf-8") == "precious"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".tmp")]


def test_ctrl_c_leaves_nothing_behind(runner: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "a.csv"
    command = [str(runner), str(bundled_model_for(3)), str(SAMPLES / "mouse_skull.nii.gz"), "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ONE_THREAD) as process:
        while not out.parent.exists() and process.poll() is None:
            pass  # the folder is made before the image is read, and the run takes seconds after that
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
    assert process.returncode == 130
    assert said == "cairn-run: Stopped. Nothing was written.\n"
    assert list(out.parent.iterdir()) == []


def test_it_tells_of_models_and_of_itself(runner: Path) -> None:
    for path in (bundled_model_for(2), bundled_model_for(3)):
        found = run(runner, path, "--info")
        info = read_model_info(path)
        assert found.returncode == 0
        assert found.stdout.startswith(f"{info.title}\n")
        for text in (info.modality, info.training_data, info.intended_use, info.licence, info.config_sha256):
            assert text in found.stdout
        rows = found.stdout.splitlines()[-len(info.landmarks) :]
        for row, name, error, radius in zip(
            rows, info.landmarks, info.validation_errors, info.calibration_mm, strict=True
        ):
            assert row.startswith(f"{name} ")
            assert row.split()[-3:] == [f"{length:.2f}" for length in (error.median_mm, error.mean_mm, radius)]
    project = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert run(runner, "--version").stdout == f"cairn-run {project['version']}\n"
    assert "--out FILE.csv" in run(runner, "--help").stdout


def test_the_example_in_the_readme_is_the_one_that_works(runner: Path, cephalometric: Model) -> None:
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    example = (SOURCE / "example.cpp").read_text(encoding="utf-8")
    assert f"```cpp\n{example}```\n" in readme
    found = run(runner.with_name("cairn-example"), cephalometric.path)
    assert found.returncode == 0, found.stderr
    rows, columns = np.indices((600, 400))
    image = Image((rows * columns).astype(np.int16), Grid.from_spacing((600, 400), 0.1), ImageSource(Path("a")))
    expected = localize(image, cephalometric, device="cpu").landmarks
    for line, name, (x_mm, y_mm) in zip(found.stdout.splitlines(), expected.names, expected.points_mm, strict=True):
        assert line == f"{name}: x {x_mm:.6g} mm, y {y_mm:.6g} mm"
