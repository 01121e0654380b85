"""Runs a model file with nothing but torch, as a foreign program would, in a process that has made nothing of it.

Run as a script by `core.models.export`; the frozen application, which runs no scripts, does it when its first argument is
`ARGUMENT` (packaging/frozen/cairn_entry.py). Imports nothing of Cairn.
"""

import sys
import warnings
from collections.abc import Sequence

import torch

ARGUMENT = "--run-model-afresh"
"""The first argument by which the frozen application is told to do this and nothing else; no person ever gives it."""


def answer(model_path: str, cases_path: str, answers_path: str) -> None:
    """Run a model on each of the cases in ``cases_path``; write the points after each stage and the answer, as index."""
    module = torch.jit.load(model_path)  # type: ignore[no-untyped-call]
    cases = torch.load(cases_path, weights_only=True)
    with torch.inference_mode():
        outputs = [module(case["voxels"], case["spacing_mm"]) for case in cases]
    points = [[*(stage.points_index for stage in output.stages), output.points_index] for output in outputs]
    torch.save(points, answers_path)


def main(arguments: Sequence[str]) -> int:
    """Answer, 0; or 1 with the reason as the last line of standard error."""
    warnings.simplefilter("ignore")
    try:
        answer(*arguments)
    except Exception as error:  # noqa: BLE001 - the other process says it; uncaught, Windows would show it in a box and wait
        if sys.stderr is not None:
            sys.stderr.write(f"{type(error).__name__}: {error}".strip() + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
