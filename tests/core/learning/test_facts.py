"""Facts of cases, measured on phantoms that are written to files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from core.images.file import write_image
from core.learning.cases import Case
from core.learning.facts import MOST_LOOKED_AT, facts_of
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks
from training.datasets.phantom import make_phantom


def phantoms(folder: Path, ndim: int, count: int, spacing_mm: float = 0.8, dtype: object = np.float32) -> list[Case]:
    cases = []
    for seed in range(count):
        image, marks = make_phantom(ndim, seed, spacing_mm=spacing_mm, dtype=dtype)  # type: ignore[arg-type]
        path = folder / f"phantom-{seed}.nrrd"
        write_image(image, path)
        cases.append(Case(path.stem, path, marks))
    return cases


@pytest.mark.parametrize(("ndim", "side"), [(2, 96), (3, 48)])
def test_sizes_are_those_of_the_images(ndim: int, side: int, tmp_path: Path) -> None:
    cases = phantoms(tmp_path, ndim, 6)
    found = facts_of(cases)
    assert (found.cases, found.ndim, found.landmarks) == (6, ndim, cases[0].landmarks.names)
    assert found.spacing_mm == pytest.approx(0.8)
    assert found.extent_mm == pytest.approx((0.8 * side,) * ndim)
    longest = [np.linalg.norm(c.landmarks.points_mm[:, None] - c.landmarks.points_mm, axis=-1).max() for c in cases]
    assert found.object_mm == pytest.approx(np.median(longest))
    assert 0 < found.wander_mm < 0.1 * side
    assert 5 < found.rotation_deg < 45, "phantoms are turned by up to 20 degrees"
    assert not found.posed
    assert not found.some_absent
    assert found.read_s > 0


def test_a_few_images_are_looked_at_and_all_landmarks(tmp_path: Path) -> None:
    cases = phantoms(tmp_path, 2, 3) * 10
    points = cases[-2].landmarks.points_mm.copy()
    points[0] = np.nan
    cases[-2] = replace(cases[-2], landmarks=Landmarks(cases[-2].landmarks.names, points))
    heard: list[tuple[int, int]] = []
    found = facts_of(cases, unit="px", progress=lambda done, total: heard.append((done, total)))
    assert heard == [(number, MOST_LOOKED_AT) for number in range(1, MOST_LOOKED_AT + 1)]
    assert found.cases == 30
    assert found.some_absent
    assert found.unit == "px"


def test_thick_slices_do_not_make_the_images_coarse(tmp_path: Path) -> None:
    voxels = np.random.default_rng(0).normal(size=(10, 40, 40)).astype(np.float32)
    image = Image(voxels, Grid.from_spacing(voxels.shape, (5.0, 0.5, 0.5)), ImageSource(Path("made")))
    write_image(image, tmp_path / "thick.nrrd")
    marks = Landmarks(("a", "b"), np.array([[3.0, 3.0, 10.0], [9.0, 9.0, 30.0]]))
    found = facts_of([Case("thick", tmp_path / "thick.nrrd", marks)])
    assert found.spacing_mm == pytest.approx(0.5)
    assert found.extent_mm == pytest.approx((50.0, 20.0, 20.0))


def volume_case(folder: Path, voxels: npt.NDArray[np.generic]) -> Case:
    write_image(Image(voxels, Grid.from_spacing(voxels.shape, 1.0), ImageSource(Path("made"))), folder / "volume.nrrd")
    marks = Landmarks(("a", "b"), np.array([[12.0, 12.0, 12.0], [18.0, 18.0, 18.0]]))
    return Case("volume", folder / "volume.nrrd", marks)


def test_kinds_of_intensities_are_told_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    body = np.zeros((30, 30, 30), bool)
    body[5:25, 5:25, 5:25] = True
    ct = np.where(body, rng.normal(40, 30, body.shape), -1000).astype(np.int16)
    found = facts_of([volume_case(tmp_path, ct)])
    assert found.intensities == "hounsfield"
    assert found.low > -200, "the window is that of the landmarks' surroundings"
    assert found.high < 200
    specimen = np.where(body, rng.normal(120, 20, body.shape), rng.normal(4, 1, body.shape)).clip(0, 255)
    assert facts_of([volume_case(tmp_path, specimen.astype(np.uint8))]).intensities == "in air"
    filled = rng.normal(700, 200, body.shape).astype(np.float32)
    assert facts_of([volume_case(tmp_path, filled)]).intensities == "filled"
    (case,) = phantoms(tmp_path, 2, 1, dtype=np.uint8)
    assert facts_of([case]).intensities == "picture"


def test_a_landmark_alone_has_no_size_and_no_pose(tmp_path: Path) -> None:
    cases = [replace(case, landmarks=case.landmarks.subset(["Small sphere"])) for case in phantoms(tmp_path, 2, 5)]
    found = facts_of(cases)
    assert (found.object_mm, found.rotation_deg, found.mirror) == (0.0, 0.0, ())


def test_a_case_without_any_mark_takes_nothing_away(tmp_path: Path) -> None:
    cases = phantoms(tmp_path, 2, 4)
    nothing = Landmarks(cases[0].landmarks.names, np.full((4, 2), np.nan))
    found = facts_of([*cases, replace(cases[0], landmarks=nothing)])
    assert np.isfinite([found.wander_mm, found.object_mm, found.size_spread, *found.extent_mm]).all()
