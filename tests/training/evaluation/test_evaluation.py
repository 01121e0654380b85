"""Evaluation of a real (tiny) model and of landmark files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ConfigError, InferenceError
from core.images.file import read_image
from core.landmark_files.file import write_landmarks
from core.learning.cases import Case, read_case_image
from core.models.file import Model, load_model
from core.models.inference import localize
from core.schemes.file import read_scheme
from core.values.landmarks import Landmarks
from tests.support.evaluation_fixtures import make_bare_evaluation, make_evaluation
from tests.support.model_fixtures import write_tiny_image, write_tiny_model
from training.evaluation.evaluation import Evaluation, evaluate, evaluate_csv_folder, observer_errors_mm
from training.report.tables import error_series

NAN = float("nan")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.pt"))


@pytest.fixture
def cases(tmp_path: Path, model: Model) -> tuple[Case, ...]:
    """Two images of 0.5 mm pixels that do not say so. Truth is the model's answer moved by (3, 4) mm; 'right' is absent once."""
    made = []
    for number in range(2):
        path = write_tiny_image(tmp_path / f"scan{number}.png")
        found_mm = localize(read_image(path).with_spacing(0.5), model, device="cpu").landmarks.points_mm
        points_mm = found_mm + np.array((3.0, 4.0))
        if number == 1:
            points_mm[1] = NAN
        truth = Landmarks(("left", "right"), points_mm)
        observers = (truth, Landmarks(truth.names, points_mm + np.array((0.6, 0.8))))
        made.append(Case(path.stem, path, truth, observers, spacing_mm=0.5))
    return tuple(made)


def test_errors_stages_observers_and_times_of_a_model(model: Model, cases: tuple[Case, ...]) -> None:
    heard: list[tuple[float, str]] = []
    evaluation = evaluate(model, cases, device="cpu", progress=lambda done, name: heard.append((done, name)))
    assert heard == [(0.0, "scan0"), (0.5, "scan1"), (1.0, "")]
    assert (evaluation.model, evaluation.device) == ("tiny 0.1", "cpu")
    np.testing.assert_allclose(evaluation.errors_mm, [[5.0, 5.0], [5.0, NAN]], rtol=1e-6)
    assert evaluation.present.tolist() == [[True, True], [True, False]]
    assert evaluation.found.all()
    assert evaluation.stage_errors_mm.shape == (2, 2, 2)
    np.testing.assert_allclose(evaluation.stage_errors_mm[1], evaluation.errors_mm)
    assert not np.allclose(evaluation.stage_errors_mm[0], evaluation.errors_mm, equal_nan=True)
    np.testing.assert_allclose(evaluation.observer_errors_mm, [[1.0, 1.0], [1.0, NAN]])
    assert (evaluation.elapsed_s > 0).all()
    assert ((evaluation.presence > 0) & (evaluation.presence <= 1)).all()
    assert evaluation.radius_mm.shape == (2, 2)
    assert evaluation.hardware.startswith("CPU (")
    assert evaluation.detections().loc["right"].tolist() == [1, 0, 1, 0]


def test_cases_may_have_fewer_landmarks_than_the_model_but_no_others(model: Model, cases: tuple[Case, ...]) -> None:
    case = cases[0]
    fewer = Case("scan0", case.image_path, case.landmarks.subset(["right"]), spacing_mm=0.5)
    evaluation = evaluate(model, [fewer], device="cpu")
    assert evaluation.names == ("right",)
    np.testing.assert_allclose(evaluation.stage_errors_mm[-1], [[5.0]], rtol=1e-6)
    assert not evaluation.observed_twice
    other = Case("scan0", case.image_path, Landmarks(("nose",), [[1.0, 2.0]]), spacing_mm=0.5)
    with pytest.raises(ConfigError, match=r"model tiny 0\.1 has no landmark nose"):
        evaluate(model, [other], device="cpu")


def test_an_image_that_cannot_be_analysed_stops_the_evaluation(
    tmp_path: Path, model: Model, cases: tuple[Case, ...]
) -> None:
    path = write_tiny_image(tmp_path / "grey.png", constant=True)
    with pytest.raises(InferenceError, match="empty"):
        evaluate(model, [Case("grey", path, cases[0].landmarks, spacing_mm=0.5)], device="cpu")


def test_landmarks_of_another_rank_than_the_image_are_refused(cases: tuple[Case, ...]) -> None:
    volume_marks = Landmarks(("left",), [[1.0, 2.0, 3.0]])
    with pytest.raises(ConfigError, match="is 2D but its landmarks are 3D"):
        read_case_image(Case("scan0", cases[0].image_path, volume_marks, spacing_mm=0.5))


@pytest.mark.parametrize("spacing_known", [True, False])
def test_the_files_of_the_command_line_give_the_same_errors(
    tmp_path: Path, model: Model, cases: tuple[Case, ...], *, spacing_known: bool
) -> None:
    """With ``--spacing`` the files hold mm, without it px only."""
    folder = tmp_path / "out"
    for case in cases:
        image = read_image(case.image_path)
        if spacing_known:
            image = image.with_spacing(0.5)
        prediction = localize(image, model, device="cpu")
        write_landmarks(prediction.landmarks, folder / f"{case.name}.csv", image=image, model=prediction.model)
    evaluation = evaluate_csv_folder(folder, cases)
    rounded_mm = 0.005 * 0.5 * 2**0.5 if not spacing_known else 0.001  # files hold 0.01 px and 0.001 mm
    np.testing.assert_allclose(evaluation.errors_mm, [[5.0, 5.0], [5.0, NAN]], rtol=0, atol=rounded_mm)
    assert len(evaluation.stages()) == 0
    assert np.isnan(evaluation.elapsed_s).all()
    (folder / "scan1.csv").unlink()
    with pytest.raises(ConfigError, match=r"no .*scan1\.csv for the case scan1"):
        evaluate_csv_folder(folder, cases)


def test_two_images_of_one_name_never_share_a_file(tmp_path: Path, cases: tuple[Case, ...]) -> None:
    """``p1/scan.nii`` and ``p2/scan.nii`` both give ``scan.csv``: one would be held against the other's truth."""
    same_name = tuple(replace(case, name=f"p{number}/scan") for number, case in enumerate(cases, 1))
    write_landmarks(cases[0].landmarks, tmp_path / "scan.csv")
    with pytest.raises(ConfigError, match=r"scan\.csv could belong to p1/scan and to p2/scan"):
        evaluate_csv_folder(tmp_path, same_name)
    for case in same_name:
        write_landmarks(case.landmarks, tmp_path / f"{case.name}.csv", image=read_case_image(case))
    evaluation = evaluate_csv_folder(tmp_path, same_name)
    np.testing.assert_allclose(evaluation.errors_mm[np.isfinite(evaluation.errors_mm)], 0.0, atol=1e-3)


def test_a_file_that_says_it_belongs_to_another_image_is_refused(tmp_path: Path, cases: tuple[Case, ...]) -> None:
    image = read_case_image(cases[0])
    other = replace(image, source=replace(image.source, sha256="ab" * 32))
    write_landmarks(cases[0].landmarks, tmp_path / f"{cases[0].name}.csv", image=other)
    with pytest.raises(ConfigError, match=r"scan0\.csv belongs to another image than the case scan0"):
        evaluate_csv_folder(tmp_path, cases[:1])


def test_one_observer_gives_no_distance(cases: tuple[Case, ...]) -> None:
    case = cases[0]
    assert np.isnan(observer_errors_mm(Case("a", case.image_path, case.landmarks, case.observers[:1]))).all()


def test_tables_by_hand() -> None:
    by_hand = make_evaluation()
    summary = by_hand.summary((2.5,))
    assert summary.loc["left", "mean_mm"] == pytest.approx(1.5)
    assert summary.loc["left", "sdr_2.5mm_percent"] == pytest.approx(200 / 3)
    assert summary.loc["all", "sdr_2.5mm_percent"] == pytest.approx(40.0)
    stages = by_hand.stages()
    assert list(stages.index) == ["global", "local 1"]
    assert stages["mean_mm"].tolist() == pytest.approx([3.0, 2.0])
    assert by_hand.observers().loc["all", "mean_mm"] == pytest.approx(1.25)
    assert by_hand.detections().loc["all"].tolist() == [3, 2, 0, 1]


def test_stages_that_answer_together_have_a_row_for_it() -> None:
    alone = make_evaluation()
    assert not alone.joint
    together = replace(alone, errors_mm=alone.errors_mm / 2)
    assert together.joint
    stages = together.stages()
    assert list(stages.index) == ["global", "local 1", "together"]
    assert stages["mean_mm"].tolist() == pytest.approx([3.0, 2.0, 1.0])
    assert list(error_series(together, None))[:3] == ["after global", "after local 1", together.model]


def test_arrays_of_another_shape_are_refused_and_none_can_be_changed() -> None:
    by_hand = make_evaluation()
    with pytest.raises(ValueError, match="read-only"):
        by_hand.errors_mm[0, 0] = 0.0
    parts = vars(by_hand) | {"found": np.ones((3, 3), bool)}
    with pytest.raises(ValueError, match="found has shape"):
        Evaluation(**parts)


def test_outliers_are_far_unusual_missed_or_made_up() -> None:
    by_hand = make_evaluation()
    parts = vars(by_hand) | {"found": np.array([[True, True], [True, False], [True, True]])}
    parts["errors_mm"] = np.array([[1.0, 3.0], [2.0, NAN], [9.0, NAN]])
    table = Evaluation(**parts).outliers(3.0)
    assert list(table.columns) == ["case", "landmark", "error_mm", "radius_mm", "presence", "why"]
    assert table["why"].tolist() == ["there, not found", "found, not there", "≥ 3 mm", "≥ 3 mm"]
    assert table["case"].tolist() == ["b", "c", "c", "a"]
    assert table["error_mm"].tolist()[2:] == [9.0, 3.0]
    assert table.loc[3, ["radius_mm", "presence"]].tolist() == [2.0, 0.8]


def test_an_error_unlike_the_others_of_its_landmark_is_an_outlier_however_small() -> None:
    errors = np.array([[0.1], [0.1], [0.2], [0.2], [0.9]])
    whole = np.ones((5, 1), bool)
    evaluation = Evaluation(
        "m", "", tuple("abcde"), ("left",), errors, whole, whole, np.empty((0, 5, 1)), errors, np.full(5, NAN)
    )
    assert evaluation.outliers(5.0)[["case", "why"]].to_numpy().tolist() == [["e", "unusual for the landmark"]]
    assert evaluation.outliers(0.5)["why"].tolist() == ["≥ 0.5 mm, unusual for the landmark"]


def test_files_of_one_observer_know_no_stages_times_or_radii() -> None:
    bare = make_bare_evaluation()
    assert (bare.calibrated, bare.observed_twice, len(bare.stages())) == (False, False, 0)
    parts = {key: value for key, value in vars(bare).items() if key not in ("radius_mm", "presence")}
    assert np.isnan(Evaluation(**parts).radius_mm).all()
    assert Evaluation(**parts).presence.shape == (3, 2)


def test_cephalograms_are_classified_by_the_measures_of_the_challenge(tmp_path: Path) -> None:
    names = read_scheme("cephalometric-19").names
    points_mm = np.random.default_rng(4).uniform(2, 14, (len(names), 2))
    image_path = write_tiny_image(tmp_path / "film.png")
    case = Case("film", image_path, Landmarks(names, points_mm), spacing_mm=0.5)
    image = read_case_image(case)
    write_landmarks(case.landmarks, tmp_path / "film.csv", image=image)
    evaluation = evaluate_csv_folder(tmp_path, [case])
    assert evaluation.measures()["rate_percent"].tolist() == [100.0] * 9
    assert list(evaluation.measures().columns) == ["rate_percent"], "there is one observer"
    twice = replace(case, observers=(case.landmarks, case.landmarks.without_point("Nasion")))
    rates = evaluate_csv_folder(tmp_path, [twice]).measures()["observers_percent"]
    assert (rates["ANB"], rates["MW"]) == (0.0, 100.0)


def test_other_landmarks_are_not_classified(model: Model, cases: tuple[Case, ...]) -> None:
    assert evaluate(model, cases, device="cpu").measures().empty
