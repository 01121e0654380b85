"""The eight measures by which the cephalometric challenge classified patients, computed from found and from true landmarks.

How often both give the same class is the challenge's second figure, beside radial errors (C.-W. Wang et al., Medical Image
Analysis 31, 2016). Measures and classes are the data of the analysis ``isbi-2015``; here they are only counted.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from core.learning.cases import Case
from core.measuring.analysis import Analysis
from core.measuring.file import read_analysis
from core.measuring.measure import measure
from core.values.grid import Grid
from core.values.landmarks import Landmarks
from training.evaluation.metrics import ALL

CHALLENGE = "isbi-2015"
_PX_DECIMALS = 6
"""Means of two whole numbers are halves, which the way through mm and back must not push to either side."""


@cache
def _analysis() -> Analysis:
    return read_analysis(CHALLENGE)


def has_measures(landmarks: Landmarks) -> bool:
    """Tell whether the landmarks are those of a cephalogram, so that all eight measures are defined."""
    analysis = _analysis()
    return landmarks.ndim == analysis.ndim and all(
        any(name in landmarks.names for name in names) for names in analysis.landmarks.values()
    )


def on_whole_px(landmarks: Landmarks, grid: Grid) -> Landmarks:
    """Return landmarks on the nearest whole pixels of their image, as the challenge classifies them; in mm.

    Halves go to the even number: always to one side, they would move the means of two observers by a quarter of a pixel.
    """
    index = np.rint(grid.to_index(landmarks.points_mm).round(_PX_DECIMALS))
    return Landmarks(landmarks.names, grid.to_mm(index), status=landmarks.stated)


def tabulate_recalls(found: Sequence[Landmarks], truth: Sequence[Landmarks], grids: Sequence[Grid]) -> pd.DataFrame:
    """Return how often the class that each case truly belongs to was found, by each of the measures.

    Parameters
    ----------
    found, truth
        Landmarks of each case, in mm of its grid.
    grids
        Where the pixels of each case are.

    Returns
    -------
    pandas.DataFrame
        A row per ``measure`` and ``class`` that any case truly belongs to, in the order of the analysis: ``count`` of these
        cases, and ``recall_percent``, how many of them were found to belong to it; without a landmark that was not found they
        are not. Empty where the landmarks are not those of a cephalogram.
    """
    rows = []
    if truth and all(map(has_measures, (*found, *truth))):
        found_classes, true_classes = _classes(found, grids), _classes(truth, grids)
        for measurement in _analysis().measurements:
            for one in measurement.classes:
                hits = [
                    theirs[measurement.key] == one.name
                    for theirs, ours in zip(found_classes, true_classes, strict=True)
                    if ours[measurement.key] == one.name
                ]
                if hits:
                    rows.append((measurement.key, one.name, len(hits), 100.0 * float(np.mean(hits))))
    table = pd.DataFrame(rows, columns=["measure", "class", "count", "recall_percent"])
    return table.set_index(["measure", "class"])


def _classes(landmarks: Sequence[Landmarks], grids: Sequence[Grid]) -> list[dict[str, str]]:
    """Return for each case the name of its class by each measure, empty where that could not be computed."""
    return [
        {one.measurement.key: one.class_name for one in measure(_analysis(), on_whole_px(marks, grid))}
        for marks, grid in zip(landmarks, grids, strict=True)
    ]


def success_classification_rates(recalls: pd.DataFrame) -> pd.Series:
    """Return the success classification rates, percent: the mean of the classes' recalls per measure, and the mean of these.

    Parameters
    ----------
    recalls
        From `tabulate_recalls`.

    Returns
    -------
    pandas.Series
        One rate per measure, and a last one called ``all``; empty where there is no recall.
    """
    rates = recalls["recall_percent"].groupby(level="measure", sort=False).mean()
    return pd.concat([rates, pd.Series([rates.mean()], [ALL])]).rename_axis("measure") if len(rates) else rates


def observer_recalls(cases: Sequence[Case], grids: Sequence[Grid]) -> pd.DataFrame:
    """Return the recalls of the second observer's marks against the first one's; empty where any case has not two."""
    if any(len(case.observers) < 2 for case in cases):
        return tabulate_recalls((), (), ())
    first, second = ([case.observers[number] for case in cases] for number in (0, 1))
    return tabulate_recalls(second, first, grids)
