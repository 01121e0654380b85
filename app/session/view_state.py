"""How the document is looked at: selection, mode, crosshair, grey levels, what is shown, and what is going on.

Widgets read it and are told of each change through psygnal. Knows no Qt; nothing here belongs to the document.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

import numpy as np
from psygnal import Signal, SignalGroupDescriptor

from app.session.window_level import percentile_levels
from core.geometry.planes import Orientation
from core.values.image import Image

Levels = tuple[float, float]


class Mode(StrEnum):
    """What a left click on the image means."""

    NAVIGATE = "navigate"
    PLACE = "place"
    RULER = "ruler"
    PICK = "pick"
    DISTANCE = "distance"
    ANGLE = "angle"


class Panel(StrEnum):
    """One of the four panels in which a volume is shown; the planes are called as in `core.geometry.planes.Orientation`."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    SCENE = "scene"


class Sort(StrEnum):
    """By what the landmarks are listed and walked through."""

    MODEL = "model"
    NAME = "name"
    PRESENCE = "presence"
    CERTAINTY = "certainty"
    STATUS = "status"


@dataclass(frozen=True)
class Progress:
    """A running job: ``fraction`` in [0, 1], or below 0 where it is not known; ``cancellable`` until asked to stop."""

    fraction: float
    text: str
    cancellable: bool = True


@dataclass(frozen=True)
class MessageAction:
    """A button of a message.

    Attributes
    ----------
    text
        What it says, with its mnemonic: ``"&Measure"``.
    trigger
        What it does; the message goes away first.
    """

    text: str
    trigger: Callable[[], object]


@dataclass(frozen=True)
class Message:
    """A sentence shown over the image.

    Attributes
    ----------
    text
        The sentence; two messages that say the same are the same.
    is_warning
        A warning stays until it is dismissed. Good news goes away by itself, and the next one replaces it.
    actions
        What can be done about it, as buttons.
    """

    text: str
    is_warning: bool = True
    actions: tuple[MessageAction, ...] = field(default=(), compare=False)


@dataclass
class ViewState:
    """Evented: ``events.<field>`` is emitted with the new value after each change.

    Attributes
    ----------
    selected
        Name of the selected landmark.
    crosshair_mm
        The point ``(x, y, z)`` in which the three planes of a volume meet, LPS mm; None for a 2D image.
    active
        The plane a person works in: where keys act.
    maximised
        The panel that fills the window, None where all four are shown.
    radiological
        Whether the patient's left is on the right of the screen.
    levels
        Voxel values drawn black and white.
    full_levels
        Smallest and largest value of the image; the scale on which levels are dragged, and what is black beside it.
    stage
        Which stage's vector field is shown, 0 being the global one.
    locked
        Names of the landmarks that are neither moved nor taken away until they are unlocked. Of this image only.
    dragged
        Name of the landmark that is being dragged in the active plane, None while there is none.
    show_loupe
        Whether a loupe stands beside a landmark while it is dragged.
    mouse_mm
        Where the mouse is, LPS mm; None outside the image.
    ruler_px
        Points clicked so far in ruler mode.
    through_all
        Name of the one landmark that is marked in image after image; None where each image is marked as a whole.
    show_worklist
        Whether the cases of the project are listed beside the image, where there are several.
    show_measurements
        Whether the measurements of the open image are listed, where an analysis fits its landmarks.
    show_tracing
        Whether planes and outlines of the analysis are drawn over the image.
    opening
        Name of the image that is being opened. While it is not empty, the views show this name and no image, so that nobody
        takes the last patient's for the next one's.
    """

    selected: str | None = None
    mode: Mode = Mode.NAVIGATE
    crosshair_mm: tuple[float, ...] | None = None
    active: Orientation = Orientation.AXIAL
    maximised: Panel | None = None
    radiological: bool = True
    levels: tuple[float, float] = (0.0, 1.0)
    full_levels: tuple[float, float] = (0.0, 1.0)
    inverted: bool = False
    show_labels: bool = True
    show_vectors: bool = False
    show_crosshair: bool = True
    hide_all: bool = False
    stage: int = 0
    sort: Sort = Sort.MODEL
    worst_first: bool = True
    locked: frozenset[str] = frozenset()
    dragged: str | None = None
    show_loupe: bool = True
    mouse_mm: tuple[float, ...] | None = None
    ruler_px: tuple[tuple[float, float], ...] = ()
    through_all: str | None = None
    show_worklist: bool = True
    show_measurements: bool = False
    show_tracing: bool = False
    opening: str = ""
    progress: Progress | None = None
    messages: tuple[Message, ...] = field(default=())
    _put_away: set[str] = field(default_factory=set, repr=False)

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()
    fit_requested: ClassVar[Signal] = Signal()
    centre_requested: ClassVar[Signal] = Signal(str)

    def begin(self, image: Image, levels: tuple[Levels, Levels] | None = None) -> None:
        """Look at another image from its middle, with nothing selected or measured.

        Parameters
        ----------
        image
            The image.
        levels
            Its `levels` and `full_levels` where they are known from before; else those that suit it.
        """
        self.messages = ()
        self.mode, self.ruler_px, self.selected, self.stage, self.mouse_mm = Mode.NAVIGATE, (), None, 0, None
        self.locked, self.dragged = frozenset(), None
        self.maximised = None
        self.active = Orientation.AXIAL
        if levels is None:
            levels = percentile_levels(image.voxels), percentile_levels(image.voxels, 0, 100)
        self.levels, self.full_levels = levels
        middle_mm = image.grid.to_mm((np.asarray(image.grid.shape) - 1) // 2)
        self.crosshair_mm = tuple(middle_mm.tolist()) if image.ndim == 3 else None

    def say(
        self, text: str, *, is_warning: bool = True, actions: Sequence[MessageAction] = (), once: bool = False
    ) -> None:
        """Add a message unless it stands there already; good news replaces earlier good news.

        What is to be said ``once`` is not said again after a person has put this very sentence away, of any image.
        """
        message = Message(text, is_warning, tuple(actions))
        if message in self.messages or (once and text in self._put_away):
            return
        kept = self.messages if is_warning else tuple(other for other in self.messages if other.is_warning)
        self.messages = (*kept, message)

    def take_back(self, text: str) -> None:
        """Take away a sentence that is no longer true; does nothing where it does not stand there."""
        if any(message.text == text for message in self.messages):
            self.messages = tuple(message for message in self.messages if message.text != text)

    def dismiss(self, message: Message) -> None:
        """Take a message away; does nothing where it has gone already."""
        self._put_away.add(message.text)
        self.messages = tuple(other for other in self.messages if other != message)
