"""Free measurements of the open image: drawing a distance or an angle by clicks, changing and deleting it, keeping it at once.

Owns which measurements there are, which is selected and what is being drawn; every step goes on the undo stack and into the
project. What another has drawn is shown and never changed; who reads blind sees only their own. Opens no file and knows no view.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from psygnal import Signal

from app.desk.desk import Desk
from app.session.cases import Cases
from app.session.document import Document
from app.session.free_rows import NAMES, FreeDrawing, FreeListRow, copied_text, list_row, text_of, value_text
from app.session.navigation import Navigator
from app.session.undo import ChangeFree, UndoHistories
from app.session.view_state import Mode, ViewState
from core.base.errors import AppError
from core.geometry.planes import Orientation, SlicePlane
from core.measuring.primitives import FloatArray
from core.project.cases import Geometry
from core.project.free_measurements import FreeKind, FreeMeasurement, as_points, seen_by
from core.project.readings import Reader

if TYPE_CHECKING:
    from core.project.store import Project

_FLUSH_S = 5.0
"""How long what was drawn before may take to get into the project before a case's measurements are asked for."""
KINDS = {Mode.DISTANCE: FreeKind.DISTANCE, Mode.ANGLE: FreeKind.ANGLE}
MODES = {kind: mode for mode, kind in KINDS.items()}
_STEPS = {
    FreeKind.DISTANCE: ("Measure a distance: click one end", "Click the other end of the distance"),
    FreeKind.ANGLE: (
        "Measure an angle: click a point on its first side",
        "Click the vertex of the angle",
        "Click a point on its second side",
    ),
}
NO_VOXEL_SIZE = "The voxel size of this volume is not known, so what is drawn in it has no value."


class Handle(NamedTuple):
    """A part of a measurement that the mouse can take hold of: one of its points, or its line where ``point`` is None."""

    uuid: str
    point: int | None


@dataclass(frozen=True)
class _Drag:
    before: FreeMeasurement
    index: int
    plane: SlicePlane
    offset_px: FloatArray
    depth: float


class FreeMeasuring:
    """The free measurements of the open image.

    Parameters
    ----------
    desk
        Where they are kept, and who reads.
    cases
        Whether the reader sees only what is their own, and what waits until it is known who reads.
    document, view_state, navigator
        What is measured, what a click means, and how an image is gone through.
    undo_stack
        Where the steps go.
    """

    changed = Signal()
    """Measurements, the selected one or the one that is being drawn are others."""
    stepped = Signal()
    """The next click sets another point than before."""
    show_requested = Signal(object)
    """The views are to show these positions ``(N, D)``, LPS mm."""

    def __init__(
        self, desk: Desk, cases: Cases, document: Document, view_state: ViewState, navigator: Navigator,
        undo_stack: UndoHistories,
    ) -> None:  # fmt: skip
        self._desk = desk
        self._cases = cases
        self._document = document
        self._view = view_state
        self._navigator = navigator
        self._undo_stack = undo_stack
        self._known: dict[int | None, dict[str, FreeMeasurement]] = {None: {}}
        self._selected: str | None = None
        self._clicked_mm: tuple[FloatArray, ...] = ()
        self._next_mm: FloatArray | None = None
        self._drag: _Drag | None = None
        self._dragged: FreeMeasurement | None = None
        self._unclaimed: set[str] = set()  # drawn before it was known who reads
        self._renamed: dict[Reader, Reader] = {}
        self._drawings: tuple[FreeDrawing, ...] | None = None  # each movement of the mouse asks for them
        self.changed.connect(self._forget_drawings)
        document.image_changed.connect(self._start_anew)
        view_state.events.mode.connect(self._start_anew)
        view_state.events.selected.connect(self._landmark_selected)
        desk.current_changed.connect(self._case_changed)
        desk.project_changed.connect(self._project_changed)
        desk.reader_changed.connect(self._reader_changed)
        desk.cases_removed.connect(self._forget)
        cases.blind_changed.connect(self._start_anew)

    # Which there are

    @property
    def measurements(self) -> tuple[FreeMeasurement, ...]:
        """What the reader sees in the open image, on its pixels, in the order in which it was drawn."""
        geometry = self._geometry
        if geometry is None:
            return ()
        everything = self._known.get(self._desk.current, {}).values()
        seen = seen_by(self._desk.reader, everything, blind=self._cases.blind)
        fitting = [one.on(geometry) for one in seen if one.geometry.grid.shape == geometry.grid.shape]
        dragged = self._dragged
        return tuple(dragged if dragged is not None and one.uuid == dragged.uuid else one for one in fitting)

    @property
    def rows(self) -> tuple[FreeListRow, ...]:
        """What the list says of them."""
        return tuple(list_row(one, own=self.is_own(one)) for one in self.measurements)

    @property
    def drawings(self) -> tuple[FreeDrawing, ...]:
        """What is drawn of them, the selected one last, and then what is being drawn."""
        if self._drawings is None:
            self._drawings = self._make_drawings()
        return self._drawings

    def _forget_drawings(self) -> None:
        self._drawings = None

    def _make_drawings(self) -> tuple[FreeDrawing, ...]:
        drawn = [
            FreeDrawing(one.uuid, one.array_mm, text_of(one), one.uuid == self._selected, self.is_own(one))
            for one in self.measurements
        ]
        drawn.sort(key=lambda one: one.selected)
        pending = self._pending()
        return tuple(drawn) if pending is None else (*drawn, pending)

    def is_own(self, measurement: FreeMeasurement) -> bool:
        """Tell whether the reader drew it, so that they may change it."""
        return measurement.reader == self._desk.reader

    @property
    def selected(self) -> FreeMeasurement | None:
        """The selected measurement."""
        return self._find(self._selected)

    def _find(self, identity: str | None) -> FreeMeasurement | None:
        return next((one for one in self.measurements if one.uuid == identity), None)

    @property
    def _geometry(self) -> Geometry | None:
        image = self._document.image
        return None if image is None else Geometry.of(image)

    def select(self, identity: str | None, *, show: bool = False) -> None:
        """Select a measurement, and no landmark; with ``show``, bring it into view."""
        if identity is not None:
            self._view.selected = None
        if identity != self._selected:
            self._selected = identity
            self.changed.emit()
        chosen = self.selected
        if show and chosen is not None:
            self._navigator.go_to(chosen.array_mm.mean(axis=0))
            self.show_requested.emit(chosen.array_mm)

    def _landmark_selected(self, name: str | None) -> None:
        """Let one thing be selected at a time: what is selected is what the Delete key takes away."""
        if name is not None:
            self.select(None)

    def copied_text(self) -> str:
        """Return the list as tab-separated text, each with its points."""
        image = self._document.image
        return "" if image is None else copied_text(image.source.path.name, self.measurements)

    # Drawing

    @property
    def kind(self) -> FreeKind | None:
        """What clicks measure now; None where they mean something else."""
        return KINDS.get(self._view.mode)

    @property
    def points_clicked(self) -> int:
        """How many points of the measurement that is being drawn there are."""
        return len(self._clicked_mm)

    @property
    def next_step(self) -> str:
        """Which point the next click sets; empty where clicks mean something else."""
        return "" if self.kind is None else _STEPS[self.kind][len(self._clicked_mm)]

    def toggle(self, kind: FreeKind) -> None:
        """Begin to measure by clicks, or go back to looking around."""
        if self.kind is kind:
            self._view.mode = Mode.NAVIGATE
            return
        geometry = self._geometry
        if geometry is None or self._refuses():
            return
        if geometry.grid.ndim == 3 and not geometry.spacing_known:
            self._view.say(NO_VOXEL_SIZE, is_warning=False)
        self._view.mode = MODES[kind]

    def place_of(self, orientation: Orientation, point_px: tuple[float, float], name: str | None) -> FloatArray | None:
        """Return where a place of a slice is, LPS mm; that of the landmark ``name`` where there is one, None beside the image."""
        if name is not None:
            return self.landmark_mm(name)
        plane = self._navigator.plane_of(orientation)
        return plane.mm_from_px(point_px) if plane is not None and plane.inside(point_px) else None

    def landmark_mm(self, name: str) -> FloatArray | None:
        """Return the position of a landmark, to which a click snaps; None where it has none."""
        landmarks = self._document.landmarks
        if landmarks is None or name not in landmarks.names:
            return None
        point_mm = np.asarray(landmarks.point_mm(name), dtype=np.float64)
        return point_mm if np.isfinite(point_mm).all() else None

    def click(self, point_mm: FloatArray | None) -> None:
        """Take the next point; after the last one the measurement is there, and the next can be drawn."""
        kind, geometry = self.kind, self._geometry
        if kind is None or geometry is None or point_mm is None or self._refuses() or not self._is_loaded:
            return
        if self._clicked_mm and np.allclose(self._clicked_mm[-1], point_mm, rtol=0, atol=1e-9):
            return  # the second half of a double click
        self._clicked_mm = (*self._clicked_mm, point_mm)
        if len(self._clicked_mm) < kind.point_count:
            self._next_mm = None
            self.stepped.emit()
            self.changed.emit()
            return
        points = as_points(np.stack(self._clicked_mm))
        self._clicked_mm, self._next_mm = (), None
        drawn = FreeMeasurement(
            self._desk.current or 0, self._desk.reader, kind, points, geometry, uuid=uuid.uuid4().hex
        )
        self._view.selected, self._selected = None, drawn.uuid
        self.stepped.emit()
        self._push(None, drawn, f"Measure {NAMES[kind].lower()}")

    def hover(self, point_mm: FloatArray | None) -> None:
        """Show what the measurement that is being drawn would be with this as its next point."""
        if self._clicked_mm and not _same(point_mm, self._next_mm):
            self._next_mm = point_mm
            self.changed.emit()

    def _pending(self) -> FreeDrawing | None:
        kind, geometry = self.kind, self._geometry
        if kind is None or geometry is None or not self._clicked_mm:
            return None
        points = self._clicked_mm if self._next_mm is None else (*self._clicked_mm, self._next_mm)
        points_mm, text = np.stack(points), ""
        if len(points) == kind.point_count:
            pixel_mm = float(np.min(geometry.grid.spacing_mm))
            text = value_text(points_mm, spacing_known=geometry.spacing_known, pixel_mm=pixel_mm)
        return FreeDrawing("", points_mm, text, selected=True)

    def cancel(self) -> bool:
        """Give up what is being dragged or drawn; tell whether there was anything."""
        was_busy = self._drag is not None or bool(self._clicked_mm)
        self._start_anew()
        return was_busy

    def _start_anew(self, *_: object) -> None:
        self._drag = self._dragged = self._next_mm = None
        self._clicked_mm = ()
        self.stepped.emit()
        self.changed.emit()

    # Changing

    def begin_drag(self, handle: Handle, orientation: Orientation, grab_px: tuple[float, float]) -> bool:
        """Take hold of a point, which stays in the plane of a volume in which it is held; tell whether it can be moved."""
        measurement, plane = self._find(handle.uuid), self._navigator.plane_of(orientation)
        self.select(handle.uuid)
        if measurement is None or plane is None or handle.point is None or self._refuses(measurement):
            return False
        point_mm = measurement.array_mm[handle.point]
        offset_px = plane.px_from_mm(point_mm) - np.asarray(grab_px)
        self._drag = _Drag(measurement, handle.point, plane, offset_px, float(plane.depth_of(point_mm)))
        return True

    def drag_to(self, point_px: tuple[float, float], name: str | None = None) -> None:
        """Show the point where the mouse is, or where the landmark ``name`` is; nothing is kept yet."""
        drag = self._drag
        if drag is None:
            return
        point_mm = None if name is None else self.landmark_mm(name)
        if point_mm is None:
            target_px = drag.plane.clamped(np.asarray(point_px) + drag.offset_px)
            point_mm = drag.plane.mm_from_px(target_px, drag.depth)
        points_mm = drag.before.array_mm
        points_mm[drag.index] = point_mm
        self._dragged = drag.before.with_points(points_mm)
        self.changed.emit()

    def end_drag(self) -> None:
        """Let go: the whole drag becomes one step."""
        drag, after = self._drag, self._dragged
        self._drag = self._dragged = None
        if drag is not None and after is not None and after.points_mm != drag.before.points_mm:
            self._push(drag.before, after, f"Change {NAMES[after.kind].lower()}")

    def remove_selected(self) -> None:
        """Delete the selected measurement."""
        self.end_drag()
        chosen = self.selected
        if chosen is not None and not self._refuses(chosen):
            self._push(chosen, None, f"Delete {NAMES[chosen.kind].lower()}")

    def _refuses(self, measurement: FreeMeasurement | None = None) -> bool:
        """Tell whether nothing may be drawn, or this one not be changed, and say why."""
        because, told = self._desk.read_only_because, ""
        if because:
            told = f"Nothing can be measured in a project that is only looked at. {because}"
        elif measurement is not None and not self.is_own(measurement):
            whose = measurement.reader.name
            told = f"This {NAMES[measurement.kind].lower()} was drawn by {whose}. Only {whose} can change it."
        if told:
            self._view.say(told, is_warning=False)
        return bool(told)

    # Every step into the project

    def _push(self, before: FreeMeasurement | None, after: FreeMeasurement | None, text: str) -> None:
        self._undo_stack.push(ChangeFree(self._put, before, after, text))

    def _put(self, old: FreeMeasurement | None, new: FreeMeasurement | None) -> None:
        """Have one measurement in the place of another, of which either may be none."""
        known, geometry = self._known.setdefault(self._desk.current, {}), self._geometry
        self._drag = self._dragged = None
        if new is None and old is not None:
            known.pop(old.uuid, None)
            if self._selected == old.uuid:
                self._selected = None
            self._write(old.uuid, None)
        elif new is not None and geometry is not None:
            fits = new.geometry.grid.shape == geometry.grid.shape  # else of another image of that name
            reader = self._renamed.get(new.reader, new.reader)
            kept = replace(new.on(geometry) if fits else new, reader=reader)
            known[new.uuid] = kept
            self._write(new.uuid, kept)
        self.changed.emit()

    def _write(self, identity: str, measurement: FreeMeasurement | None) -> None:
        case_id = self._desk.current
        if case_id is None or not self._desk.keeps_work:
            return
        keep = partial(_keep, identity=identity, measurement=measurement)
        if self._desk.reader_is_known:
            self._desk.change(keep)
        else:
            self._unclaimed.add(identity)
            self._cases.held_back.put_write(case_id, partial(self._keep_as, identity, measurement))

    def _keep_as(self, identity: str, measurement: FreeMeasurement | None, reader: Reader) -> None:
        """Keep what was drawn before it was known who reads, as theirs."""
        self._unclaimed.discard(identity)
        whose = None if measurement is None else replace(measurement, reader=reader)
        if self._desk.keeps_work:
            self._desk.change(partial(_keep, identity=identity, measurement=whose))

    # Which case lies open

    @property
    def _is_loaded(self) -> bool:
        return self._desk.current in self._known

    def read_anew(self) -> None:
        """Ask the project again: a merge has perhaps brought something."""
        self._known = {None: {}}
        self._case_changed()

    def _case_changed(self) -> None:
        case_id = self._desk.current
        self._selected = None
        if case_id is None:
            self._known[None] = {}
        elif case_id not in self._known:
            self._load(case_id)
        self._start_anew()

    def _load(self, case_id: int) -> None:
        def ask(project: "Project") -> list[FreeMeasurement]:
            self._desk.flush(_FLUSH_S)
            return project.free_measurements.of_case(case_id)

        def take(found: list[FreeMeasurement]) -> None:
            self._known.setdefault(case_id, {one.uuid: one for one in found})
            self.changed.emit()

        def fail(error: AppError) -> None:
            take([])
            self._desk.refused.emit(error)

        self._desk.ask(ask, take, fail)

    def _project_changed(self) -> None:
        if not self._desk.goes_on:
            self._unclaimed.clear()
            self._renamed.clear()
            self.read_anew()

    def _reader_changed(self) -> None:
        """Let what waits for its reader be theirs; else ask anew, since another reader sees others as their own."""
        if not self._unclaimed:
            self.read_anew()
            return
        for known in self._known.values():
            for identity in self._unclaimed & known.keys():
                self._renamed[known[identity].reader] = self._desk.reader
                known[identity] = replace(known[identity], reader=self._desk.reader)
        self.changed.emit()

    def _forget(self, case_ids: Collection[int]) -> None:
        for case_id in case_ids:
            self._known.pop(case_id, None)


def _same(first: FloatArray | None, second: FloatArray | None) -> bool:
    return first is second or (first is not None and second is not None and np.array_equal(first, second))


def _keep(project: "Project", *, identity: str, measurement: FreeMeasurement | None) -> None:
    if measurement is None:
        project.free_measurements.remove([identity])
    else:
        project.free_measurements.save(measurement)
