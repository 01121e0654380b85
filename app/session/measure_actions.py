"""The rows of the Measure menu: part of the table in `actions`."""

from app.session.action import MEASURE, Action, by_window, toggled
from app.session.conditions import can_list, can_measure, has_desk, has_free_selection, has_image, has_landmarks
from app.session.controller import Controller
from core.project.free_measurements import FreeKind


def _edit_analysis(controller: Controller) -> None:
    if controller.measuring.offer is not None:
        controller.analysis_editing.begin_with(controller.measuring.offer)


MEASURE_ACTIONS = (
    Action(
        "measure.list", "&Measurements", toggled("show_measurements"), MEASURE, ("M",), enabled_when=can_list,
        checked_when=lambda c: c.view_state.show_measurements,
    ),
    Action(
        "measure.tracing", "&Tracing", toggled("show_tracing"), MEASURE, ("G",), enabled_when=can_measure,
        checked_when=lambda c: c.view_state.show_tracing,
    ),
    Action(
        "measure.distance", "Measure a &distance", lambda c: c.free_measuring.toggle(FreeKind.DISTANCE), MEASURE,
        ("Shift+D",), "distance", has_image, lambda c: c.free_measuring.kind is FreeKind.DISTANCE, group=1,
        toolbar="Distance",
    ),
    Action(
        "measure.angle", "Measure an an&gle", lambda c: c.free_measuring.toggle(FreeKind.ANGLE), MEASURE, ("Shift+A",),
        "angle", has_image, lambda c: c.free_measuring.kind is FreeKind.ANGLE, group=1, toolbar="Angle",
    ),
    Action(
        "measure.delete", "Delete the se&lected distance or angle", lambda c: c.free_measuring.remove_selected(), MEASURE,
        enabled_when=has_free_selection, group=1,
    ),
    Action(
        "measure.new_analysis", "&New analysis…", lambda c: c.analysis_editing.begin_new(), MEASURE,
        enabled_when=has_image, group=2,
    ),
    Action(
        "measure.edit_analysis", "&Edit analysis…", _edit_analysis, MEASURE, enabled_when=can_measure, group=2,
    ),
    Action(
        "measure.open_analysis", "&Open analysis…", lambda c: c.measuring.ask_open(), MEASURE, enabled_when=has_image,
        group=2,
    ),
    Action(
        "measure.save_analysis", "Save anal&ysis as…", lambda c: c.measuring.ask_save_analysis(), MEASURE,
        enabled_when=can_measure, group=2,
    ),
    Action(
        "measure.superimpose", "Super&impose with another image…", by_window, MEASURE, enabled_when=has_landmarks,
        group=3, of_window=True,
    ),
    Action(
        "measure.shapes", "&Compare shapes…", by_window, MEASURE, enabled_when=has_desk, group=3, of_window=True,
    ),
    Action(
        "measure.save", "&Save measurements as…", lambda c: c.measuring.ask_save(), MEASURE, enabled_when=can_measure,
        group=4,
    ),
)  # fmt: skip
