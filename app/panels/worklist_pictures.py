"""Small pictures of the cases that are looked at: made in jobs, the latest wanted first, and kept in memory only.

No pixel of them gets into the project file. What would take long to read, such as a volume, gets none until somebody hands one
over.
"""

from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from app.session.jobs import Jobs
from core.geometry.thumbnail import thumbnail_of
from core.images.file import read_image
from core.project.cases import CaseRow

PICTURES_KEPT = 600
PICTURES_WANTED = 40
"""Pictures that wait to be made; what was scrolled past is forgotten."""
LARGEST_FILE_BYTES = 48e6

Picture = npt.NDArray[np.uint8]


class WorklistPictures(QObject):
    """Pictures by case.

    Parameters
    ----------
    jobs
        Where they are made, one at a time: the person's own image comes first.
    """

    made = Signal(int)
    """The picture of a case is there."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._kept: OrderedDict[int, QPixmap | None] = OrderedDict()
        self._wanted: OrderedDict[int, Path] = OrderedDict()
        self._making = False
        self._numbering = 0  # grows when numbers of cases come to mean others

    def picture(self, row: CaseRow) -> QPixmap | None:
        """Return the picture of a case, None where there is none yet, in which case it is made."""
        if row.id in self._kept:
            self._kept.move_to_end(row.id)
            return self._kept[row.id]
        if not row.series and not row.problem:
            self._wanted[row.id] = row.path
            self._wanted.move_to_end(row.id)
            while len(self._wanted) > PICTURES_WANTED:
                self._wanted.popitem(last=False)
            self._make_next()
        return None

    def offer(self, case_id: int, picture: Picture) -> None:
        """Take a picture that was made elsewhere, ``(rows, columns)`` uint8."""
        self._keep(case_id, picture)

    def forget(self, case_ids: Collection[int]) -> None:
        """Forget some, whose numbers may mean others soon; what is being made just now is made again where it is wanted."""
        self._numbering += 1
        for case_id in case_ids:
            self._kept.pop(case_id, None)
            self._wanted.pop(case_id, None)

    def clear(self) -> None:
        """Forget all: the numbers of the cases mean others now."""
        self._numbering += 1
        self._kept.clear()
        self._wanted.clear()

    def _make_next(self) -> None:
        if self._making or not self._wanted:
            return
        case_id, path = self._wanted.popitem()
        numbering = self._numbering
        self._making = True

        def take(picture: Picture | None) -> None:
            if numbering == self._numbering:
                self._keep(case_id, picture)

        def end() -> None:
            self._making = False
            self._make_next()

        self._jobs.run(_picture_of, path, on_result=take, on_error=lambda _: take(None), on_end=end, may_stall=True)

    def _keep(self, case_id: int, picture: Picture | None) -> None:
        self._kept[case_id] = None if picture is None else _pixmap(picture)
        self._kept.move_to_end(case_id)
        while len(self._kept) > PICTURES_KEPT:
            self._kept.popitem(last=False)
        self._wanted.pop(case_id, None)
        self.made.emit(case_id)


def _picture_of(path: Path) -> Picture | None:
    """Read an image and make a picture of it; None where that would take long."""
    try:
        if path.is_dir() or path.stat().st_size > LARGEST_FILE_BYTES:
            return None
    except OSError:
        return None  # whoever opens it is told
    return thumbnail_of(read_image(path))


def _pixmap(picture: Picture) -> QPixmap:
    rows, columns = picture.shape
    image = QImage(np.ascontiguousarray(picture).data, columns, rows, columns, QImage.Format.Format_Grayscale8)
    return QPixmap.fromImage(image.copy())
