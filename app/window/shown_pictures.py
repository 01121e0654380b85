"""Gathers what the window shows, as values from which pictures are drawn: slices with what lies over them, and the 3D view."""

from dataclasses import replace

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from app.printing.image_pictures import PlainNames
from app.printing.picture import Box, Picture, SlicePicture
from app.session.controller import Controller
from app.session.free_rows import FreeDrawing
from app.session.printouts import PictureWish
from app.session.tracing import TracedLine, traced_lines
from app.session.view_state import Panel
from app.views.glyphs import glyphs_on
from app.views.plane_items import EdgeLetters
from app.views.vector_field_item import field_picture
from app.views.volume_view import VolumeView
from core.geometry.planes import Orientation
from core.measuring.measure import positions_mm
from core.values.image import Image
from core.values.prediction import VectorField


def plain_names(controller: Controller) -> PlainNames:
    """Return what the landmarks of the open image are called."""
    document = controller.document
    names = () if document.landmarks is None else document.landmarks.names
    return PlainNames(
        document.unit,
        {name: document.short_name(name) for name in names},
        {name: document.display_name(name) for name in names},
    )


def levels_of(controller: Controller) -> tuple[float, float]:
    """Return the voxel values that are shown black and white."""
    low, high = controller.view_state.levels
    return (high, low) if controller.view_state.inverted else (low, high)


def field_of(controller: Controller) -> VectorField | None:
    """Return the votes for the selected landmark; None where there are none, or where a person reads blind."""
    state = controller.view_state
    return None if controller.cases.blind else controller.document.field_of(state.selected, state.stage)


def flat_picture(controller: Controller, image: Image, wish: PictureWish) -> SlicePicture | None:
    """Return the picture of a 2D image, all of it."""
    return _slice_picture(controller, image, Orientation.AXIAL, wish)


def panel_pictures(
    controller: Controller, viewer: VolumeView, image: Image, wish: PictureWish
) -> list[tuple[Box, Picture]]:
    """Return the panels of a volume that are shown, and where they lie beside each other."""
    parts: list[tuple[Box, Picture]] = []
    for orientation, view in viewer.views.items():
        picture = _slice_picture(controller, image, orientation, wish) if view.isVisible() else None
        if picture is not None:
            parts.append((_box_in(viewer, view.viewport()), replace(picture, window_px=view.shown_px)))
    scene = viewer.scene.picture if viewer.panels[Panel.SCENE].isVisible() else None
    if scene is not None:
        scene = replace(
            scene,
            balls=scene.balls if wish.landmarks else (),
            tracing=_tracing(controller, wish),
            emphasised=scene.emphasised if wish.tracing else (),
            angles=scene.angles if wish.tracing else (),
            free=_free(controller, wish),
        )
        parts.append((_box_in(viewer, viewer.scene), scene))
    left, top = (min((box[axis] for box, _ in parts), default=0.0) for axis in (0, 1))
    return [((x - left, y - top, wide, high), part) for (x, y, wide, high), part in parts]


def _slice_picture(
    controller: Controller, image: Image, orientation: Orientation, wish: PictureWish
) -> SlicePicture | None:
    plane = controller.navigator.plane_of(orientation)
    if plane is None:
        return None
    state, measuring = controller.view_state, controller.measuring
    landmarks = measuring.shown_landmarks if wish.landmarks else None
    field = field_of(controller) if wish.vectors else None
    has_sides = image.ndim == 3 and image.source.spacing_known
    crosshair_mm = state.crosshair_mm if state.show_crosshair else None
    x_px, y_px = (0.0, 0.0) if crosshair_mm is None else plane.px_from_mm(crosshair_mm).tolist()
    return SlicePicture(
        image,
        plane,
        levels_of(controller),
        () if landmarks is None else tuple(glyphs_on(plane, landmarks, None, plain_names(controller))),
        labels=wish.labels,
        tracing=_tracing(controller, wish),
        emphasised=measuring.emphasised if wish.tracing else (),
        angles=measuring.emphasised_angles if wish.tracing else (),
        field=None if field is None else field_picture(field, plane, image.grid),
        letters=EdgeLetters.of(orientation, radiological=state.radiological) if has_sides else None,
        orientation=orientation,
        free=_free(controller, wish),
        crosshair_px=None if crosshair_mm is None else (x_px, y_px),
    )


def _tracing(controller: Controller, wish: PictureWish) -> tuple[TracedLine, ...]:
    """Return the lines of the analysis in use where they are wanted, whether or not the window shows them."""
    offer, landmarks = controller.measuring.offer, controller.measuring.shown_landmarks
    if not wish.tracing or offer is None or landmarks is None:
        return ()
    return traced_lines(offer.analysis, positions_mm(offer.analysis, landmarks))


def free_drawings(controller: Controller) -> tuple[FreeDrawing, ...]:
    """Return what a person has measured by hand, none of it selected and without what is being drawn."""
    return tuple(replace(one, selected=False) for one in controller.free_measuring.drawings if one.uuid)


def _free(controller: Controller, wish: PictureWish) -> tuple[FreeDrawing, ...]:
    return free_drawings(controller) if wish.free else ()


def _box_in(viewer: QWidget, widget: QWidget) -> Box:
    corner = widget.mapTo(viewer, QPoint(0, 0))
    return float(corner.x()), float(corner.y()), float(widget.width()), float(widget.height())
