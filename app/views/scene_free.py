"""Free measurements in the 3D panel: where they are on it, and what a click there means. Paints nothing by itself."""

from collections.abc import Iterable

from app.session.controller import Controller
from app.session.free_measuring import FreeMeasuring
from app.session.free_rows import FreeDrawing
from app.views.free_painting import FreeShape
from app.views.projection import ProjectionView
from app.views.scene_picking import seen_at
from core.values.grid import FloatArray

_NOTHING_SEEN = "There is nothing to be seen here that could be measured from. Click something bright, or a landmark."


def next_step(free: FreeMeasuring) -> str:
    """Return what the next click does, as the banner says it; rotating is a drag and goes on meanwhile."""
    return f"{free.next_step} (drag rotates)"


def shapes_on(view: ProjectionView, controller: Controller) -> list[FreeShape]:
    """Return the measurements as a view shows them, seen through everything."""
    return shapes_in_space(view, controller.free_measuring.drawings)


def shapes_in_space(view: ProjectionView, drawings: Iterable[FreeDrawing]) -> list[FreeShape]:
    """Return measurements as a view shows them."""
    shapes = []
    for drawing in drawings:
        arc = drawing.arc_mm
        on_panel = None if arc is None else view.to_px(arc)
        shapes.append(FreeShape(drawing, view.to_px(drawing.points_mm), on_panel))
    return shapes


def place_mm(
    controller: Controller, view: ProjectionView, place_px: tuple[float, float], name: str | None
) -> FloatArray | None:
    """Return where a place of the panel is, LPS mm: the landmark ``name``, else what is seen there; None where all is dark."""
    image = controller.document.image
    if image is None:
        return None
    snapped = None if name is None else controller.free_measuring.landmark_mm(name)
    return seen_at(image, view, controller.view_state.levels, place_px) if snapped is None else snapped


def click(controller: Controller, view: ProjectionView, place_px: tuple[float, float], name: str | None) -> None:
    """Take what is seen at a place as the next point of a measurement, or say that nothing is."""
    point_mm = place_mm(controller, view, place_px, name)
    if point_mm is None:
        controller.view_state.say(_NOTHING_SEEN, is_warning=False)
    else:
        controller.free_measuring.click(point_mm)
