"""The images that were just shown, so that going back to one costs no disk; bounded by their number and by the memory they take.

Holds values only, and reads nothing.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from core.values.image import Image
from core.values.prediction import Prediction

MOST_IMAGES = 4


class ImageCache:
    """Images with the vector fields that a model found in them, by whatever they are called.

    Parameters
    ----------
    most_bytes
        How much they may take together; the one that was put last is always kept.
    on_dropped
        Gets the key of what had to go.
    most_images
        How many there may be.
    """

    def __init__(
        self, most_bytes: int, on_dropped: Callable[[Hashable], None], *, most_images: int = MOST_IMAGES
    ) -> None:
        self._most_bytes = most_bytes
        self._most_images = most_images
        self._on_dropped = on_dropped
        self._entries: OrderedDict[Hashable, tuple[Image, Prediction | None]] = OrderedDict()

    def put(self, key: Hashable, image: Image, prediction: Prediction | None) -> None:
        """Keep an image as the latest one, and let go of the oldest where there are too many."""
        self._entries.pop(key, None)
        self._entries[key] = (image, prediction)
        while len(self._entries) > 1 and (len(self._entries) > self._most_images or self.bytes > self._most_bytes):
            dropped, _ = self._entries.popitem(last=False)
            self._on_dropped(dropped)

    def get(self, key: Hashable) -> tuple[Image, Prediction | None] | None:
        """Return an image and its prediction where it is still here; it counts as used."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key]

    def drop(self, key: Hashable) -> None:
        """Let go of an image, if it is here; nobody is told."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Let go of everything; nobody is told."""
        self._entries.clear()

    @property
    def bytes(self) -> int:
        """How much memory they take."""
        arrays = {
            id(array): array.nbytes
            for image, prediction in self._entries.values()
            for array in (
                image.voxels,
                *(
                    part
                    for of_stage in (() if prediction is None else prediction.fields)
                    for field in of_stage
                    for part in (field.displacement_mm, field.weight)
                ),
            )
        }
        return sum(arrays.values())
