"""The recipes of the heatmap networks, in an environment that has the packages (docs/peers.md)."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("landmarker", reason="landmarker lives in an environment of its own, see docs/peers.md")
pytest.importorskip("monai")

from core.learning.cases import Case
from core.values.grid import Grid
from core.values.landmarks import Landmarks
from tests.benchmarks.peers.heatmap_peers import PEERS, StaticUNet, VolumeUNet, pixel_masks
from tests.benchmarks.peers.letterbox import CUBE_SIDE, SIDE, SquareCase
from tests.benchmarks.peers.peer_training import PeerTraining, load_weights

GRID = Grid.from_spacing((SIDE, SIDE), 0.5)
POINTS = ((150.0, 320.0), (260.0, 210.5))


def square(points: tuple[tuple[float, float], ...] = POINTS) -> SquareCase:
    """Draw a soft dot at each point."""
    index = torch.stack(torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij"), -1).float()
    dots = [torch.exp(-(index - torch.tensor(point)).square().sum(-1) / 32) for point in points]
    truth = Landmarks(("a", "b")[: len(points)], GRID.to_mm(points))
    return SquareCase(100 * sum(dots)[None], torch.tensor(points), GRID, Case("dots", Path("dots.png"), truth))


@pytest.mark.parametrize("name", PEERS)
def test_augmentation_moves_landmarks_with_the_image(name):
    peer = PEERS[name](1)
    peer.augmentation.set_random_state(2)
    case = square(POINTS[:1])
    before = case.pixels.clone()
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    moves = []
    for _ in range(4):
        pixels, points = peer.augmented(case)
        bright = (pixels[0] > 0.7 * pixels.max()).float()
        centre = torch.stack([(bright * axis).sum() / bright.sum() for axis in (rows, columns)])
        assert torch.dist(centre, points[0]) < 1.0
        moves.append(float(torch.dist(points[0], case.points_index[0])))
    assert max(moves) > 5.0
    assert torch.equal(case.pixels, before)


def test_masks_hold_the_pixel_of_each_landmark_that_is_inside():
    masks = pixel_masks(torch.tensor([[[2.4, 3.6], [-1.0, 2.0], [8.0, 2.0]]]), 8)
    assert masks.shape == (1, 3, 8, 8)
    assert masks.sum() == masks[0, 0, 2, 4] == 1
    masks = pixel_masks(torch.tensor([[[2.4, 3.6, 1.0], [2.0, 2.0, 8.0]]]), 8)
    assert masks.shape == (1, 2, 8, 8, 8)
    assert masks.sum() == masks[0, 0, 2, 4, 1] == 1


@pytest.mark.parametrize("name", PEERS)
def test_decoding_gives_back_where_the_loss_is_low(name):
    peer = PEERS[name](2)
    case = square()
    points = case.points_index[None]
    index = torch.stack(torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij"), -1).float()
    heatmaps = 1.7 * torch.exp(-(index - points[0, :, None, None]).square().sum(-1) / 18)[None]
    heatmaps = heatmaps * 20 if name == "unet" else heatmaps
    assert (peer.decode(heatmaps) - points).abs().max() < 0.5
    assert peer.loss(heatmaps, points) < peer.loss(heatmaps.roll(40, -1), points)


def test_volumes_are_decoded_where_the_loss_is_low():
    peer, points = VolumeUNet(1), torch.tensor([[[20.0, 31.0, 40.5]]])
    index = torch.stack(torch.meshgrid(*[torch.arange(CUBE_SIDE)] * 3, indexing="ij"), -1).float()
    heatmaps = 34.0 * torch.exp(-(index - points[0, :, None, None, None]).square().sum(-1) / 18)[None]
    assert (peer.decode(heatmaps) - points).abs().max() < 0.5
    assert peer.loss(heatmaps, points) < peer.loss(heatmaps.roll(10, -1), points)
    pixels = torch.exp(-(index - points[0, 0]).square().sum(-1) / 18)[None]
    peer.augmentation.set_random_state(3)
    case = SquareCase(pixels, points[0], Grid.from_spacing((CUBE_SIDE,) * 3, 1.0), square().case)
    changed, moved = peer.augmented(case)
    bright = (changed[0] > 0.7 * changed.max()).float()
    centre = (index * bright[..., None]).sum((0, 1, 2)) / bright.sum()
    assert torch.dist(centre, moved[0]) < 1.0
    assert torch.dist(moved, points[0]) > 1.0


class Brightness(StaticUNet):
    """The U-Net's recipe with a network that can be trained in no time."""

    batch = 2

    def __init__(self, landmarks: int) -> None:
        super().__init__(landmarks)
        self.network = torch.nn.Conv2d(1, landmarks, 1)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=0.1)


def test_training_keeps_to_its_time_and_its_best_weights_come_back(tmp_path):
    torch.manual_seed(0)
    peer, case = Brightness(1), square(POINTS[:1])
    training = PeerTraining(peer, [case] * 3, [case], budget_s=4.0, seed=1, half=False, say=str)
    record = training.run(tmp_path)
    assert record.parameters == 2
    assert record.steps[0] > 3
    assert record.minutes * 60 == pytest.approx(4.0, abs=2.0)
    assert record.validation_error_mm is not None
    assert math.isclose(training.best.error_mm, record.validation_error_mm)
    again = Brightness(1)
    load_weights(again, tmp_path)
    found_mm = GRID.to_mm(again.find(case.pixels))
    assert np.linalg.norm(found_mm - case.case.landmarks.points_mm) == pytest.approx(
        record.validation_error_mm, abs=1e-4
    )
