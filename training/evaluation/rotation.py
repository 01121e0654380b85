"""Rotating a whole volume at random, for evaluation: the object lies in another pose, and nothing of it is lost."""

import numpy as np
from scipy.ndimage import affine_transform

from core.learning.augmentation import uniform_rotations
from core.values.grid import FloatArray, corner_centres_mm, grid_around
from core.values.image import Image
from core.values.landmarks import Landmarks


def random_rotation(seed: int) -> FloatArray:
    """Return a rotation ``(3, 3)`` drawn uniformly from all there are."""
    return np.asarray(uniform_rotations(np.random.default_rng(seed), 1)[0])


def rotated_volume(image: Image, rotation: FloatArray) -> Image:
    """Rotate a volume about its middle.

    The result is sampled linearly on axes along LPS at the image's finest spacing and holds the whole rotated field of view;
    its corners, of which the image knows nothing, get the image's smallest value.

    Parameters
    ----------
    image
        3D.
    rotation
        ``(3, 3)`` of LPS directions.
    """
    corners_mm = rotated_points(corner_centres_mm(image.grid), image, rotation)
    grid = grid_around(corners_mm, float(image.grid.spacing_mm.min()))
    middle_mm = _middle_mm(image)
    mm_from_mm = np.eye(4)
    mm_from_mm[:3, :3] = rotation.T
    mm_from_mm[:3, 3] = middle_mm - rotation.T @ middle_mm
    old_from_new = image.grid.index_from_mm @ mm_from_mm @ grid.mm_from_index
    voxels = affine_transform(
        image.voxels, old_from_new, output_shape=grid.shape, order=1, cval=float(image.voxels.min())
    )
    return Image(voxels, grid, image.source)


def rotated_points(points_mm: FloatArray, image: Image, rotation: FloatArray) -> FloatArray:
    """Return where points ``(..., 3)`` of an image lie in `rotated_volume`, mm."""
    middle_mm = _middle_mm(image)
    return np.asarray((points_mm - middle_mm) @ rotation.T + middle_mm)


def rotated_landmarks(landmarks: Landmarks, image: Image, rotation: FloatArray) -> Landmarks:
    """Return landmarks of an image as they lie in `rotated_volume`."""
    return Landmarks(landmarks.names, rotated_points(landmarks.points_mm, image, rotation), status=landmarks.status)


def _middle_mm(image: Image) -> FloatArray:
    return image.grid.to_mm((np.asarray(image.grid.shape) - 1) / 2)
