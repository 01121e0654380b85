"""Trains a heatmap network for a given wall time, as its recipe says but for the end of the learning rate (`peers/budget.py`).

What it learns from and how it decodes is `peers/heatmap_peers.py`'s.
"""

import copy
import math
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.base.files import written_whole
from tests.benchmarks.peers.budget import check_times, rate_factor
from tests.benchmarks.peers.heatmap_peers import LARGEST_GRADIENT, HeatmapPeer
from tests.benchmarks.peers.letterbox import SquareCase
from tests.benchmarks.peers.record import Say, TrainingRecord, mean
from training.evaluation.metrics import radial_errors_mm

WEIGHTS_NAME = "weights.pt"


@dataclass
class _Best:
    """The weights with the lowest validation error so far."""

    weights: dict[str, Tensor] | None = None
    error_mm: float = math.inf


class PeerTraining:
    """One training of one heatmap network.

    Parameters
    ----------
    peer
        The untrained network with its recipe.
    train, validation
        The cases in memory.
    budget_s
        Wall time, from `run` on.
    seed
        Of the order of the images and of their augmentation.
    half
        Compute the network in bfloat16, as our own training does where the processor can.
    say
        Hears how it goes.
    """

    def __init__(
        self,
        peer: HeatmapPeer,
        train: Sequence[SquareCase],
        validation: Sequence[SquareCase],
        *,
        budget_s: float,
        seed: int,
        half: bool,
        say: Say,
    ) -> None:
        self.peer, self.train, self.validation = peer, train, validation
        self.budget_s, self.seed, self.half, self.say = budget_s, seed, half, say
        self.best = _Best()
        self.rates = [group["lr"] for group in peer.optimizer.param_groups]
        peer.network.to(memory_format=peer.layout)
        peer.augmentation.set_random_state(seed)

    def run(self, folder: Path) -> TrainingRecord:
        """Train for the budget and write the best weights to ``folder``."""
        started = time.monotonic()
        checks = check_times(self.budget_s, self._check_s())
        end_s = checks[-1] if checks else self.budget_s
        pending, durations_s, note = checks[:-1], [], ""
        batches = self._batches()
        while (now_s := time.monotonic() - started) + 0.5 * mean(durations_s[1:] or [0.0]) < end_s or not durations_s:
            for group, rate in zip(self.peer.optimizer.param_groups, self.rates, strict=True):
                group["lr"] = rate * rate_factor(now_s / end_s)
            loss = self._step(*next(batches))
            durations_s.append(time.monotonic() - started - now_s)
            if not math.isfinite(loss):
                note = f"diverged at step {len(durations_s)}"
                break
            if pending and time.monotonic() - started >= pending[0]:
                pending.pop(0)
                self._check(len(durations_s), loss, time.monotonic() - started)
        batches.close()
        if checks and not note:
            self._check(len(durations_s), loss, time.monotonic() - started)
        self._write(folder)
        minutes = (time.monotonic() - started) / 60
        error_mm = self.best.error_mm if math.isfinite(self.best.error_mm) else None
        step_s = mean(durations_s[1:] or durations_s)
        return TrainingRecord(
            self.peer.parameters, minutes, (len(durations_s),), (step_s,), (self.peer.batch,), error_mm, note
        )

    def _step(self, pixels: Tensor, points_index: Tensor) -> float:
        """Learn from one batch; return its loss."""
        self.peer.network.train()
        self.peer.optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half):
            heatmaps = self.peer.network(pixels.contiguous(memory_format=self.peer.layout))
        loss = self.peer.loss(heatmaps.float(), points_index)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.peer.network.parameters(), LARGEST_GRADIENT)
        self.peer.optimizer.step()
        return float(loss.detach())

    def _batches(self) -> Generator[tuple[Tensor, Tensor], None, None]:
        """Yield batches for ever, each made while the one before is learnt from, as in our own training."""
        order = self._order()

        def make() -> tuple[Tensor, Tensor]:
            samples = [self.peer.augmented(self.train[next(order)]) for _ in range(self.peer.batch)]
            return torch.stack([pixels for pixels, _ in samples]), torch.stack([points for _, points in samples])

        with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            coming = pool.submit(make)
            while True:
                batch = coming.result()
                coming = pool.submit(make)
                yield batch

    def _order(self) -> Generator[int, None, None]:
        """Yield the numbers of the training cases, all of them once in each epoch."""
        rng = np.random.default_rng(self.seed)
        while True:
            yield from rng.permutation(len(self.train)).tolist()

    def _check_s(self) -> float:
        """Return how long looking at all validation images takes, from the second look at one of them."""
        self.peer.network.eval()
        self.peer.find(self.validation[0].pixels)
        started = time.monotonic()
        self.peer.find(self.validation[0].pixels)
        return len(self.validation) * (time.monotonic() - started)

    def _check(self, steps: int, loss: float, elapsed_s: float) -> None:
        """Look at the validation images, and keep the weights if they are the best."""
        self.peer.network.eval()
        errors_mm = [
            radial_errors_mm(case.grid.to_mm(self.peer.find(case.pixels)), case.case.landmarks.points_mm)
            for case in self.validation
        ]
        found = np.isfinite(errors_mm)
        error_mm = float(np.mean(errors_mm)) if found.all() else math.inf
        self.say(f"  {elapsed_s / 60:.1f} min, step {steps}: loss {loss:.4g}, validation {error_mm:.2f} mm")
        if error_mm < self.best.error_mm:
            self.best = _Best(copy.deepcopy(self.peer.network.state_dict()), error_mm)

    def _write(self, folder: Path) -> None:
        """Write the best weights, or the last where none were validated, and leave them in the network."""
        if self.best.weights is not None:
            self.peer.network.load_state_dict(self.best.weights)
        with written_whole(folder / WEIGHTS_NAME) as temporary:
            torch.save(self.peer.network.state_dict(), temporary)


def load_weights(peer: HeatmapPeer, folder: Path) -> None:
    """Load what a training wrote to ``folder`` into ``peer``, ready to find landmarks."""
    peer.network.load_state_dict(torch.load(folder / WEIGHTS_NAME, map_location="cpu", weights_only=True))
    peer.network.to(memory_format=peer.layout).eval()
