"""Looks at PDF files as a reader does: their text, the size of their pages, and the pages as pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pypdfium2

POINTS_PER_MM = 72 / 25.4


@contextmanager
def opened(pdf: Path | bytes) -> Iterator[pypdfium2.PdfDocument]:
    """Open a PDF, and close it afterwards."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        yield document
    finally:
        document.close()


def texts(pdf: Path | bytes) -> list[str]:
    """Return the text of each page, with single spaces."""
    with opened(pdf) as document:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


def sizes_mm(pdf: Path | bytes) -> list[tuple[float, float]]:
    """Return width and height of each page."""
    with opened(pdf) as document:
        return [(page.get_width() / POINTS_PER_MM, page.get_height() / POINTS_PER_MM) for page in document]


def page_picture(pdf: Path | bytes, number: int = 0, dots_per_mm: float = 4.0) -> npt.NDArray[np.uint8]:
    """Return a page as ``(rows, columns, 3)`` red, green and blue."""
    with opened(pdf) as document:
        picture = document[number].render(scale=dots_per_mm / POINTS_PER_MM).to_pil().convert("RGB")
        return np.asarray(picture)


def metadata(pdf: Path | bytes) -> dict[str, str]:
    """Return what the file says of itself."""
    with opened(pdf) as document:
        return dict(document.get_metadata_dict())
