"""The pixel size that ``--spacing`` gives, for all commands that take one for x, y and z."""

import typer

from core.base.delimited_text import finite_number


def spacing_mm_of(text: str) -> tuple[float, ...]:
    """Return the sizes that ``--spacing`` gives along x, y, z in numpy order; a usage error where they are none."""
    sizes = [finite_number(part.strip()) for part in text.split(",")]
    given = tuple(size for size in reversed(sizes) if size is not None and size > 0)
    if len(given) != len(sizes) or len(sizes) > 3:
        raise typer.BadParameter(
            "The pixel size given with --spacing must be a number of millimetres above zero, or one for each axis (0.1,0.2)"
        )
    return given
