"""How the document is looked at: selection, mode, slice, grey levels, what is shown, and what is going on.

Widgets read it and are told of each change through psygnal. Knows no Qt; nothing here belongs to the document.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from psygnal import Signal, SignalGroupDescriptor


class Mode(StrEnum):
    """What a left click on the image means."""

    NAVIGATE = "navigate"
    PLACE = "place"
    RULER = "ruler"


class Sort(StrEnum):
    """By what the landmarks are listed and walked through."""

    MODEL = "model"
    NAME = "name"
    PRESENCE = "presence"
    SPREAD = "spread"
    STATUS = "status"


@dataclass(frozen=True)
class Progress:
    """A running job: ``fraction`` in [0, 1], or below 0 where it is not known; ``cancellable`` until asked to stop."""

    fraction: float
    text: str
    cancellable: bool = True


@dataclass(frozen=True)
class Message:
    """A sentence shown above the image until it is dismissed."""

    text: str
    is_warning: bool = True


@dataclass
class ViewState:
    """Evented: ``events.<field>`` is emitted with the new value after each change.

    Attributes
    ----------
    selected
        Name of the selected landmark.
    slice_index
        Index along the first array axis of a volume; 0 for a 2D image.
    levels
        Voxel values drawn black and white.
    stage
        Which stage's vector field is shown, 0 being the global one.
    cursor_px
        Where the mouse is, ``(column, row)`` of the slice, None outside.
    ruler_px
        Points clicked so far in ruler mode.
    """

    selected: str | None = None
    mode: Mode = Mode.NAVIGATE
    slice_index: int = 0
    levels: tuple[float, float] = (0.0, 1.0)
    inverted: bool = False
    show_labels: bool = True
    show_vectors: bool = True
    hide_all: bool = False
    stage: int = 0
    sort: Sort = Sort.MODEL
    worst_first: bool = True
    cursor_px: tuple[float, float] | None = None
    ruler_px: tuple[tuple[float, float], ...] = ()
    progress: Progress | None = None
    messages: tuple[Message, ...] = field(default=())

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()
    fit_requested: ClassVar[Signal] = Signal()
    centre_requested: ClassVar[Signal] = Signal(str)

    def say(self, text: str, *, is_warning: bool = True) -> None:
        """Add a message unless it stands there already."""
        message = Message(text, is_warning)
        if message not in self.messages:
            self.messages = (*self.messages, message)

    def dismiss(self, message: Message) -> None:
        """Take a message away."""
        self.messages = tuple(other for other in self.messages if other != message)
