import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from core.base.errors import Cancelled, InferenceError
from core.models import inference
from core.models.file import Model, load_model
from core.models.inference import localize
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Status
from tests.support.model_fixtures import write_tiny_model


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Model]:
    folder = tmp_path_factory.mktemp("models")
    return {ndim: load_model(write_tiny_model(folder / f"tiny{ndim}.pt", ndim)) for ndim in (2, 3)}


def make_image(shape: tuple[int, ...], spacing_mm: float = 0.5, known: bool = True) -> Image:
    voxels = np.random.default_rng(5).integers(0, 4000, shape).astype(np.uint16)
    return Image(
        voxels,
        Grid.from_spacing(shape, spacing_mm, [3.0] * len(shape)),
        ImageSource(Path("x"), spacing_source=SpacingSource.FILE if known else SpacingSource.UNKNOWN),
    )


@pytest.mark.parametrize("shape", [(60, 50), (30, 36, 40)])
def test_the_prediction_is_in_the_images_millimetres(models: dict[int, Model], shape: tuple[int, ...]) -> None:
    image, model = make_image(shape), models[len(shape)]
    prediction = localize(image, model)
    with torch.inference_mode():
        output = model.module(torch.from_numpy(image.voxels.astype(np.float32)), torch.full((len(shape),), 0.5))
    assert np.allclose(prediction.landmarks.points_mm, image.grid.to_mm(output.points_index.numpy()), atol=1e-4)
    assert prediction.landmarks.names == ("left", "right")
    assert set(prediction.landmarks.status) == {Status.PREDICTED}
    assert prediction.model == "tiny 0.1"
    assert prediction.device == "cpu"
    assert prediction.stage_points_mm.shape == (2, 2, len(shape))
    assert np.allclose(prediction.stage_points_mm[-1], prediction.landmarks.points_mm)


@pytest.mark.parametrize("shape", [(60, 50), (30, 36, 40)])
def test_the_vector_fields_vote_for_the_answer(models: dict[int, Model], shape: tuple[int, ...]) -> None:
    prediction = localize(make_image(shape), models[len(shape)])
    for stage, fields in enumerate(prediction.fields):
        for row, field in enumerate(fields):
            index = np.stack(np.meshgrid(*[np.arange(n) for n in field.grid.shape], indexing="ij"), -1)
            votes = field.grid.to_mm(index) + field.displacement_mm
            voted = (votes * field.weight[..., None]).sum(tuple(range(len(shape)))) / field.weight.sum()
            assert np.allclose(voted, prediction.stage_points_mm[stage, row], atol=1e-2)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_every_type_of_voxels_is_taken_as_it_is(models: dict[int, Model], dtype: type) -> None:
    image = make_image((60, 50))
    voxels = (image.voxels // 32).astype(dtype)
    found = localize(Image(voxels, image.grid, image.source), models[2]).landmarks.points_mm
    expected = localize(Image((image.voxels // 32), image.grid, image.source), models[2]).landmarks.points_mm
    assert np.allclose(found, expected, atol=1e-5)


def test_the_order_of_a_volumes_axes_does_not_matter(models: dict[int, Model]) -> None:
    image = make_image((30, 36, 40))
    flipped = np.eye(4)
    flipped[[0, 1], [0, 1]] = -1.0
    flipped[[0, 1], 3] = [29, 35]
    swap = np.eye(4)[[1, 0, 2, 3]]
    matrix = image.grid.mm_from_index @ flipped @ swap
    voxels = image.voxels[::-1, ::-1].transpose(1, 0, 2)
    other = Image(voxels, Grid(voxels.shape, matrix), image.source)
    first, second = (localize(each, models[3]).landmarks.points_mm for each in (image, other))
    assert np.allclose(first, second, atol=1e-4)


def test_an_unknown_pixel_size_is_said_and_positions_stay_px(models: dict[int, Model]) -> None:
    known, unknown = make_image((60, 50)), make_image((60, 50), 1.0, known=False)
    in_mm, in_px = localize(known, models[2]), localize(unknown, models[2])
    assert not in_mm.warnings
    assert "has no pixel size; 0.5 mm is assumed" in in_px.warnings[0]
    found_px = known.grid.to_index(in_mm.landmarks.points_mm)
    assert np.allclose(unknown.grid.to_index(in_px.landmarks.points_mm), found_px, atol=1e-4)
    assert np.allclose(in_px.landmarks.spread_mm * 0.5, in_mm.landmarks.spread_mm, rtol=1e-4)
    assert np.allclose(in_px.fields[0][0].displacement_mm * 0.5, in_mm.fields[0][0].displacement_mm, atol=1e-3)


def test_a_landmark_below_the_threshold_is_absent_not_zero(models: dict[int, Model]) -> None:
    strict = Model(models[2].info.model_copy(update={"presence_threshold": 1.0}), models[2].module, models[2].path)
    landmarks = localize(make_image((60, 50)), strict).landmarks
    assert set(landmarks.status) == {Status.ABSENT}
    assert np.isnan(landmarks.points_mm).all()
    assert np.isfinite(landmarks.presence).all()


def test_progress_rises_to_one(models: dict[int, Model]) -> None:
    heard: list[float] = []
    localize(make_image((60, 50)), models[2], progress=lambda fraction, _: heard.append(fraction))
    assert heard == sorted(heard)
    assert heard[0] == 0.0
    assert heard[-1] == 1.0


@pytest.mark.parametrize("asks", [1, 2, 3])
def test_stopping_between_stages(models: dict[int, Model], asks: int) -> None:
    answers = iter([False] * (asks - 1) + [True])
    with pytest.raises(Cancelled):
        localize(make_image((60, 50)), models[2], should_stop=lambda: next(answers))


def spoilt(change: Callable[[Any], None]) -> Image:
    voxels = np.random.default_rng(1).normal(size=(60, 50))
    change(voxels)
    return Image(voxels, Grid.from_spacing((60, 50), 0.5), ImageSource(Path("x")))


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (make_image((30, 36, 40)), "analyses 2D images, this image is 3D"),
        (
            make_image((60, 9)),
            "too small for tiny 0.1: 9 × 60 px are 4.5 × 30 mm, and a single patch of this model is 8 mm",
        ),
        (make_image((14, 15), 9.0, known=False), "15 × 14 px are 7.5 × 7 mm"),
        (spoilt(lambda v: v.__setitem__((3, 4), np.nan)), "not numbers"),
        (spoilt(lambda v: v.__setitem__((3, 4), np.inf)), "not numbers"),
        (spoilt(lambda v: v.fill(7.0)), "same value"),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_a_sentence(models: dict[int, Model], image: Image, says: str) -> None:
    with pytest.raises(InferenceError, match=says) as caught:
        localize(image, models[2])
    assert caught.value.hint


def test_a_volume_of_a_few_thick_slices_is_analysed(models: dict[int, Model]) -> None:
    """What counts is the extent in mm, not the number of slices."""
    voxels = np.random.default_rng(5).integers(0, 4000, (5, 60, 50)).astype(np.int16)
    grid = Grid.from_spacing(voxels.shape, (2.0, 0.5, 0.5))
    prediction = localize(Image(voxels, grid, ImageSource(Path("x"))), models[3])
    assert grid.contains(prediction.landmarks.points_mm).all()
    assert prediction.warnings == ()
    with pytest.raises(InferenceError, match="50 × 60 × 3 px are 25 × 30 × 6 mm"):
        localize(Image(voxels[:3], Grid.from_spacing((3, 60, 50), (2.0, 0.5, 0.5)), ImageSource(Path("x"))), models[3])


class PointsOutside:
    """A model that answers as if its landmarks lay beyond the image."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def conclude(self, *given: Any) -> Any:
        output = self.module.conclude(*given)
        points_index = output.points_index.clone()
        points_index[1] = torch.tensor([-48.0, 10.0])
        return SimpleNamespace(**output._asdict() | {"points_index": points_index})


def test_a_point_outside_the_image_is_never_given_without_a_word(models: dict[int, Model]) -> None:
    image = make_image((60, 50))
    prediction = localize(image, replace(models[2], module=PointsOutside(models[2].module)))
    assert not image.grid.contains(prediction.landmarks.points_mm[1])
    (warning,) = prediction.warnings
    assert warning.startswith("1 of 2 landmarks were found outside the image (right)")


@pytest.mark.parametrize("waiting", [1, 4])
def test_who_waits_for_another_run_leaves_at_once_when_cancelled_and_prepares_nothing(
    models: dict[int, Model], monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    prepared, told, stop = [], [], threading.Event()
    monkeypatch.setattr(inference, "to_tensor", prepared.append)
    monkeypatch.setattr(inference, "analysed_image", lambda *given: prepared.append(given))

    def localize_one(_: int) -> None:
        localize(
            make_image((60, 50)),
            models[2],
            should_stop=stop.is_set,
            progress=lambda fraction, doing: told.append((fraction, doing)),
        )

    with ThreadPoolExecutor(waiting) as pool, inference._ONE_AT_A_TIME:
        runs = [pool.submit(localize_one, number) for number in range(waiting)]
        deadline = time.monotonic() + 10
        while len(told) < waiting and time.monotonic() < deadline:
            time.sleep(0.01)
        stop.set()
        for run in runs:
            with pytest.raises(Cancelled):
                run.result(timeout=5)
    assert prepared == []
    assert told == [(0.0, "Waiting for another localization")] * waiting


class SeesWhoElseRuns:
    """A model that notices when one run uses it while another one does."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.running = 0
        self.most = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def prepare(self, voxels: torch.Tensor) -> torch.Tensor:
        self.running += 1
        self.most = max(self.most, self.running)
        time.sleep(0.1)
        self.running -= 1
        return self.module.prepare(voxels)  # type: ignore[no-any-return]


def test_two_runs_of_a_model_wait_for_each_other(models: dict[int, Model]) -> None:
    watched = SeesWhoElseRuns(models[2].module)
    model = replace(models[2], module=watched)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: localize(make_image((60, 50)), model).landmarks, range(3)))
    assert watched.most == 1
    assert found[0] == found[1] == found[2]


class FailsOnItsDevice:
    """A model on a device that cannot run it."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def prepare(self, voxels: torch.Tensor) -> torch.Tensor:
        raise self.error


OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
TOO_OLD = RuntimeError("CUDA error: no kernel image is available for execution on the device\nCompile with …")


@pytest.mark.parametrize(
    ("error", "device", "told"),
    [(OUT_OF_MEMORY, "meta", "ran out of memory"), (TOO_OLD, "auto", "failed (CUDA error: no kernel image")],
)
def test_what_a_device_cannot_do_is_done_on_the_cpu_with_a_warning(
    models: dict[int, Model], monkeypatch: pytest.MonkeyPatch, error: Exception, device: str, told: str
) -> None:
    monkeypatch.setattr("core.models.inference.choose_device", lambda _: "meta")
    monkeypatch.setattr("core.models.file._network_in", lambda *_: FailsOnItsDevice(error))
    prediction = localize(make_image((60, 50)), replace(models[2], _elsewhere={}), device=device)
    assert prediction.device == "cpu"
    assert told in prediction.warnings[0]
    assert "on the CPU" in prediction.warnings[0]
    assert np.allclose(prediction.landmarks.points_mm, localize_on_cpu(models[2]), atol=1e-5)


def test_a_device_that_was_asked_for_and_fails_is_told(
    models: dict[int, Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.models.inference.choose_device", lambda _: "meta")
    monkeypatch.setattr("core.models.file._network_in", lambda *_: FailsOnItsDevice(TOO_OLD))
    with pytest.raises(InferenceError, match="no kernel image") as caught:
        localize(make_image((60, 50)), replace(models[2], _elsewhere={}), device="meta")
    assert "device cpu" in caught.value.hint


def test_a_network_that_fails_on_the_cpu_too_is_told(models: dict[int, Model], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.inference.choose_device", lambda _: "meta")
    monkeypatch.setattr("core.models.file._network_in", lambda *_: FailsOnItsDevice(TOO_OLD))
    broken = replace(models[2], module=FailsOnItsDevice(RuntimeError("the sizes differ")), _elsewhere={})
    with pytest.raises(InferenceError, match="the sizes differ"):
        localize(make_image((60, 50)), broken)


def localize_on_cpu(model: Model) -> Any:
    with torch.inference_mode():
        image = make_image((60, 50))
        output = model.module(torch.from_numpy(image.voxels.astype(np.float32)), torch.full((2,), 0.5))
    return image.grid.to_mm(output.points_index.numpy())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_a_cuda_device_gives_the_landmarks_of_the_cpu(models: dict[int, Model]) -> None:
    for model, image in ((models[2], make_image((60, 50))), (models[3], make_image((40, 36, 30)))):
        found, expected = (localize(image, model, device=device).landmarks for device in ("cuda", "cpu"))
        assert np.allclose(found.points_mm, expected.points_mm, atol=0.05)
