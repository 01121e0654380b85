"""Everything that can be done by menu, toolbar or key, as one table; menus, toolbar and the shortcut sheet are made from it.

A row says what it is called, when it can be done and what it calls. Mouse gestures stand in `gestures`.
"""

from collections.abc import Callable

from app.session.action import EDIT, FILE, HELP, LANDMARK, MEASURE, REVIEW, VIEW, Action, by_window, toggled
from app.session.conditions import (
    can_add,
    can_go_back,
    can_learn,
    can_measure,
    can_revert,
    has_desk,
    has_free_selection,
    has_image,
    has_landmarks,
    has_selection,
    is_flat,
    is_volume,
    sees_all,
)
from app.session.controller import Controller
from app.session.file_names import Sample, sample_path
from app.session.measure_actions import MEASURE_ACTIONS
from app.session.view_state import Panel

MENUS = (FILE, EDIT, LANDMARK, REVIEW, MEASURE, VIEW, HELP)


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


def _toggle_blind(controller: Controller) -> None:
    controller.cases.blind = not controller.cases.blind


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
        enabled_when=is_volume, checked_when=lambda c: c.view_state.maximised is panel, shown_when=is_volume, group=3,
    )  # fmt: skip


def _open_sample(sample: Sample, text: str) -> Action:
    return Action(
        f"file.sample_{sample.name.lower()}", text, lambda c: c.open_sample(sample), FILE,
        enabled_when=lambda _: sample_path(sample) is not None,
    )  # fmt: skip


def _show_all_panels(controller: Controller) -> None:
    controller.view_state.maximised = None


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
        enabled_when=has_image,
    ),
    Action(
        "file.save", "&Save landmarks", Controller.save, FILE, ("Ctrl+S",), "save", has_image, group=1, toolbar="Save",
    ),
    Action(
        "file.save_as", "Save landmarks &as…", Controller.save_as, FILE, ("Ctrl+Shift+S",), group=1,
        enabled_when=has_image,
    ),
    Action("file.picture", "Save pict&ure as…", by_window, FILE, (), "", has_image, group=1, of_window=True),
    Action("file.report", "Save printa&ble report (PDF)…", by_window, FILE, (), "", can_measure, group=1, of_window=True),
    Action(
        "file.new_project", "Ne&w project…", lambda c: c.projects.ask_new(), FILE, enabled_when=has_desk, group=2,
    ),
    Action(
        "file.open_project", "Open pro&ject…", lambda c: c.projects.ask_open(), FILE, enabled_when=has_desk, group=2,
    ),
    Action(
        "file.save_project", "Save projec&t as…", lambda c: c.projects.ask_save_as(), FILE,
        enabled_when=has_desk, group=2,
    ),
    Action(
        "file.add_images", "Add ima&ges to the project…", Controller.ask_add_images, FILE, enabled_when=can_add, group=2,
    ),
    Action(
        "file.add_folder", "Add a &folder to the project…", Controller.ask_add_folder, FILE, enabled_when=can_add, group=2,
    ),
    Action(
        "file.export", "Save landmar&ks of all cases as…", lambda c: c.exchange.ask_export(), FILE,
        enabled_when=lambda c: c.exchange.can_export, group=2,
    ),
    Action(
        "file.import", "Add landmarks to the proje&ct…", lambda c: c.exchange.ask_import(), FILE,
        enabled_when=lambda c: c.exchange.can_import, group=2,
    ),
    Action("file.reader", "W&ho reads…", lambda c: c.projects.ask_reader(), FILE, enabled_when=has_desk, group=2),
    Action("file.model", "Choose &model…", Controller.ask_model, FILE, enabled_when=sees_all, group=3),
    Action("file.quit", "&Quit", by_window, FILE, ("Ctrl+Q",), group=4, of_window=True),
)  # fmt: skip

_EDIT = (
    Action(
        "edit.undo", "&Undo", lambda c: c.editor.undo(), EDIT, ("Ctrl+Z",), "undo",
        lambda c: has_image(c) and c.undo_stack.canUndo(),
        toolbar="Undo",
    ),
    Action(
        "edit.redo", "&Redo", lambda c: c.editor.redo(), EDIT, ("Ctrl+Shift+Z", "Ctrl+Y"), "redo",
        lambda c: has_image(c) and c.undo_stack.canRedo(), toolbar="Redo",
    ),
    Action(
        "edit.pixel_size", "Set &pixel size…", Controller.ask_pixel_size, EDIT, (), "ruler",
        lambda c: has_image(c) and is_flat(c),
        shown_when=lambda c: not is_volume(c), group=1, toolbar="Pixel size",
    ),
)  # fmt: skip

_LANDMARK = (
    Action(
        "landmark.find", "&Find landmarks", Controller.start_localization, LANDMARK, ("Ctrl+L",), "localize",
        lambda c: has_image(c) and not c.localizing, toolbar="Find landmarks",
    ),
    Action(
        "landmark.confirm", "&Confirm and go on", _confirm, LANDMARK, ("Space",), "confirm", has_landmarks, group=1,
        toolbar="Confirm",
    ),
    Action(
        "landmark.confirm_all", "Confir&m all of this image", lambda c: c.checking.confirm_all(), LANDMARK, ("Shift+Space",),
        enabled_when=has_landmarks, group=1,
    ),
    Action(
        "landmark.back", "&Back to the one before", _go_back, LANDMARK, ("Z",), enabled_when=can_go_back, group=1,
    ),
    Action(
        "landmark.place", "&Place by clicking", lambda c: c.placing.toggle(), LANDMARK, ("P",), "place", has_image,
        lambda c: c.placing.active, group=1, toolbar="Place",
    ),
    Action(
        "landmark.skip", "&Skip this one while placing", lambda c: c.placing.skip(), LANDMARK, ("S",),
        enabled_when=lambda c: has_image(c) and c.placing.walks, group=1,
    ),
    Action(
        "landmark.absent", "Mark as &not present", _mark_absent, LANDMARK, ("X",), "absent", has_selection, group=1,
        toolbar="Not present",
    ),
    Action(
        "landmark.clear", "C&lear position", _clear, LANDMARK, ("Del", "Backspace"),
        enabled_when=lambda c: has_selection(c) or can_go_back(c) or has_free_selection(c), group=1,
    ),
    Action(
        "landmark.lock", "Loc&k", lambda c: c.editor.toggle_lock(), LANDMARK, ("L",), "lock", has_selection,
        checked_when=lambda c: c.editor.is_locked(c.view_state.selected), group=1,
    ),
    Action(
        "landmark.revert", "Revert to the model's &answer", lambda c: c.editor.revert(), LANDMARK, ("Ctrl+R",),
        enabled_when=can_revert, group=1,
    ),
    Action(
        "landmark.rename", "&Rename…", Controller.ask_rename, LANDMARK, ("F2",), group=1,
        enabled_when=lambda c: c.editor.is_own(c.view_state.selected),
    ),
    Action(
        "landmark.next", "Ne&xt landmark", lambda c: c.editor.select_next(1), LANDMARK, (".",), enabled_when=has_image,
        group=2,
    ),
    Action(
        "landmark.previous", "Pre&vious landmark", lambda c: c.editor.select_next(-1), LANDMARK, (",",),
        enabled_when=has_image, group=2,
    ),
    Action(
        "landmark.scheme", "Landmark sc&heme…", lambda c: c.schemes.ask(), LANDMARK, enabled_when=has_image, group=3,
    ),
    Action(
        "landmark.new_scheme", "Ne&w scheme…", lambda c: c.schemes.ask_new(), LANDMARK, enabled_when=has_image, group=3,
    ),
    Action(
        "landmark.no_scheme", "&Use the model's landmarks", lambda c: c.schemes.forget(), LANDMARK, group=3,
        enabled_when=lambda c: has_image(c) and c.document.scheme is not None,
    ),
    Action(
        "landmark.through_all", "Mark this landmark in &every image", lambda c: c.schemes.toggle_through_all(), LANDMARK,
        ("Shift+P",), enabled_when=has_selection, checked_when=lambda c: c.view_state.through_all is not None, group=3,
    ),
    Action(
        "landmark.cancel", "Cancel the drag, or leave the mode", Controller.leave_mode, "", ("Esc",), enabled_when=has_image,
    ),
)  # fmt: skip

_REVIEW = (
    Action(
        "review.next", "&Next doubtful landmark", lambda c: c.review.go_on(), REVIEW, ("D",),
        enabled_when=lambda c: has_desk(c) and sees_all(c),
    ),
    Action(
        "review.agreement", "&Agreement of readers…", by_window, REVIEW, group=1, of_window=True,
        enabled_when=lambda c: has_desk(c) and sees_all(c),
    ),
    Action("review.merge", "&Merge readings…", by_window, REVIEW, enabled_when=can_add, group=1, of_window=True),
    Action(
        "review.learn", "&Learn…", by_window, REVIEW, ("Ctrl+Shift+L",), "learn", can_learn, group=2, toolbar="Learn",
        of_window=True,
    ),
    Action("review.models", "M&odels of this project…", by_window, REVIEW, enabled_when=can_learn, group=2, of_window=True),
)  # fmt: skip

_VIEW = (
    Action(
        "view.worklist", "Wor&klist", toggled("show_worklist"), VIEW, ("W",), enabled_when=has_desk,
        checked_when=lambda c: c.view_state.show_worklist,
    ),
    Action(
        "view.blind", "&Blind reading (hide what others and the model said)", _toggle_blind, VIEW, enabled_when=can_add,
        checked_when=lambda c: c.cases.blind,
    ),
    Action(
        "view.vectors", "&Vectors of the selected landmark", toggled("show_vectors"), VIEW, ("V",), "vectors", has_image,
        lambda c: c.view_state.show_vectors, toolbar="Vectors",
    ),
    Action(
        "view.labels", "&Labels", toggled("show_labels"), VIEW, ("T",), "labels", has_image,
        lambda c: c.view_state.show_labels, toolbar="Labels",
    ),
    Action(
        "view.loupe", "Loupe &while dragging", toggled("show_loupe"), VIEW, enabled_when=has_image,
        checked_when=lambda c: c.view_state.show_loupe,
    ),
    Action(
        "view.invert", "&Invert grey values", toggled("inverted"), VIEW, ("I",), "invert", has_image,
        lambda c: c.view_state.inverted, group=1, toolbar="Invert",
    ),
    Action(
        "view.levels", "&Automatic brightness and contrast", Controller.reset_levels, VIEW, ("A",),
        enabled_when=has_image, group=1,
    ),
    Action(
        "view.fit", "&Fit the image to the window", lambda c: c.view_state.fit_requested.emit(), VIEW, ("R",), "fit",
        has_image, group=1, toolbar="Fit",
    ),
    Action(
        "view.crosshair", "&Crosshair", toggled("show_crosshair"), VIEW, ("C",), "crosshair", is_volume,
        lambda c: c.view_state.show_crosshair, is_volume, group=2, toolbar="Crosshair",
    ),
    Action(
        "view.radiological", "Patient's left on the &right (radiological)", toggled("radiological"), VIEW,
        enabled_when=is_volume, checked_when=lambda c: c.view_state.radiological, shown_when=is_volume, group=2,
    ),
    Action(
        "view.all", "All f&our views", _show_all_panels, VIEW, ("0",), "restore", is_volume,
        lambda c: c.view_state.maximised is None, is_volume, group=3, toolbar="Four views",
    ),
    *(_maximise(panel) for panel in Panel),
    *(
        Action(
            f"view.{way}_{'one' if count == 1 else 'ten'}", _SCROLL_NAMES[way, count],
            _scroll(count if way == "up" else -count), VIEW, (f"Ctrl+{key}",),
            enabled_when=is_volume, shown_when=is_volume, group=4,
        )
        for way, keys in (("up", ("Up", "PgUp")), ("down", ("Down", "PgDown")))
        for count, key in zip((1, 10), keys, strict=True)
    ),
)  # fmt: skip

_HELP = (
    Action(
        "help.shortcuts", "&Keys and gestures", by_window, HELP, ("F1", "?"), "help", toolbar="Keys", of_window=True
    ),
    Action("help.about", "&About Cairn", by_window, HELP, of_window=True),
)

ACTIONS: tuple[Action, ...] = (*_FILE, *_EDIT, *_LANDMARK, *_REVIEW, *MEASURE_ACTIONS, *_VIEW, *_HELP)

TOOLBAR = (
    ("file.open", "file.save"),
    ("landmark.find", "review.learn"),
    ("edit.undo", "edit.redo"),
    ("landmark.place", "landmark.confirm", "landmark.absent"),
    ("measure.distance", "measure.angle"),
    ("view.labels", "view.invert", "view.fit", "view.crosshair", "view.all", "edit.pixel_size"),
    ("view.vectors",),
)
"""Ids in the toolbar, in groups; the stage selector follows the last one."""

LANDMARK_MENU = (
    "landmark.confirm", "landmark.absent", "landmark.lock", "landmark.clear", "landmark.revert", "landmark.rename",
)  # fmt: skip
"""Ids in the menu that a right click on a landmark opens."""
