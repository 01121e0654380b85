"""The batches of one stage, made ahead by threads so that the device need not wait for them.

Which threads make them, and how many processes share them, changes nothing about them: `core/learning/sampling.py` draws each
item from seed, stage, iteration and its number.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import torch

from core.learning.configuration import TrainingConfig, mirror_partners
from core.learning.mirror import make_mirror
from core.learning.sampling import Batch, StageCase, global_batch, local_batch, random_generators

MOST_WORKERS = 8


def default_workers(device: str, processes: int = 1) -> int:
    """Return how many threads make batches in each of the ``processes`` of a machine.

    Where the processor itself learns it is one: the learning needs the cores, and two teams of threads on them wait for
    each other.
    """
    if device == "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MOST_WORKERS, cores // processes - 1))


def batch_maker(
    config: TrainingConfig,
    stage: int,
    cases: Sequence[StageCase],
    items: range,
    crop: int = 0,
    shape_mm: Sequence[Sequence[float]] | None = None,
) -> Callable[[int], Batch]:
    """Return the function that makes the batch of an iteration of a stage.

    Parameters
    ----------
    config, stage
        What is trained; 0 is the global stage.
    cases
        The training cases as the stage sees them.
    items
        Which items of each batch to make.
    crop
        Side of a local stage's crops in samples.
    shape_mm
        Mean shape where the stage normalises the pose.
    """
    mirror = make_mirror(mirror_partners(config), config.ndim, shape_mm if config.in_mean_pose(stage) else None)

    def make(iteration: int) -> Batch:
        generators = random_generators(config.seed, stage, iteration, items)
        if stage == 0:
            first = config.global_stage
            return global_batch(cases, generators, config.global_crop, first.spacing_mm, first.augmentation, mirror)
        return local_batch(cases, generators, crop, config.local_stages[stage - 1], mirror)

    return make


class BatchesAhead:
    """Batches in order, each made while those before it are learnt from.

    Parameters
    ----------
    make
        Gives the batch of an iteration; called in ``workers`` threads at once.
    iterations
        Which batches; endless where nobody knows yet how many it will be.
    workers
        Threads; at most twice as many batches are held.
    pinned
        Keep them in memory from which a CUDA device fetches without stopping.

    Attributes
    ----------
    waited_s
        How long the learning has waited for batches so far.
    """

    def __init__(
        self, make: Callable[[int], Batch], iterations: Iterable[int], workers: int, pinned: bool = False
    ) -> None:
        self._make = make
        self._iterations = iterations
        self._workers = workers
        self._pinned = pinned
        self.waited_s = 0.0

    def __iter__(self) -> Generator[Batch, None, None]:
        left = iter(self._iterations)
        coming: deque[Future[Batch]] = deque()
        # One core for each: many small calls gain nothing from more.
        pool = ThreadPoolExecutor(self._workers, "batches", initializer=torch.set_num_threads, initargs=(1,))
        try:
            coming.extend(pool.submit(self._made, iteration) for iteration in islice(left, 2 * self._workers))
            while coming:
                started = time.perf_counter()
                batch = coming.popleft().result()
                self.waited_s += time.perf_counter() - started
                coming.extend(pool.submit(self._made, iteration) for iteration in islice(left, 1))
                yield batch
        finally:
            pool.shutdown(cancel_futures=True)

    def _made(self, iteration: int) -> Batch:
        batch = self._make(iteration)
        return Batch(batch.images.pin_memory(), batch.points) if self._pinned else batch
