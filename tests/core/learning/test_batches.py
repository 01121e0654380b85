import threading
import time
from pathlib import Path

import pytest
import torch

from core.learning.batches import MOST_WORKERS, BatchesAhead, batch_maker, default_workers
from core.learning.configuration import read_config
from core.learning.sampling import Batch, StageCase
from tests.support.training_fixtures import write_config


def numbered(iteration: int) -> Batch:
    return Batch(torch.full((1,), float(iteration)), torch.zeros(1))


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_come_in_order_whoever_is_quicker(workers: int) -> None:
    def make(iteration: int) -> Batch:
        time.sleep(0.01 if iteration % 3 == 0 else 0.0)
        return numbered(iteration)

    batches = BatchesAhead(make, range(5, 17), workers)
    assert [int(batch.images) for batch in batches] == list(range(5, 17))
    assert batches.waited_s > 0.0


def test_only_a_few_are_made_ahead_and_none_after_the_end() -> None:
    made: list[int] = []

    def make(iteration: int) -> Batch:
        made.append(iteration)
        return numbered(iteration)

    coming = iter(BatchesAhead(make, range(1000), 2))
    next(coming)
    deadline = time.monotonic() + 5
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert sorted(made) == [0, 1, 2, 3, 4]  # the one in hand, and two for each thread
    coming.close()
    assert not any(thread.name.startswith("batches") for thread in threading.enumerate())


def test_a_batch_that_cannot_be_made_says_so() -> None:
    def make(iteration: int) -> Batch:
        if iteration == 2:
            raise ZeroDivisionError
        return numbered(iteration)

    coming = iter(BatchesAhead(make, range(9), 1))
    assert [int(next(coming).images) for _ in range(2)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(coming)


def test_a_learning_processor_has_one_worker_and_a_waiting_one_those_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(16), raising=False)
    assert default_workers("cpu") == 1
    assert default_workers("cuda") == MOST_WORKERS
    assert default_workers("cuda", processes=4) == 3
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(1), raising=False)
    assert default_workers("cuda") == 1


@pytest.mark.parametrize("stage", [0, 1])
def test_processes_that_share_a_batch_make_what_one_makes(stage: int, tmp_path: Path) -> None:
    config, _ = read_config(write_config(tmp_path, 5))
    generator = torch.Generator().manual_seed(0)
    cases = [
        StageCase(torch.rand(60, 60, generator=generator).half(), 10 + 40 * torch.rand(4, 2, generator=generator))
        for _ in range(3)
    ]
    whole = batch_maker(config, stage, cases, range(4), 16)(7)
    parts = [batch_maker(config, stage, cases, items, 16)(7) for items in (range(2), range(2, 4))]
    assert torch.equal(whole.images, torch.cat([part.images for part in parts]))
    assert torch.equal(whole.points, torch.cat([part.points for part in parts]))
    assert not torch.equal(whole.images, batch_maker(config, stage, cases, range(4), 16)(8).images)
