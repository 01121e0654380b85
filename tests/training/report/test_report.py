"""What is written of an evaluation: Markdown for model cards, and the folder of a report."""

import re
from base64 import b64decode
from pathlib import Path

import numpy as np
import pandas as pd

from tests.support.evaluation_fixtures import make_bare_evaluation, make_evaluation, make_measured_evaluation
from training.report.figures import ReportFigure
from training.report.report import to_markdown, write_report


def test_markdown_says_what_a_model_card_needs() -> None:
    text = to_markdown(make_evaluation(), (2.0, 4.0))
    lines = text.splitlines()
    assert lines[0] == "m 1 on cpu: 3 images, 2 landmarks each, 0.50 s per image (median)."
    assert lines[2] == (
        "| landmark | mean ± SD, mm | median (IQR), mm | < 2 mm, % | < 4 mm, % | between observers, mm | in radius, % |"
    )
    assert lines[4] == "| left | 1.50 ± 0.71 | 1.50 (0.50) | 33.3 | 66.7 | 0.50 ± 0.00 | 50.0 |"
    assert "| **all** | **2.00 ± 1.00** |" in text
    assert "| global | 3.00 ± 1.00 |" in text
    assert "| between observers | 1.25 ± 0.96 |" in text
    assert "| all | 3 | 2 | 0 | 1 |" in text
    widths = {line.count("|") for line in lines[2:7]}
    assert widths == {8}


def test_markdown_has_no_columns_of_what_is_not_known() -> None:
    head = to_markdown(make_bare_evaluation(), (2.0,)).splitlines()[2]
    assert head == "| landmark | mean ± SD, mm | median (IQR), mm | < 2 mm, % |"


def test_cephalograms_have_the_rates_of_the_challenge(tmp_path: Path) -> None:
    evaluation = make_measured_evaluation(40.0)
    text = to_markdown(evaluation, (2.0,))
    assert "| measure of the challenge | rightly classified, % | second observer, % |" in text
    assert "| ANB | 70.0 | 25.0 |" in text
    assert text.endswith("| **mean** | 65.0 | 50.0 |\n")
    assert "measure of the challenge" not in to_markdown(make_evaluation(), (2.0,))
    other = make_measured_evaluation(70.0)
    page = write_report(evaluation, tmp_path, (2.0,), data="films", date="today", other=other)
    html = re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))
    assert "Measures of the cephalometric challenge" in html
    assert "m 1 (other), %" in html
    classes = pd.read_csv(tmp_path / "classes.csv")
    assert classes.columns.tolist() == ["measure", "class", "count", "recall_percent"]
    assert classes["recall_percent"].tolist() == [100.0, 40.0, 60.0]
    assert pd.read_csv(tmp_path / "measures.csv", index_col="measure").loc["all", "other_percent"] == 72.5


def test_the_folder_holds_page_tables_and_figures(tmp_path: Path) -> None:
    evaluation, folder = make_evaluation(), tmp_path / "new" / "report"
    panel = ReportFigure("vectors_global", b"\x89PNG panel", "Votes.", shows_images=True)
    page = write_report(evaluation, folder, (2.5,), data="phantoms", date="2020-02-29", panels=[panel])
    assert page == folder / "report.html"
    assert sorted(path.name for path in folder.iterdir()) == [
        "certainty.csv", "certainty.png", "errors.csv", "errors.png", "observers.csv", "observers_test.csv",
        "outliers.csv", "radii.csv", "report.html", "report.md", "sdr.csv", "sdr_bars.png", "sdr_curve.png",
        "stages.csv", "summary.csv", "times.csv", "vectors_global.png",
    ]  # fmt: skip
    errors = pd.read_csv(folder / "errors.csv", index_col="case")
    np.testing.assert_allclose(errors[["left", "right"]], evaluation.errors_mm)
    assert errors["elapsed_s"].tolist() == [0.5, 0.25, 1.0]
    summary = pd.read_csv(folder / "summary.csv", index_col="landmark")
    assert summary.loc["right", "mean_mm"] == 3.0
    assert summary.loc["all", "false_negative"] == 2
    assert summary.loc["right", "observers_mean_mm"] == 2.0
    radii = pd.read_csv(folder / "radii.csv", index_col="case")
    np.testing.assert_allclose(radii, evaluation.radius_mm)
    assert (folder / "report.md").read_text(encoding="utf-8") == to_markdown(evaluation, (2.5,))
    assert (folder / "vectors_global.png").read_bytes() == panel.png
    assert "2020-02-29" in page.read_text(encoding="utf-8")


def test_pictures_of_the_page_are_the_files_beside_it(tmp_path: Path) -> None:
    page = write_report(make_bare_evaluation(), tmp_path, data="phantoms", date="today").read_text(encoding="utf-8")
    inside = [b64decode(data) for data in re.findall(r"src=\"data:image/png;base64,([^\"]+)\"", page)]
    beside = [path.read_bytes() for path in tmp_path.glob("*.png")]
    assert len(inside) == 3
    assert sorted(inside) == sorted(beside)
