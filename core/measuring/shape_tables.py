"""The tables of compared shapes for R, as text and as files. Computes nothing."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from core.base.errors import AppError
from core.base.files import reason_of, written_whole
from core.measuring.primitives import FloatArray
from core.measuring.shape_comparison import Compared, swapped_text

SHAPES_FILE, ALIGNED_FILE, MEAN_FILE, COMPONENTS_FILE = "shapes.csv", "aligned.csv", "mean.csv", "components.csv"


def tables(compared: Compared) -> dict[str, str]:
    """Return what stands in each file, by its name."""
    found, alignment, space, swaps = compared.found, compared.alignment, compared.space, compared.swaps
    cases, names = found.cases, found.names
    axes = "xyz"[: found.points.shape[2]]
    coordinates = [f"{name}.{axis}" for name in names for axis in axes]
    components = [f"PC{number}" for number in range(1, len(space.variances) + 1)]
    head = ["case", "group", f"centroid_size_{cases[0].unit}", "procrustes_distance", "outlier", "probably_swapped"]
    rows = [
        [
            case.name, case.group, _number(alignment.centroid_sizes[row]), _number(alignment.distances[row]),
            "TRUE" if row in swaps else "FALSE", swapped_text(compared, row), *_numbers(space.scores[row]),
        ]
        for row, case in enumerate(cases)
    ]  # fmt: skip
    aligned = [[case.name, *_numbers(alignment.shapes[row])] for row, case in enumerate(cases)]
    mean = [[name, *_numbers(alignment.mean[row])] for row, name in enumerate(names)]
    spread = zip(components, space.variances, space.shares, space.components, strict=True)
    loadings = [[name, _number(variance), _number(share), *_numbers(one)] for name, variance, share, one in spread]
    return {
        SHAPES_FILE: _csv([*head, *components], rows),
        ALIGNED_FILE: _csv(["case", *coordinates], aligned),
        MEAN_FILE: _csv(["landmark", *axes], mean),
        COMPONENTS_FILE: _csv(["component", "variance", "share", *coordinates], loadings),
    }


def write(texts: Mapping[str, str], folder: Path) -> None:
    """Write all tables or none.

    Raises
    ------
    AppError
        Nothing can be written there.
    """
    in_the_way = next((name for name in texts if (folder / name).is_dir()), "")
    if in_the_way:  # would be found only after other tables have taken their places
        raise AppError(f"{folder / in_the_way} is a folder, where a table is to be.", "Choose another folder.")
    try:
        with ExitStack() as all_of_them:
            for name, text in texts.items():
                all_of_them.enter_context(written_whole(folder / name)).write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise AppError(
            f"Nothing can be written into {folder} ({reason_of(error)}).", "Choose another folder."
        ) from error


def _number(value: float) -> str:
    return f"{value:.10g}"


def _numbers(values: FloatArray) -> list[str]:
    return [_number(value) for value in values.ravel().tolist()]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    return stream.getvalue()
