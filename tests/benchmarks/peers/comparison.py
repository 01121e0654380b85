"""The comparison as a Markdown table and as JSON. Rounds and arranges; every figure comes from elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from tests.benchmarks.peers.record import TrainingRecord
from training.evaluation.evaluation import Evaluation
from training.evaluation.metrics import ALL, THRESHOLDS_MM

TITLES = {
    "scn": "SCN (`landmarker`)",
    "unet": "U-Net, ResNet-34 (`landmarker`'s recipe)",
    "cairn": "Cairn",
}
HEADS = (
    "method",
    "parameters, M",
    "training, min",
    "steps",
    "mean ± SD, mm",
    "median (IQR), mm",
    *(f"< {threshold:g} mm, %" for threshold in THRESHOLDS_MM),
    "failed",
    "s per scan, mean ± SD",
    "median",
    "ratio",
)


@dataclass(frozen=True, eq=False)
class MethodResult:
    """What one method took and reached.

    Attributes
    ----------
    name
        A key of `TITLES`.
    record
        Its training.
    evaluation
        Its errors.
    elapsed_s
        Wall time of each image, seconds; NaN where it failed.
    """

    name: str
    record: TrainingRecord
    evaluation: Evaluation
    elapsed_s: Sequence[float]

    def figures(self) -> dict[str, object]:
        """Return all figures by name: the training's, the errors' over all landmarks, and the times."""
        times_s = np.asarray(self.elapsed_s)[np.isfinite(self.elapsed_s)]
        overall = self.evaluation.summary().loc[ALL]
        return {
            "method": self.name,
            **asdict(self.record),
            **{str(key): float(value) if np.isfinite(value) else None for key, value in overall.items()},
            "images": len(self.evaluation.cases),
            "images_failed": int((~self.evaluation.found.all(axis=1)).sum()),
            "scan_mean_s": float(times_s.mean()) if times_s.size else None,
            "scan_sd_s": float(times_s.std(ddof=1)) if times_s.size > 1 else None,
            "scan_median_s": float(np.median(times_s)) if times_s.size else None,
        }


def with_ratios(figures: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Add how many times as long as Cairn each method takes per scan; as the fastest where Cairn is not among them."""
    medians = {row["method"]: row["scan_median_s"] for row in figures if isinstance(row["scan_median_s"], float)}
    reference = medians.get("cairn", min(medians.values(), default=None))
    return [
        dict(row) | {"scan_ratio": medians[row["method"]] / reference if row["method"] in medians else None}
        for row in figures
    ]


def _number(value: object, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, float) and np.isfinite(value) else "–"


def _row(row: Mapping[str, object]) -> list[str]:
    parameters, steps = row["parameters"], row["steps"]
    assert isinstance(parameters, int)
    assert isinstance(steps, tuple)
    return [
        TITLES[str(row["method"])],
        f"{parameters / 1e6:.1f}",
        _number(row["minutes"], 1),
        " + ".join(str(count) for count in steps),
        f"{_number(row['mean_mm'], 2)} ± {_number(row['sd_mm'], 2)}",
        f"{_number(row['median_mm'], 2)} ({_number(row['iqr_mm'], 2)})",
        *(_number(row[f"sdr_{threshold:g}mm_percent"], 1) for threshold in THRESHOLDS_MM),
        str(row["images_failed"]),
        f"{_number(row['scan_mean_s'], 2)} ± {_number(row['scan_sd_s'], 2)}",
        _number(row["scan_median_s"], 2),
        _number(row["scan_ratio"], 1),
    ]


def to_markdown(figures: Sequence[Mapping[str, object]], notes: Sequence[str]) -> str:
    """Return the table of figures from `with_ratios`, and below it the notes as a list."""
    rule = ["---", *["---:"] * (len(HEADS) - 1)]
    lines = [f"| {' | '.join(cells)} |" for cells in (HEADS, rule, *(_row(row) for row in figures))]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes)]) + "\n"
