"""Image files to which every reader of Cairn must give the same answer, and what that answer is.

`image_vectors` lists the files, `write_vectors` writes them, with the answers of Python's readers as JSON, for the C++ ones
(``check_readers vectors``). Where the true voxels and their place are known from how a file was made, Python's readers are
held to those (tests/core/images/test_image_vectors.py), so that no answer is only ever compared with itself.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from core.base.errors import ImageReadError
from core.geometry.canonical import to_canonical
from core.images.file import read_image
from core.images.rectilinear import is_rectilinear
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from tests.support.picture_vectors import dicom_vectors, picture_vectors
from tests.support.volume_vectors import Vector, volume_vectors

TABLE = "vectors.json"


def image_vectors() -> list[Vector]:
    """Return all vectors; their names differ."""
    found = [*volume_vectors(), *picture_vectors(), *dicom_vectors()]
    assert len({vector.name for vector in found}) == len(found)
    return found


def write_vectors(folder: Path) -> Path:
    """Write the files of all vectors and a table of what Python's readers make of them; return the table."""
    rows = [_row(vector, folder) for vector in image_vectors()]
    table = folder / TABLE
    table.write_text(json.dumps({"images": rows, "grids": _grids()}, indent=1), encoding="utf-8")
    return table


def _row(vector: Vector, folder: Path) -> dict[str, Any]:
    path = folder / vector.name
    vector.write(path)
    row: dict[str, Any] = {
        "file": vector.name, "needs_itk": vector.needs_itk, "cairn_run_says": vector.cairn_run_says
    }  # fmt: skip
    try:
        image = read_image(path)
    except ImageReadError as error:
        return row | {"refusal": str(error)}
    voxels = folder / f"{vector.name}.voxels"
    voxels.write_bytes(image.voxels.tobytes())
    return row | {
        "shape": image.grid.shape,
        "mm_from_index": image.grid.mm_from_index[:-1].tolist(),
        "dtype": image.voxels.dtype.name,
        "voxels": f"{vector.name}.voxels",
        "levels_apart": vector.levels_apart,
        "spacing_known": image.source.spacing_known,
        "spacing_source": image.source.spacing_source.phrase,
        "sha256": image.source.sha256,
        "warnings": image.source.warnings,
    }


def _grids() -> list[dict[str, Any]]:
    """Return grids with what `Grid` and the canonical order of axes make of them."""
    random = np.random.default_rng(11)
    rows: list[dict[str, Any]] = []
    for number in range(60):
        ndim = 2 if number % 6 == 0 else 3
        shape = tuple(int(length) for length in random.integers(1, 40, ndim))
        matrix = np.eye(ndim + 1)
        rotation = np.linalg.qr(random.normal(size=(ndim, ndim)))[0]
        shear = np.eye(ndim) + np.triu(random.normal(size=(ndim, ndim)), 1) * (0.02 if number % 3 == 1 else 0.0)
        matrix[:ndim, :ndim] = rotation @ shear * random.uniform(0.1, 3.0, ndim)
        matrix[:ndim, ndim] = random.uniform(-200, 200, ndim)
        grid = Grid(shape, matrix)
        index = random.uniform(-10, 50, ndim)
        canonical = to_canonical(Image(np.zeros(shape, np.uint8), grid, ImageSource(Path("grid"))))
        rows.append(
            {
                "shape": shape,
                "mm_from_index": grid.mm_from_index[:-1].tolist(),
                "spacing_mm": grid.spacing_mm.tolist(),
                "index": index.tolist(),
                "mm": grid.to_mm(index).tolist(),
                "canonical_shape": canonical.grid.shape,
                "canonical_mm_from_index": canonical.grid.mm_from_index[:-1].tolist(),
                "is_rectilinear": is_rectilinear(grid),
            }
        )
    return rows
