"""Grey values as a picture that Qt can draw enlarged or turned. Decides nothing about which values are dark."""

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage


def picture_of_grey(grey: npt.NDArray[np.uint8]) -> tuple[QImage, npt.NDArray[np.uint8]]:
    """Return grey values as a picture, and its pixels, which must live as long.

    Below the last row lies one that is not shown: Qt 6.11 reads a byte beyond the last pixel while it smooths.
    """
    rows, columns = grey.shape
    padded = np.zeros((rows + 1, -(-columns // 4) * 4), np.uint8)
    padded[:rows, :columns] = grey
    picture = QImage(padded.data, columns, rows, padded.strides[0], QImage.Format.Format_Grayscale8)
    return picture, padded
