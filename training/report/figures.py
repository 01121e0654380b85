"""The figures of an evaluation report: success rates, errors per landmark, and how far calibrated radii can be trusted.

Draws with matplotlib's objects and Agg, without pyplot's global state and without a window. Colours are those of Okabe and
Ito, which colour-blind people can tell apart. The panels with vector fields are in `training/report/vector_panels.py`.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import PercentFormatter

from core.values.landmarks import NOMINAL_COVERAGE
from training.evaluation.evaluation import Evaluation
from training.evaluation.metrics import ALL, FloatArray, curve_thresholds, median_and_iqr, success_rate
from training.report.tables import OBSERVERS, Tables, error_series, rate_column, title_of_other

BLUE, ORANGE, GREEN, VERMILION, PINK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
INK, GREY, RULE = "#1a1a1a", "#767676", "#dddddd"
STAGE_GREYS = ("#9a9a9a", "#6f6f6f", "#b8b8b8")
"""Of the stages before the last, in turn."""

DOTS_PER_INCH = 180


@dataclass(frozen=True)
class ReportFigure:
    """A picture with what a reader must know about it.

    Attributes
    ----------
    name
        Stem of its PNG file.
    png
        The file's bytes.
    caption
        What is drawn, in full sentences.
    shows_images
        Whether it holds pixels of the cases' images.
    """

    name: str
    png: bytes
    caption: str
    shows_images: bool = False


def render(figure: Figure) -> bytes:
    """Return a figure as PNG; the file says nothing of when or by what it was made."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DOTS_PER_INCH, facecolor="white", metadata={"Software": None})
    return stream.getvalue()


def plain(text: str) -> str:
    """Return text that matplotlib does not take for a formula."""
    return text.replace("$", r"\$")


def make_figures(
    evaluation: Evaluation, tables: Tables, thresholds_mm: Sequence[float], other: Evaluation | None = None
) -> list[ReportFigure]:
    """Draw everything but the vector fields.

    Parameters
    ----------
    evaluation, tables, thresholds_mm, other
        As in `training.report.tables.make_tables`, and what it gave.

    Returns
    -------
    list of ReportFigure
        ``sdr_curve``, ``sdr_bars``, ``errors``, and ``certainty`` where radii are calibrated.
    """
    figures = [
        draw_success_curve(evaluation, tables, thresholds_mm, other),
        draw_success_bars(evaluation, tables, thresholds_mm, other),
        draw_errors(evaluation, curve_thresholds(thresholds_mm)[-1], other),
    ]
    if "certainty" in tables:
        figures.append(draw_certainty(tables))
    return figures


def draw_success_curve(
    evaluation: Evaluation, tables: Tables, thresholds_mm: Sequence[float], other: Evaluation | None
) -> ReportFigure:
    """Draw the success detection rate over the threshold, with the observers' rate at each of ten (paper, Fig. 4)."""
    marked_mm = curve_thresholds(thresholds_mm)
    distances_mm = np.linspace(0, marked_mm[-1], 401)[1:]
    figure, axes = _one_axes(8.0, 4.6)
    for label, (errors_mm, present) in error_series(evaluation, other).items():
        rates = _rates(tables, label, marked_mm)
        if label == OBSERVERS:
            _draw_observers(axes, rates, np.array(marked_mm), 0.32 * marked_mm[0])
            continue
        style = _style(label, evaluation, tables, other)
        curve = [0.0, *(success_rate(errors_mm, distance, present) for distance in distances_mm)]
        axes.plot([0, *distances_mm], curve, color=style.colour, linestyle=style.dashes, linewidth=style.width)
        axes.plot(marked_mm, rates, style.marker, color=style.colour, markersize=5)
        axes.plot([], [], style.marker, color=style.colour, linestyle=style.dashes, label=plain(label))
    _label_rates(axes)
    axes.set_xlim(0, marked_mm[-1] + 0.4 * marked_mm[0])
    axes.set_xticks(marked_mm, [f"{threshold:g}" for threshold in marked_mm])
    axes.legend(loc="lower right", frameon=False)
    caption = (
        "Success detection rate over all landmarks: the share of landmarks whose radial error is smaller than the "
        f"threshold. Markers stand at the ten thresholds from {marked_mm[0]:g} to {marked_mm[-1]:g} mm, lines run through "
        "every threshold in between."
    )
    return ReportFigure("sdr_curve", render(figure), caption + _about_observers(evaluation))


def draw_success_bars(
    evaluation: Evaluation, tables: Tables, thresholds_mm: Sequence[float], other: Evaluation | None
) -> ReportFigure:
    """Draw the rates at the asked thresholds as bars, with the observers' as horizontal lines (paper, Fig. 4 and 7)."""
    labels = [label for label in tables["sdr"].index if label != OBSERVERS]
    figure, axes = _one_axes(8.0, 3.9)
    middles, width = np.arange(len(thresholds_mm), dtype=np.float64), 0.82 / len(labels)
    for number, label in enumerate(labels):
        lefts = middles - 0.41 + (number + 0.5) * width
        heights = np.nan_to_num(_rates(tables, label, thresholds_mm))
        colour = _style(label, evaluation, tables, other).colour
        axes.bar(lefts, heights, 0.94 * width, color=colour, label=plain(label))
        for left, height in zip(lefts, heights, strict=True):
            text = axes.text(left, height + 1, f"{height:.1f}", ha="center", va="bottom", fontsize=8, color=INK)
            text.set_path_effects([withStroke(linewidth=3, foreground="white")])
    if evaluation.observed_twice:
        _draw_observers(axes, _rates(tables, OBSERVERS, thresholds_mm), middles, 0.46)
    _label_rates(axes)
    axes.set_ylim(0, 108)
    axes.set_xticks(middles, [f"{threshold:g}" for threshold in thresholds_mm])
    handles, _ = axes.get_legend_handles_labels()
    handles.sort(key=lambda handle: handle.get_label() == OBSERVERS)
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False)
    caption = "Success detection rates over all landmarks at the asked thresholds, percent."
    return ReportFigure("sdr_bars", render(figure), caption + _about_observers(evaluation))


def _draw_observers(axes: Axes, rates: FloatArray, middles: FloatArray, reach: float) -> None:
    axes.hlines(rates, middles - reach, middles + reach, color=INK, linewidth=2.2, label=OBSERVERS)


def _about_observers(evaluation: Evaluation) -> str:
    if not evaluation.observed_twice:
        return ""
    return (
        " Black horizontal lines: the second observer, that is the share of landmarks whose two marks lie closer together "
        "than the threshold at which the line stands."
    )


def draw_errors(evaluation: Evaluation, largest_mm: float, other: Evaluation | None) -> ReportFigure:
    """Draw the radial errors of every landmark as a box, up to ``largest_mm``, with the observers' median distance."""
    columns = [column[np.isfinite(column)] for column in evaluation.errors_mm.T]
    markers = {}
    if other is not None:
        label = f"{plain(title_of_other(evaluation, other))}, median"
        markers[label] = (_medians(other.errors_mm), "^", ORANGE)
    if evaluation.observed_twice:
        markers["between observers, median"] = (_medians(evaluation.observer_errors_mm), "D", VERMILION)
    drawn_mm = np.concatenate([[0.0], *columns, *(medians_mm for medians_mm, _, _ in markers.values())])
    end_mm = min(largest_mm, 1.03 * float(np.nanmax(drawn_mm))) or largest_mm
    figure, axes = _one_axes(8.0, 1.1 + 0.27 * len(columns))
    rows = np.arange(len(columns))
    boxes = axes.boxplot(
        [np.minimum(column, end_mm) for column in columns], positions=rows.tolist(), orientation="horizontal",
        widths=0.62, patch_artist=True, medianprops={"color": INK, "linewidth": 1.6},
        boxprops={"facecolor": "#9ecae8", "edgecolor": BLUE}, whiskerprops={"color": BLUE}, capprops={"color": BLUE},
        flierprops={"marker": ".", "markersize": 3.5, "markeredgecolor": BLUE, "alpha": 0.6},
    )  # fmt: skip
    boxes["boxes"][0].set_label(plain(evaluation.model))
    for label, (medians_mm, marker, colour) in markers.items():
        axes.plot(
            np.minimum(medians_mm, end_mm), rows, marker, color=colour, markeredgecolor=INK, markersize=5.5, label=label
        )
    axes.set_yticks(rows, [plain(name) for name in evaluation.names])
    axes.set_ylim(len(columns) - 0.4, -0.6)
    axes.set_xlim(0, 1.01 * end_mm)
    axes.set_xlabel("radial error, mm")
    axes.grid(axis="x", color=RULE, linewidth=0.7)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    caption = (
        "Radial errors per landmark. Boxes reach from the first to the third quartile, with the median as a line; whiskers "
        "to the last error within 1.5 IQR of the box; dots are errors beyond."
    )
    if beyond := int((drawn_mm > end_mm).sum()):
        caption += f" Drawn at the right border: {beyond} beyond {end_mm:g} mm."
    return ReportFigure("errors", render(figure), caption)


def draw_certainty(tables: Tables) -> ReportFigure:
    """Draw errors against the predicted radius, and how many true positions it holds, per landmark."""
    groups, summary = tables["certainty"], tables["summary"]
    figure = Figure(figsize=(9.0, max(4.2, 1.2 + 0.24 * len(summary))), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1.0))
    for axes in (left, right):
        _tidy(axes)
    radii_mm = groups["median_radius_mm"]
    top_mm = 1.08 * float(max(radii_mm.max(), groups["error_90_mm"].max()))
    left.plot([0, top_mm], [0, top_mm], color=GREY, linestyle="--", linewidth=1, label="radius = 90th percentile")
    left.plot(radii_mm, groups["error_90_mm"], "o-", color=BLUE, label="90th percentile of the errors")
    left.plot(radii_mm, groups["mean_mm"], "s-", color=VERMILION, label="mean error")
    left.set_xlim(0, top_mm)
    left.set_ylim(0, top_mm)
    left.set_xlabel("predicted radius (median of the group), mm")
    left.set_ylabel("radial error, mm")
    left.grid(color=RULE, linewidth=0.7)
    left.legend(loc="upper left", frameon=False)
    rows = np.arange(len(summary))
    covered, counts = summary["coverage_percent"].to_numpy(float), summary["radius_count"].to_numpy(float)
    low, high = _interval_percent(covered, counts)
    right.axvline(100 * NOMINAL_COVERAGE, color=GREY, linestyle="--", linewidth=1)
    right.hlines(rows, low, high, color=BLUE, linewidth=1.4)
    right.plot(covered, rows, "o", color=BLUE, markersize=5)
    right.set_yticks(rows, [plain(str(name)) if name != ALL else "all landmarks" for name in summary.index])
    right.set_ylim(len(rows) - 0.4, -0.6)
    right.set_xlim(min(50.0, float(np.nanmin(low)) - 3), 102)
    right.set_xlabel("true positions within the radius, %")
    right.grid(axis="x", color=RULE, linewidth=0.7)
    caption = (
        f"Left: predictions of all landmarks in {len(groups)} groups of about equal size, from the smallest to the largest "
        "predicted radius. Rising lines mean that a larger radius does mean a larger error; where the upper line meets the "
        f"dashed one, the group's typical radius holds about {100 * NOMINAL_COVERAGE:g} % of it. Right: share of true "
        "positions within the predicted radius per landmark, with its 95 % interval (Wilson); it was meant to be "
        f"{100 * NOMINAL_COVERAGE:g} % (dashed)."
    )
    return ReportFigure("certainty", render(figure), caption)


@dataclass(frozen=True)
class _Style:
    colour: str
    marker: str
    dashes: str
    width: float


def _style(label: str, evaluation: Evaluation, tables: Tables, other: Evaluation | None) -> _Style:
    """Return how a row of the success rates is drawn, the same in every figure."""
    if label == evaluation.model:
        return _Style(BLUE, "o", "-", 2.4)
    if other is not None and label == title_of_other(evaluation, other):
        return _Style(ORANGE, "^", "-", 2.0)
    number = list(tables["sdr"].index).index(label)
    return _Style(STAGE_GREYS[number % len(STAGE_GREYS)], "s", ("--", ":", "-.")[number % 3], 1.5)


def _rates(tables: Tables, label: str, thresholds_mm: Sequence[float]) -> FloatArray:
    """Return one row of the success rates at some thresholds, percent."""
    columns = [rate_column(threshold) for threshold in thresholds_mm]
    return tables["sdr"].loc[label, columns].to_numpy(dtype=np.float64)


def _medians(errors_mm: FloatArray) -> FloatArray:
    return np.array([median_and_iqr(column[np.isfinite(column)])[0] for column in errors_mm.T])


def _interval_percent(percent: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's 95 % interval of shares ``percent`` of ``count`` cases; NaN where there are none."""
    share, cases = percent / 100, np.where(count > 0, count, np.nan)
    z = 1.959964
    middle = (share + z**2 / (2 * cases)) / (1 + z**2 / cases)
    half = z / (1 + z**2 / cases) * np.sqrt(share * (1 - share) / cases + z**2 / (4 * cases**2))
    return 100 * (middle - half), 100 * (middle + half)


def _one_axes(width_inches: float, height_inches: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
    axes = figure.subplots()
    _tidy(axes)
    return figure, axes


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(color=GREY, labelcolor=INK)
    axes.set_axisbelow(True)


def _label_rates(axes: Axes) -> None:
    axes.set_xlabel("distance threshold, mm")
    axes.set_ylabel("success detection rate")
    axes.set_ylim(0, 102)
    axes.yaxis.set_major_formatter(PercentFormatter(decimals=0, symbol=" %"))
    axes.grid(axis="y", color=RULE, linewidth=0.7)
