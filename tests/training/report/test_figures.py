"""What the figures of a report draw."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from tests.support.evaluation_fixtures import make_bare_evaluation, make_evaluation
from training.evaluation.evaluation import Evaluation
from training.report import figures
from training.report.figures import ReportFigure, make_figures, render
from training.report.tables import make_tables

ASKED = (2.0, 4.0)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Keep every figure instead of making a PNG of it."""
    kept: list[Figure] = []

    def keep(figure: Figure) -> bytes:
        kept.append(figure)
        return b""

    monkeypatch.setattr(figures, "render", keep)
    return kept


def draw(evaluation: Evaluation, other: Evaluation | None = None) -> dict[str, ReportFigure]:
    tables = make_tables(evaluation, ASKED, other)
    return {figure.name: figure for figure in make_figures(evaluation, tables, ASKED, other)}


def test_figures_are_png_files_without_images_of_cases() -> None:
    made = draw(make_evaluation(), make_bare_evaluation())
    assert list(made) == ["sdr_curve", "sdr_bars", "errors", "certainty"]
    assert all(figure.png.startswith(b"\x89PNG\r\n") and not figure.shows_images for figure in made.values())
    assert all(figure.caption.endswith(".") for figure in made.values())


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert render(Figure()) == render(Figure())


def test_the_observers_are_a_horizontal_line_at_each_threshold(drawn: list[Figure]) -> None:
    made = draw(make_evaluation())
    axes = drawn[0].axes[0]
    (lines,) = [each for each in axes.collections if isinstance(each, LineCollection)]
    segments = np.array(lines.get_segments())
    np.testing.assert_allclose(segments.mean(axis=1)[:, 0], np.arange(0.5, 5.01, 0.5))
    assert (segments[:, 0, 1] == segments[:, 1, 1]).all()
    # Marks lie 0.5, 0.5, 1.5 and 2.5 mm apart; a rate counts those closer than the threshold.
    assert segments[:, 0, 1].tolist() == [0, 50, 50, 75, 75, 100, 100, 100, 100, 100]
    assert "second observer" in made["sdr_curve"].caption
    assert "observer" not in draw(make_bare_evaluation())["sdr_curve"].caption


def test_curves_pass_through_the_rates(drawn: list[Figure]) -> None:
    draw(make_evaluation(), make_bare_evaluation())
    axes = drawn[0].axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "after global",
        "m 1",
        "files",
        "second observer",
    ]
    markers = {tuple(line.get_ydata()) for line in axes.lines if line.get_marker() == "o" and len(line.get_ydata())}
    assert markers == {(0, 0, 20, 20, 40, 40, 60, 60, 60, 60)}


def test_bars_are_the_rates_at_the_asked_thresholds(drawn: list[Figure]) -> None:
    draw(make_evaluation())
    axes = drawn[1].axes[0]
    heights = [[patch.get_height() for patch in group] for group in axes.containers]
    assert heights == [[0.0, 40.0], [20.0, 60.0]]
    assert [text.get_text() for text in axes.get_legend().get_texts()][-1] == "second observer"


def test_errors_beyond_the_last_threshold_stand_at_the_border_and_are_counted(drawn: list[Figure]) -> None:
    errors = np.array([[1.0, 3.0], [2.0, 9.0], [0.5, 4.0]])
    whole = replace(make_bare_evaluation(), errors_mm=errors, present=errors > 0, found=errors > 0)
    assert draw(whole)["errors"].caption.endswith("Drawn at the right border: 1 beyond 5 mm.")
    axes = drawn[2].axes[0]
    assert max(float(np.max(line.get_xdata())) for line in axes.lines if len(line.get_xdata())) == 5.0
    small = replace(whole, errors_mm=errors / 10)
    assert "border" not in draw(small)["errors"].caption
    assert drawn[5].axes[0].get_xlim()[1] < 1.0


def test_certainty_shows_every_group_and_landmark(drawn: list[Figure]) -> None:
    radii = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    errors = radii / 2
    evaluation = replace(make_bare_evaluation(), errors_mm=errors, present=radii > 0, found=radii > 0, radius_mm=radii)
    draw(evaluation)
    left, right = drawn[3].axes
    means = next(line for line in left.lines if line.get_label() == "mean error")
    assert np.diff(means.get_ydata()).min() > 0
    covered = next(line for line in right.lines if line.get_marker() == "o")
    assert list(covered.get_xdata()) == [100.0] * 3
    intervals = np.array(right.collections[0].get_segments())[:, :, 0]
    assert (intervals[:, 0] < 100).all()
    assert intervals[2, 0] > intervals[0, 0]  # more cases, a narrower interval


def test_names_with_dollars_are_no_formulas(drawn: list[Figure]) -> None:
    draw(replace(make_bare_evaluation(), names=("$left$", "right"), model="a$b$"))
    for figure in drawn:
        render(figure)
