"""What a batch writes: the results of a list of images, and what they are called.

Which images paths stand for is decided in `core.images.listing`.
"""

from collections.abc import Sequence
from pathlib import Path

from core.base.errors import AppError
from core.images.listing import ListedImage


def plan_files(images: Sequence[ListedImage], out_folder: Path) -> list[tuple[ListedImage, Path]]:
    """Return each image with its CSV file.

    Raises
    ------
    AppError
        Two images have the same name, so that one result would overwrite the other.
    """
    taken: dict[str, ListedImage] = {}
    plan: list[tuple[ListedImage, Path]] = []
    for image in images:
        csv_path = out_folder / f"{image.name}.csv"
        # Names that differ in case only are one file on Windows and macOS.
        other = taken.setdefault(csv_path.name.casefold(), image)
        if other is not image:
            raise AppError(
                f"{other} and {image} would both be written to {csv_path}.",
                "Give the images different names, or localize them into different folders.",
            )
        plan.append((image, csv_path))
    return plan
