"""How an object lies in the image: the mean shape of its landmarks fitted onto an estimate of them.

Used between stages, so that local networks always see the object in the same pose. Tensors in mm; can be scripted.
"""

import itertools

import torch
from torch import Tensor


def axis_orientations(ndim: int) -> list[list[int]]:
    """Return the orientations in which an image can be read along its axes: 4 in 2D and 24 in 3D, first the one it has.

    Each is a rotation that maps axes onto axes, as a list of ``2 D`` numbers: for every axis of the oriented image the axis
    of the image that it runs along, then for every axis 1, or -1 where it runs the other way.
    """
    orders = itertools.permutations(range(ndim))
    candidates = [[*order, *signs] for order in orders for signs in itertools.product((1, -1), repeat=ndim)]
    return [orientation for orientation in candidates if torch.linalg.det(orientation_matrix(orientation)) > 0]


def orientation_matrix(orientation: list[int]) -> Tensor:
    """Return the ``(D, D)`` matrix image_from_oriented of directions."""
    ndim = len(orientation) // 2
    matrix = torch.zeros(ndim, ndim)
    for axis in range(ndim):
        matrix[orientation[axis], axis] = float(orientation[ndim + axis])
    return matrix


def oriented_image(image: Tensor, orientation: list[int]) -> Tensor:
    """Return the image ``(*shape)`` with its axes in the order and direction of ``orientation``."""
    ndim = len(orientation) // 2
    oriented = image.permute(orientation[:ndim])
    for axis in range(ndim):
        if orientation[ndim + axis] < 0:
            oriented = oriented.flip(axis)
    return oriented


def oriented_shape(shape: list[int], orientation: list[int]) -> list[int]:
    """Return the shape that `oriented_image` gives an image of ``shape``."""
    return [shape[orientation[axis]] for axis in range(len(shape))]


def orientation_origin(shape: list[int], orientation: list[int]) -> Tensor:
    """Return the index ``(D,)`` in the image of the oriented image's first sample."""
    ndim = len(orientation) // 2
    origin = torch.zeros(ndim)
    for axis in range(ndim):
        if orientation[ndim + axis] < 0:
            origin[orientation[axis]] = float(shape[orientation[axis]] - 1)
    return origin


def fit_shape(shape_mm: Tensor, points_mm: Tensor, rounds: int = 10) -> tuple[Tensor, Tensor]:
    """Fit a shape onto an estimate by rotation, scale and translation, letting stray points count little.

    Weighted Procrustes: each round a point's weight falls with the square of its distance from the fitted shape, beyond the
    median of these distances.

    Parameters
    ----------
    shape_mm
        ``(L, D)`` mean shape.
    points_mm
        ``(L, D)`` estimate.
    rounds
        How often weights and fit are renewed.

    Returns
    -------
    rotation
        ``(D, D)`` image_from_shape, a proper rotation.
    fitted_mm
        ``(L, D)`` where the fitted shape has its points.
    """
    weight = torch.ones(len(points_mm), 1, device=points_mm.device)
    rotation = torch.eye(points_mm.shape[1], device=points_mm.device)
    fitted = points_mm
    for _ in range(rounds):
        share = weight / weight.sum()
        shape_centre = (shape_mm * share).sum(0)
        points_centre = (points_mm * share).sum(0)
        shape = shape_mm - shape_centre
        left, singular, right = torch.linalg.svd((share * (points_mm - points_centre)).t() @ shape)
        signs = torch.ones_like(singular)
        signs[-1] = torch.sign(torch.linalg.det(left) * torch.linalg.det(right))
        rotation = (left * signs) @ right
        scale = (singular * signs).sum() / (share * shape.square()).sum().clamp(min=1e-12)
        fitted = scale * (shape @ rotation.t()) + points_centre
        distance = (points_mm - fitted).square().sum(1, keepdim=True).sqrt()
        weight = 1.0 / (1.0 + (distance / distance.median().clamp(min=1e-3)).square())
    return rotation, fitted


def held_near(points_mm: Tensor, fitted_mm: Tensor, reach_mm: float) -> Tensor:
    """Return ``points_mm`` ``(L, D)`` drawn towards ``fitted_mm`` until none is further than ``reach_mm`` away."""
    away = points_mm - fitted_mm
    distance = away.square().sum(1, keepdim=True).sqrt()
    return fitted_mm + away * (reach_mm / distance.clamp(min=1e-6)).clamp(max=1.0)
