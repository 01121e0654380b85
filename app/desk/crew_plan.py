"""How many child processes work, and how much memory each may take.

One process with one thread for each core: the threads of one process wait for each other in every layer of the networks, and for
whichever core does something else besides (docs/decisions). Asks the system once; starts nothing.
"""

import os
from dataclasses import dataclass

from core.base.memory import available_bytes

CHILD_BYTES = 700e6
"""What a child takes with an X-ray: 490 MB measured, and room."""
_SHARE_OF_AVAILABLE = 0.75
_MOST_CHILDREN = 16
CHILDREN_PAY_FROM = 16
"""With fewer images, starting processes takes longer than they save (docs/results.md)."""


@dataclass(frozen=True)
class CrewPlan:
    """How the work is shared out.

    Attributes
    ----------
    children
        Processes.
    cores
        Threads of one that works alone on a large image; else each has one.
    share_bytes
        Memory that each may take while the others work; an image that needs more is worked on alone.
    considerate
        Whether the system is asked to let other programs, such as the window, go first.
    """

    children: int
    cores: int = 1
    share_bytes: float = 2e9
    considerate: bool = False


def plan_crew(
    children: int | None = None,
    *,
    spare_cores: int = 0,
    considerate: bool = False,
    memory_gb: float | None = None,
    cores: int | None = None,
) -> CrewPlan:
    """Return how many processes this computer carries now, and how they share it.

    Parameters
    ----------
    children
        How many were asked for; None for one on each core, as far as the memory goes.
    spare_cores
        Cores that are left to others, such as the window.
    considerate
        Whether the system is asked to let other programs go first.
    memory_gb
        What all of them may take together; None for three quarters of what is free.
    cores
        Cores to share out; those that this process may use where omitted.
    """
    usable = max(1, (usable_cores() if cores is None else cores) - spare_cores)
    memory = _SHARE_OF_AVAILABLE * available_bytes()
    if memory_gb is not None:
        memory = min(memory, memory_gb * 1e9)
    count = children if children is not None else max(1, min(usable, int(memory // CHILD_BYTES), _MOST_CHILDREN))
    return CrewPlan(count, usable, memory / count, considerate)


def crew_for(
    images: int, workers: int | None, device: str = "auto", *, memory_gb: float | None = None
) -> CrewPlan | None:
    """Return which processes localize so many images while somebody waits; None for the calling one alone.

    Parameters
    ----------
    images
        How many there are.
    workers
        How many processes were asked for; None for what is fastest.
    device
        ``"auto"`` or ``"cpu"``, or a GPU, which gains nothing from several processes.
    memory_gb
        What all of them may take together; None for three quarters of what is free.
    """
    if workers == 1 or images <= 1:
        return None
    if workers is None and (images < CHILDREN_PAY_FROM or device not in ("auto", "cpu")):
        return None
    crew = plan_crew(None if workers is None else min(workers, images), memory_gb=memory_gb)
    return None if workers is None and crew.children == 1 else crew


def usable_cores() -> int:
    """Return the cores that this process may use; hyperthreads do not count, since networks gain nothing from them."""
    import psutil  # here, since no window is to wait for it

    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))
