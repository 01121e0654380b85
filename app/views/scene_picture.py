"""The 3D panel as a value: what it shows at this moment, to be drawn elsewhere and at another size."""

from dataclasses import dataclass

from app.session.free_rows import FreeDrawing
from app.session.tracing import AngleMark, TracedLine
from app.views.projection import ProjectionView
from app.views.scene_painting import Ball
from app.views.volume_rendering import Rendering
from core.values.grid import FloatArray


@dataclass(frozen=True, eq=False)
class ScenePicture:
    """The 3D view, as it stands on the screen.

    Attributes
    ----------
    size_px
        Width and height of the panel, to which all other positions refer.
    view
        From where it is seen.
    rendering
        What is seen; None while it is being prepared.
    outlines
        Corners ``(n, 2)`` and colour of each plane.
    balls
        The landmarks.
    tracing, emphasised, angles
        Lines of the analysis, and those of the measurement that a person points at, in mm.
    free
        Distances and angles that a person has drawn.
    """

    size_px: tuple[float, float]
    view: ProjectionView
    rendering: Rendering | None
    outlines: tuple[tuple[FloatArray, str], ...] = ()
    balls: tuple[Ball, ...] = ()
    tracing: tuple[TracedLine, ...] = ()
    emphasised: tuple[FloatArray, ...] = ()
    angles: tuple[AngleMark, ...] = ()
    free: tuple[FreeDrawing, ...] = ()
