"""Stands in for ``cairn learn … --json``: tells a course of learning as the real one does, without learning anything.

A script by itself: ``python learning_script.py WAYS OUT [MODEL]``; MODEL is what is written. WAYS are out of ``done``, ``gated``
(waits for the file ``go`` beside OUT, or for ``stop``), ``failed``, ``full`` (of a disk, in the middle), ``crash``, ``noise``
(prints other things, too), ``deaf``.
"""

import hashlib
import json
import queue
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

COMPARISON = {
    "cases": 2, "unit": "px", "within": 8.0, "old": {"median": 3.0, "mean": 3.5, "within": 0.8},
    "new": {"median": 2.0, "mean": 2.5, "within": 0.9},
    "landmarks": [{"name": "Sella", "old": 3.0, "new": 2.0}, {"name": "Nasion", "old": 2.0, "new": 2.5}],
    "details": [{"case": "a", "old": 2.0, "new": 3.0}, {"case": "b", "old": 4.0, "new": 1.0}],
}  # fmt: skip


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def say(event: str, **values: Any) -> None:
    """Print one event."""
    _print(json.dumps({"event": event, **values}))


def _lines() -> "queue.Queue[str | None]":
    heard: queue.Queue[str | None] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            heard.put(line.strip())
        heard.put(None)

    threading.Thread(target=listen, daemon=True).start()
    return heard


def _wait(out: Path, heard: "queue.Queue[str | None]") -> bool:
    """Step until there is a file ``go`` or somebody says stop; tell which. Where nobody is left to say so, stop for later."""
    iteration = 0
    while not (out.parent / "go").exists():
        iteration += 1
        say(
            "step", stage=0, stages=2, iteration=iteration, iterations=1000, loss=0.5, error_px=9.0 / iteration,
            best_px=9.0 / iteration, seconds_left=600.0 - iteration,
        )  # fmt: skip
        try:
            line = heard.get(timeout=0.02)
        except queue.Empty:
            continue
        if line is None:
            say("stopped", resumable=True)
            raise SystemExit(0)
        if line == "stop":
            return True
    return False


def main(ways: str, out: Path) -> None:
    """Tell a course."""
    work = out.with_suffix(".learning")
    resumed = work.exists()
    work.mkdir(parents=True, exist_ok=True)
    if "full" in ways:
        (work / "checkpoint.pt").write_bytes(b"what was learnt so far")
        say("failed", sentence="The disk is full.", hint="Make room on it, and go on.")
        raise SystemExit(2)
    if "failed" in ways:
        say("failed", sentence="There are 2 marked cases.", hint="At least 5 are needed; better 20.")
        raise SystemExit(2)
    heard = _lines()
    say("begin", learn=6, check=2, left_out=[], minutes=30.0, start="", unit="px", resumed=resumed)
    if "noise" in ways:
        _print("a library says something")
    say("reading", done=8, total=8)
    say("plan", stages=2, iterations=[1000, 500], seconds=600.0, reasons=[])
    if "crash" in ways:
        raise SystemExit(7)
    while "deaf" in ways:
        time.sleep(0.05)
    stopped = "gated" in ways and _wait(out, heard)
    say("calibrating", done=2, total=2)
    say("writing", done=1, total=1)
    out.write_bytes(Path(sys.argv[3]).read_bytes() if len(sys.argv) > 3 else b"model")
    shutil.rmtree(work)
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    say("done", model=str(out), sha256=digest, title="wing 1", stopped_early=stopped, comparison=COMPARISON)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
