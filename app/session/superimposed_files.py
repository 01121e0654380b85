"""Writes what came of a superimposition: a table of the measurements, and one of the landmarks beside it. Runs in jobs."""

from pathlib import Path

from core.base.errors import AppError
from core.base.files import reason_of, written_whole
from core.measuring.change_table import Times, change_table, way_table
from core.measuring.comparison import Comparison
from core.measuring.table import write_table


def landmarks_path(path: Path) -> Path:
    """Return where the table of the landmarks goes that belongs to a table of measurements."""
    return path.with_name(f"{path.stem}-landmarks{path.suffix}")


def write_tables(path: Path, comparison: Comparison, times: Times, *, suffix: str | None = None) -> list[Path]:
    """Write the measurements to a file and the ways of the landmarks beside it, each whole or not at all.

    Parameters
    ----------
    path
        Of the table of measurements.
    comparison, times
        What is written, and what the images are called.
    suffix
        ``.csv`` or ``.xlsx``, where it is not that of ``path``.

    Returns
    -------
    list of Path
        The files that were written: one of them alone where there is nothing for the other.

    Raises
    ------
    AppError
        The folder does not take them.
    """
    tables = [
        (where, table, title)
        for where, table, title in (
            (path, change_table(comparison, times), "Measurements"),
            (landmarks_path(path), way_table(comparison, times), "Landmarks"),
        )
        if table.rows
    ]
    for where, table, title in tables:
        write_table(table, where, title, suffix=suffix)
    return [where for where, *_ in tables]


def write_picture(path: Path, png: bytes) -> None:
    """Write a picture, whole or not at all; `AppError` where the folder does not take it."""
    try:
        with written_whole(path) as temporary:
            temporary.write_bytes(png)
    except OSError as error:
        raise AppError(f"{path} cannot be written ({reason_of(error)}).", "Choose another folder or disk.") from error
