"""Everything that can be done by menu, toolbar or key, as one table; menus, toolbar and the shortcut sheet are made from it.

A row says what it is called, when it can be done and what it calls. Mouse gestures stand in `gestures`.
"""

from collections.abc import Callable

from app.session.action import Action as Action
from app.session.controller import Controller
from app.session.file_names import Sample, sample_path
from app.session.view_state import Panel
from core.project.free_measurements import FreeKind

FILE, EDIT, LANDMARK, REVIEW, VIEW, HELP = "File", "Edit", "Landmark", "Review", "View", "Help"
MENUS = (FILE, EDIT, LANDMARK, REVIEW, VIEW, HELP)


def _has_image(controller: Controller) -> bool:
    """Tell whether there is an image to work on; one that is covered while the next one is opened is none."""
    return controller.document.image is not None and not controller.view_state.opening


def _has_selection(controller: Controller) -> bool:
    return _has_image(controller) and controller.view_state.selected in controller.editor.names


def _has_landmarks(controller: Controller) -> bool:
    return _has_image(controller) and bool(controller.editor.names)


def _can_measure(controller: Controller) -> bool:
    return _has_image(controller) and controller.measuring.is_offered


def _edit_analysis(controller: Controller) -> None:
    if controller.measuring.offer is not None:
        controller.analysis_editing.begin_with(controller.measuring.offer)


def _can_list(controller: Controller) -> bool:
    return _can_measure(controller) or (_has_image(controller) and bool(controller.free_measuring.rows))


def _has_free_selection(controller: Controller) -> bool:
    return _has_image(controller) and controller.free_measuring.selected is not None


def _can_go_back(controller: Controller) -> bool:
    placing = controller.placing
    return _has_image(controller) and (placing.can_go_back if placing.active else controller.checking.can_go_back)


def _confirm(controller: Controller) -> None:
    """Go on: while placing nothing can be confirmed yet."""
    if controller.placing.walks:
        controller.placing.skip()
    else:
        controller.checking.confirm()


def _go_back(controller: Controller) -> None:
    if controller.placing.active:
        controller.placing.go_back()
    else:
        controller.checking.go_back()


def _mark_absent(controller: Controller) -> None:
    if controller.placing.walks:
        controller.placing.mark_absent()
    else:
        controller.editor.mark_absent()


def _clear(controller: Controller) -> None:
    """Take away what is selected: of a landmark its position, of the distances and angles the whole."""
    if controller.placing.active:
        controller.placing.go_back()
    elif controller.free_measuring.selected is not None:
        controller.free_measuring.remove_selected()
    else:
        controller.editor.clear()


def _has_desk(controller: Controller) -> bool:
    return controller.desk.project is not None


def _can_add(controller: Controller) -> bool:
    return controller.desk.keeps_work


def _sees_all(controller: Controller) -> bool:
    """Tell whether the person may be shown what others and the model have said."""
    return not controller.cases.blind


def _toggle_blind(controller: Controller) -> None:
    controller.cases.blind = not controller.cases.blind


def _is_flat(controller: Controller) -> bool:
    image = controller.document.image
    return image is not None and image.ndim == 2


def _is_volume(controller: Controller) -> bool:
    image = controller.document.image
    return image is not None and image.ndim == 3


def _can_revert(controller: Controller) -> bool:
    return (
        _has_image(controller)
        and controller.document.predicted_status(controller.view_state.selected or "") is not None
    )


def _toggled(field: str) -> Callable[[Controller], None]:
    def toggle(controller: Controller) -> None:
        setattr(controller.view_state, field, not getattr(controller.view_state, field))

    return toggle


def _scroll(slices: int) -> Callable[[Controller], None]:
    return lambda controller: controller.navigator.scroll(controller.view_state.active, slices)


_PANEL_NAMES = {
    Panel.AXIAL: "A&xial view", Panel.CORONAL: "Coro&nal view", Panel.SAGITTAL: "&Sagittal view", Panel.SCENE: "&3D view",
}  # fmt: skip
_SCROLL_NAMES = {
    ("up", 1): "One slice &up", ("up", 10): "Ten slices u&p",
    ("down", 1): "One slice &down", ("down", 10): "Ten slices do&wn",
}  # fmt: skip


def _maximise(panel: Panel) -> Action:
    name = _PANEL_NAMES[panel]
    key = str(list(Panel).index(panel) + 1)
    return Action(
        f"view.{panel}", f"{name} alone", lambda c: c.navigator.toggle_maximised(panel), VIEW, (key,),
        enabled_when=_is_volume, checked_when=lambda c: c.view_state.maximised is panel, shown_when=_is_volume, group=3,
    )  # fmt: skip


def _open_sample(sample: Sample, text: str) -> Action:
    return Action(
        f"file.sample_{sample.name.lower()}", text, lambda c: c.open_sample(sample), FILE,
        enabled_when=lambda _: sample_path(sample) is not None,
    )  # fmt: skip


def _show_all_panels(controller: Controller) -> None:
    controller.view_state.maximised = None


def _by_window(_: Controller) -> None:
    """Stand in for what the window does itself."""


_FILE = (
    Action("file.open", "&Open image…", Controller.ask_open_image, FILE, ("Ctrl+O",), "open", toolbar="Open"),
    Action("file.folder", "Open fol&der…", Controller.ask_open_folder, FILE, ("Ctrl+D",)),
    _open_sample(Sample.XRAY, "Open sample &X-ray"),
    _open_sample(Sample.VOLUME, "Open sample &volume"),
    Action(
        "file.next", "&Next image", lambda c: c.open_neighbour(1), FILE, ("N", "PgDown"),
        enabled_when=lambda c: c.has_neighbour(1),
    ),
    Action(
        "file.previous", "&Previous image", lambda c: c.open_neighbour(-1), FILE, ("B", "PgUp"),
        enabled_when=lambda c: c.has_neighbour(-1),
    ),
    Action(
        "file.landmarks", "Open &landmarks…", Controller.ask_open_landmarks, FILE, ("Ctrl+Shift+O",), group=1,
        enabled_when=_has_image,
    ),
    Action(
        "file.save", "&Save landmarks", Controller.save, FILE, ("Ctrl+S",), "save", _has_image, group=1, toolbar="Save",
    ),
    Action(
        "file.save_as", "Save landmarks &as…", Controller.save_as, FILE, ("Ctrl+Shift+S",), group=1,
        enabled_when=_has_image,
    ),
    Action(
        "file.analysis", "Open anal&ysis…", lambda c: c.measuring.ask_open(), FILE, group=1, enabled_when=_has_image,
    ),
    Action(
        "file.save_analysis", "Save analys&is as…", lambda c: c.measuring.ask_save_analysis(), FILE, group=1,
        enabled_when=_can_measure,
    ),
    Action(
        "file.measurements", "Save meas&urements as…", lambda c: c.measuring.ask_save(), FILE, group=1,
        enabled_when=_can_measure,
    ),
    Action("file.picture", "Save picture of any si&ze…", _by_window, FILE, (), "", _has_image, group=1, of_window=True),
    Action("file.report", "Save printa&ble report (PDF)…", _by_window, FILE, (), "", _can_measure, group=1, of_window=True),
    Action(
        "file.new_project", "Ne&w project…", lambda c: c.projects.ask_new(), FILE, enabled_when=_has_desk, group=2,
    ),
    Action(
        "file.open_project", "Open pro&ject…", lambda c: c.projects.ask_open(), FILE, enabled_when=_has_desk, group=2,
    ),
    Action(
        "file.save_project", "Save projec&t as…", lambda c: c.projects.ask_save_as(), FILE,
        enabled_when=_has_desk, group=2,
    ),
    Action(
        "file.add_images", "Add ima&ges to the project…", Controller.ask_add_images, FILE, enabled_when=_can_add, group=2,
    ),
    Action(
        "file.add_folder", "Add a &folder to the project…", Controller.ask_add_folder, FILE, enabled_when=_can_add, group=2,
    ),
    Action(
        "file.export", "Save landmar&ks of all cases as…", lambda c: c.exchange.ask_export(), FILE,
        enabled_when=lambda c: c.exchange.can_export, group=2,
    ),
    Action(
        "file.import", "Add landmarks to the proje&ct…", lambda c: c.exchange.ask_import(), FILE,
        enabled_when=lambda c: c.exchange.can_import, group=2,
    ),
    Action("file.reader", "W&ho reads…", lambda c: c.projects.ask_reader(), FILE, enabled_when=_has_desk, group=2),
    Action("file.model", "Choose &model…", Controller.ask_model, FILE, enabled_when=_sees_all, group=3),
    Action("file.quit", "&Quit", _by_window, FILE, ("Ctrl+Q",), group=4, of_window=True),
)  # fmt: skip

_EDIT = (
    Action(
        "edit.undo", "&Undo", lambda c: c.editor.undo(), EDIT, ("Ctrl+Z",), "undo",
        lambda c: _has_image(c) and c.undo_stack.canUndo(),
        toolbar="Undo",
    ),
    Action(
        "edit.redo", "&Redo", lambda c: c.editor.redo(), EDIT, ("Ctrl+Shift+Z", "Ctrl+Y"), "redo",
        lambda c: _has_image(c) and c.undo_stack.canRedo(), toolbar="Redo",
    ),
    Action(
        "edit.pixel_size", "Set &pixel size…", Controller.ask_pixel_size, EDIT, (), "ruler",
        lambda c: _has_image(c) and _is_flat(c),
        shown_when=lambda c: not _is_volume(c), group=1, toolbar="Pixel size",
    ),
    Action(
        "edit.new_analysis", "&New analysis…", lambda c: c.analysis_editing.begin_new(), EDIT, enabled_when=_has_image,
        group=2,
    ),
    Action(
        "edit.analysis", "Edit &analysis…", _edit_analysis, EDIT, enabled_when=_can_measure, group=2,
    ),
    Action(
        "edit.distance", "Measure a &distance", lambda c: c.free_measuring.toggle(FreeKind.DISTANCE), EDIT, ("Shift+D",),
        "distance", _has_image, lambda c: c.free_measuring.kind is FreeKind.DISTANCE, group=3, toolbar="Distance",
    ),
    Action(
        "edit.angle", "Measure an an&gle", lambda c: c.free_measuring.toggle(FreeKind.ANGLE), EDIT, ("Shift+A",), "angle",
        _has_image, lambda c: c.free_measuring.kind is FreeKind.ANGLE, group=3, toolbar="Angle",
    ),
    Action(
        "edit.delete_free", "Delete the &selected distance or angle", lambda c: c.free_measuring.remove_selected(), EDIT,
        enabled_when=_has_free_selection, group=3,
    ),
)  # fmt: skip

_LANDMARK = (
    Action(
        "landmark.find", "&Find landmarks", Controller.start_localization, LANDMARK, ("Ctrl+L",), "localize",
        lambda c: _has_image(c) and not c.localizing, toolbar="Find landmarks",
    ),
    Action(
        "landmark.confirm", "&Confirm and go on", _confirm, LANDMARK, ("Space",), "confirm", _has_landmarks, group=1,
        toolbar="Confirm",
    ),
    Action(
        "landmark.confirm_all", "Confir&m all of this image", lambda c: c.checking.confirm_all(), LANDMARK, ("Shift+Space",),
        enabled_when=_has_landmarks, group=1,
    ),
    Action(
        "landmark.back", "&Back to the one before", _go_back, LANDMARK, ("Z",), enabled_when=_can_go_back, group=1,
    ),
    Action(
        "landmark.place", "&Place by clicking", lambda c: c.placing.toggle(), LANDMARK, ("P",), "place", _has_image,
        lambda c: c.placing.active, group=1, toolbar="Place",
    ),
    Action(
        "landmark.skip", "&Skip this one while placing", lambda c: c.placing.skip(), LANDMARK, ("S",),
        enabled_when=lambda c: _has_image(c) and c.placing.walks, group=1,
    ),
    Action(
        "landmark.absent", "Mark as &not present", _mark_absent, LANDMARK, ("X",), "absent", _has_selection, group=1,
        toolbar="Not present",
    ),
    Action(
        "landmark.clear", "C&lear position", _clear, LANDMARK, ("Del", "Backspace"),
        enabled_when=lambda c: _has_selection(c) or _can_go_back(c) or _has_free_selection(c), group=1,
    ),
    Action(
        "landmark.lock", "Loc&k", lambda c: c.editor.toggle_lock(), LANDMARK, ("L",), "lock", _has_selection,
        checked_when=lambda c: c.editor.is_locked(c.view_state.selected), group=1,
    ),
    Action(
        "landmark.revert", "Revert to the model's &answer", lambda c: c.editor.revert(), LANDMARK, ("Ctrl+R",),
        enabled_when=_can_revert, group=1,
    ),
    Action(
        "landmark.rename", "&Rename…", Controller.ask_rename, LANDMARK, ("F2",), group=1,
        enabled_when=lambda c: c.editor.is_own(c.view_state.selected),
    ),
    Action(
        "landmark.next", "Ne&xt landmark", lambda c: c.editor.select_next(1), LANDMARK, (".",), enabled_when=_has_image,
        group=2,
    ),
    Action(
        "landmark.previous", "Pre&vious landmark", lambda c: c.editor.select_next(-1), LANDMARK, (",",),
        enabled_when=_has_image, group=2,
    ),
    Action(
        "landmark.scheme", "Landmark sc&heme…", lambda c: c.schemes.ask(), LANDMARK, enabled_when=_has_image, group=3,
    ),
    Action(
        "landmark.new_scheme", "Ne&w scheme…", lambda c: c.schemes.ask_new(), LANDMARK, enabled_when=_has_image, group=3,
    ),
    Action(
        "landmark.no_scheme", "&Use the model's landmarks", lambda c: c.schemes.forget(), LANDMARK, group=3,
        enabled_when=lambda c: _has_image(c) and c.document.scheme is not None,
    ),
    Action(
        "landmark.through_all", "Mark this landmark in &every image", lambda c: c.schemes.toggle_through_all(), LANDMARK,
        ("Shift+P",), enabled_when=_has_selection, checked_when=lambda c: c.view_state.through_all is not None, group=3,
    ),
    Action(
        "landmark.cancel", "Cancel the drag, or leave the mode", Controller.leave_mode, "", ("Esc",), enabled_when=_has_image,
    ),
)  # fmt: skip

_REVIEW = (
    Action(
        "review.next", "&Next doubtful landmark", lambda c: c.review.go_on(), REVIEW, ("D",),
        enabled_when=lambda c: _has_desk(c) and _sees_all(c),
    ),
    Action(
        "review.agreement", "&Agreement of readers…", _by_window, REVIEW, group=1, of_window=True,
        enabled_when=lambda c: _has_desk(c) and _sees_all(c),
    ),
    Action("review.merge", "&Merge readings…", _by_window, REVIEW, enabled_when=_can_add, group=1, of_window=True),
    Action("review.shapes", "Compare &shapes…", _by_window, REVIEW, group=2, of_window=True, enabled_when=_has_desk),
)  # fmt: skip

_VIEW = (
    Action(
        "view.worklist", "Wor&klist", _toggled("show_worklist"), VIEW, ("W",), enabled_when=_has_desk,
        checked_when=lambda c: c.view_state.show_worklist,
    ),
    Action(
        "view.blind", "&Blind reading (hide what others and the model said)", _toggle_blind, VIEW, enabled_when=_can_add,
        checked_when=lambda c: c.cases.blind,
    ),
    Action(
        "view.measurements", "&Measurements", _toggled("show_measurements"), VIEW, ("M",), enabled_when=_can_list,
        checked_when=lambda c: c.view_state.show_measurements,
    ),
    Action(
        "view.tracing", "Tracin&g", _toggled("show_tracing"), VIEW, ("G",), enabled_when=_can_measure,
        checked_when=lambda c: c.view_state.show_tracing,
    ),
    Action("view.superimpose", "Sup&erimpose with another image…", _by_window, VIEW, enabled_when=_has_landmarks, of_window=True),
    Action(
        "view.vectors", "&Vectors of the selected landmark", _toggled("show_vectors"), VIEW, ("V",), "vectors", _has_image,
        lambda c: c.view_state.show_vectors, toolbar="Vectors",
    ),
    Action(
        "view.labels", "&Labels", _toggled("show_labels"), VIEW, ("T",), "labels", _has_image,
        lambda c: c.view_state.show_labels, toolbar="Labels",
    ),
    Action(
        "view.loupe", "Loupe &while dragging", _toggled("show_loupe"), VIEW, enabled_when=_has_image,
        checked_when=lambda c: c.view_state.show_loupe,
    ),
    Action(
        "view.invert", "&Invert grey values", _toggled("inverted"), VIEW, ("I",), "invert", _has_image,
        lambda c: c.view_state.inverted, group=1, toolbar="Invert",
    ),
    Action(
        "view.levels", "&Automatic brightness and contrast", Controller.reset_levels, VIEW, ("A",),
        enabled_when=_has_image, group=1,
    ),
    Action(
        "view.fit", "&Fit the image to the window", lambda c: c.view_state.fit_requested.emit(), VIEW, ("R",), "fit",
        _has_image, group=1, toolbar="Fit",
    ),
    Action(
        "view.crosshair", "&Crosshair", _toggled("show_crosshair"), VIEW, ("C",), "crosshair", _is_volume,
        lambda c: c.view_state.show_crosshair, _is_volume, group=2, toolbar="Crosshair",
    ),
    Action(
        "view.radiological", "Patient's left on the &right (radiological)", _toggled("radiological"), VIEW,
        enabled_when=_is_volume, checked_when=lambda c: c.view_state.radiological, shown_when=_is_volume, group=2,
    ),
    Action(
        "view.all", "All f&our views", _show_all_panels, VIEW, ("0",), "restore", _is_volume,
        lambda c: c.view_state.maximised is None, _is_volume, group=3, toolbar="Four views",
    ),
    *(_maximise(panel) for panel in Panel),
    *(
        Action(
            f"view.{way}_{'one' if count == 1 else 'ten'}", _SCROLL_NAMES[way, count],
            _scroll(count if way == "up" else -count), VIEW, (f"Ctrl+{key}",),
            enabled_when=_is_volume, shown_when=_is_volume, group=4,
        )
        for way, keys in (("up", ("Up", "PgUp")), ("down", ("Down", "PgDown")))
        for count, key in zip((1, 10), keys, strict=True)
    ),
)  # fmt: skip

_HELP = (
    Action(
        "help.shortcuts", "&Keys and gestures", _by_window, HELP, ("F1", "?"), "help", toolbar="Keys", of_window=True
    ),
    Action("help.about", "&About Cairn", _by_window, HELP, of_window=True),
)

ACTIONS: tuple[Action, ...] = (*_FILE, *_EDIT, *_LANDMARK, *_REVIEW, *_VIEW, *_HELP)

TOOLBAR = (
    ("file.open", "file.save"),
    ("landmark.find",),
    ("edit.undo", "edit.redo"),
    ("landmark.place", "landmark.confirm", "landmark.absent"),
    ("edit.distance", "edit.angle"),
    ("view.labels", "view.invert", "view.fit", "view.crosshair", "view.all", "edit.pixel_size"),
    ("view.vectors",),
)
"""Ids in the toolbar, in groups; the stage selector follows the last one."""

LANDMARK_MENU = (
    "landmark.confirm", "landmark.absent", "landmark.lock", "landmark.clear", "landmark.revert", "landmark.rename",
)  # fmt: skip
"""Ids in the menu that a right click on a landmark opens."""
