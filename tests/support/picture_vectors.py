"""Pictures and DICOM files to which every reader must give the same answer, or refuse them."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import SimpleITK as sitk
from pydicom.uid import DigitalXRayImageStorageForPresentation

from core.images.itk import AnyArray
from tests.support.dicom_fixtures import AXIAL, ROTATED, lit_stack, pixels, positions, write_dicom, write_series
from tests.support.volume_vectors import Vector


def picture_vectors() -> Iterator[Vector]:
    """Yield pictures with and without a resolution that can be believed, grey, coloured, damaged."""
    grey = np.random.default_rng(3).integers(0, 255, (20, 30)).astype(np.uint8)
    colour = np.random.default_rng(4).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    rows, columns = np.indices((20, 30))
    smooth = np.stack([rows * 9, columns * 7, 200 - rows * 4], -1).astype(np.uint8)
    deep = (grey.astype(np.uint16) * 250).astype(np.uint16)
    flat = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])

    def saved(pixels: AnyArray, **options: Any) -> Callable[[Path], object]:
        return lambda path: PIL.Image.fromarray(pixels).save(path, **options)

    def cut(write: Callable[[Path], object], keep: float) -> Callable[[Path], object]:
        def write_part(path: Path) -> None:
            write(path)
            data = path.read_bytes()
            path.write_bytes(data[: int(len(data) * keep)])

        return write_part

    for suffix in (".png", ".jpg", ".tif", ".bmp"):
        exact = suffix != ".jpg"
        yield Vector(f"grey{suffix}", saved(grey), (grey, flat) if exact else None, needs_itk=True)
        yield Vector(
            f"colour{suffix}", saved(colour if exact else smooth), needs_itk=True, levels_apart=0 if exact else 3
        )
        yield Vector(f"grey-as-colour{suffix}", saved(np.stack([grey] * 3, -1)), needs_itk=True)
        for dpi in ((254, 254), (300, 200), (72, 72), (96, 96), (1, 1), (254, 100)):
            yield Vector(f"dpi-{dpi[0]}-{dpi[1]}{suffix}", saved(grey, dpi=dpi), needs_itk=True)
        yield Vector(f"cut{suffix}", cut(saved(grey), 0.7), refused=True, needs_itk=True)
    for suffix in (".png", ".tif"):
        yield Vector(f"deep{suffix}", saved(deep), (deep, flat), needs_itk=True)
    alpha = np.dstack([colour, np.full(grey.shape, 90, np.uint8)])
    yield Vector("alpha.png", saved(alpha), needs_itk=True)
    yield Vector("palette.png", lambda path: PIL.Image.fromarray(colour).quantize(16).save(path), needs_itk=True)
    yield Vector("bilevel.png", lambda path: PIL.Image.fromarray(grey > 100).save(path), needs_itk=True)
    for number in (3, 6):
        exif = PIL.Image.Exif()
        exif[274] = number
        yield Vector(
            f"exif-{number}.jpg", saved(grey, exif=exif), cairn_run_says="is stored rotated", needs_itk=True
        )  # fmt: skip
    scaled = sitk.GetImageFromArray(grey)
    scaled.SetSpacing((0.13, 0.26))
    yield Vector("scale.png", lambda path: sitk.WriteImage(scaled, str(path)), needs_itk=True)
    pages = [PIL.Image.fromarray(grey), PIL.Image.fromarray(255 - grey)]
    yield Vector("pages.tif", lambda path: pages[0].save(path, save_all=True, append_images=pages[1:]), needs_itk=True)


def _write_film(path: Path, film: AnyArray, tags: dict[str, object]) -> None:
    write_dicom(path, film, DigitalXRayImageStorageForPresentation, **tags)


def dicom_vectors() -> Iterator[Vector]:
    """Yield radiographs with every pixel size that the standard ranks, and series of slices, regular and not."""
    film = pixels((20, 30))
    sizes: dict[str, dict[str, object]] = {
        "unknown": {},
        "pixel": {"PixelSpacing": [0.2, 0.1]},
        "detector": {"ImagerPixelSpacing": [0.14, 0.14]},
        "same": {"PixelSpacing": [0.14, 0.14], "ImagerPixelSpacing": [0.14, 0.14]},
        "corrected": {"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.14, 0.14]},
        "magnified": {"ImagerPixelSpacing": [0.14, 0.14], "EstimatedRadiographicMagnificationFactor": 1.4},
        "percent": {"ImagerPixelSpacing": [0.14, 0.14], "EstimatedRadiographicMagnificationFactor": 140},
        "nominal": {"NominalScannedPixelSpacing": [0.15, 0.15]},
        "calibrated": {
            "PixelSpacing": [0.14, 0.14], "ImagerPixelSpacing": [0.14, 0.14], "PixelSpacingCalibrationType": "FIDUCIAL"
        },
        "negative": {"PixelSpacing": [-0.1, 0.1]},
        "inverted": {"PhotometricInterpretation": "MONOCHROME1", "PixelSpacing": [0.1, 0.1]},
        "rescaled": {"RescaleSlope": 2, "RescaleIntercept": -1024, "PixelSpacing": [0.1, 0.1]},
        "fraction": {"RescaleSlope": 0.37, "RescaleIntercept": -3.5, "PixelSpacing": [0.1, 0.1]},
        "absurd": {"PixelSpacing": [1e-9, 1e-9]},
    }  # fmt: skip
    for name, tags in sizes.items():
        yield Vector(
            f"film-{name}.dcm",
            partial(_write_film, film=film, tags=tags),
            refused=name == "absurd",
            needs_itk=True,
        )
    frames = pixels((3, 20, 30))
    yield Vector(
        "film-frames.dcm",
        lambda path: write_dicom(path, frames, NumberOfFrames=3, PixelSpacing=[0.1, 0.1]),
        cairn_run_says="holds several frames",
        needs_itk=True,
    )
    volume = lit_stack(6, (2, 3, 4))
    for name, orientation in (("axial", AXIAL), ("rotated", ROTATED)):
        places = positions(6, 2.0, orientation)
        columns = np.column_stack(
            [
                (places[-1] - places[0]) / 5,
                np.array(orientation[3:]) * 0.5,
                np.array(orientation[:3]) * 0.75,
                places[0],
            ]
        )
        yield Vector(
            f"series-{name}",
            partial(write_series, voxels=volume, places=places, orientation=orientation),
            (volume, np.vstack([columns, [0, 0, 0, 1]])),
            needs_itk=True,
        )
    yield Vector(
        "series-named/IM0002",
        lambda path: write_series(path.parent, volume, positions(6)[::-1]),
        needs_itk=True,
    )
    gap = np.delete(positions(7), 3, axis=0)
    tilted = positions(6) + np.arange(6)[:, None] * np.array([0, 0.6, 0])
    uneven = positions(6) + np.array([0, 0, 0.1, 0, 0, 0])[:, None] * np.array([0, 0, 1])
    doubled = positions(6)[[0, 1, 2, 2, 3, 4]]
    for name, places, says in (
        ("gap", gap, "does not follow the slice before it at the usual distance"),
        ("tilted", tilted, "not at right angles"),
        ("uneven", uneven, "does not follow the slice before it at the usual distance"),
        ("doubled", doubled, "does not follow the slice before it at the usual distance"),
    ):
        yield Vector(
            f"series-{name}",
            partial(write_series, voxels=volume, places=places),
            refused=name in ("gap", "doubled"),
            cairn_run_says=says,
            needs_itk=True,
        )

    def two(path: Path) -> None:
        write_series(path, volume, positions(6))
        write_series(path, volume, positions(6), name="other{:04d}")

    yield Vector("series-two", two, cairn_run_says="holds several series of images", needs_itk=True)
