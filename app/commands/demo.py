"""The demonstration (``make demo``): the bundled sample, localized with the bundled model.

Opens it in the viewer; where nobody could see a window, writes the landmarks and a picture instead and prints them.
"""

import sys
from pathlib import Path

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from app.desktop.display import has_screen, missing_library, require_qt_platform
from app.session.wording import COVERAGE, is_calibrated, uncertainty_mm
from core.base.assets import assets_folder
from core.base.command_line import run_command_line
from core.base.errors import AppError
from core.models.bundled import bundled_model_for
from core.values.image import Image
from core.values.prediction import Prediction

DEMO_FOLDER = Path("demo")

commands = typer.Typer(add_completion=False, rich_markup_mode=None)


def write_sample(sample: Path, model_path: Path, folder: Path) -> None:
    """Localize the sample without a window; write ``landmarks.csv`` and ``overlay.png`` and print what they hold."""
    from app.commands.overlay import write_overlay
    from core.images.file import read_image
    from core.landmark_files.file import write_landmarks
    from core.models.file import load_model
    from core.models.inference import localize

    image = read_image(sample)
    model = load_model(model_path)
    prediction = localize(image, model)
    csv_path, picture_path = folder / "landmarks.csv", folder / "overlay.png"
    write_landmarks(prediction.landmarks, csv_path, image=image, model=prediction.model)
    write_overlay(image, prediction.landmarks, picture_path)
    Console().print(landmark_table(prediction, image))
    for warning in prediction.warnings:
        typer.echo(f"note: {warning}")
    typer.echo(f"landmarks: {csv_path}")
    typer.echo(f"picture:   {picture_path}")


def landmark_table(prediction: Prediction, image: Image) -> Table:
    """Return the landmarks' positions in pixels (column, row), with how sure the model is of each."""
    unit = "mm" if image.source.spacing_known else "px"
    landmarks = prediction.landmarks
    table = Table(
        title=f"{prediction.model} on {image.source.path.name}, {prediction.elapsed_s:.1f} s", title_justify="left"
    )
    table.add_column("landmark")
    sureness = f"radius ({COVERAGE})" if is_calibrated(landmarks) else "spread"
    for heading in ("x, px", "y, px", "presence", f"{sureness}, {unit}"):
        table.add_column(heading, justify="right")
    sureness_mm = uncertainty_mm(landmarks)
    for row, (name, (y_index, x_index)) in enumerate(
        zip(landmarks.names, image.grid.to_index(landmarks.points_mm), strict=True)
    ):
        numbers = (x_index, y_index, landmarks.presence[row], sureness_mm[row])
        table.add_row(
            name, *(f"{n:.{d}f}" if np.isfinite(n) else "–" for n, d in zip(numbers, (1, 1, 2, 2), strict=True))
        )
    return table


@commands.command()
def demo() -> None:
    """Show the bundled sample with its landmarks."""
    sample, model = assets_folder() / "samples" / "cephalogram.png", bundled_model_for(2)
    if not has_screen():
        write_sample(sample, model, DEMO_FOLDER)
        return
    try:
        require_qt_platform()
        from app.window.viewer import run
    except (AppError, ImportError) as error:  # a person who sits at a screen wonders why no window comes
        typer.echo(f"demo: {missing_library(error) if isinstance(error, ImportError) else error}", err=True)
        write_sample(sample, model, DEMO_FOLDER)
    else:
        raise typer.Exit(run([sample], model))  # in a window of its own, which localizes what it opens


if __name__ == "__main__":
    sys.exit(run_command_line(commands, "demo", sys.argv[1:]))
