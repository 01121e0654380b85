"""One table of all cases, read back by pandas and pyarrow."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.base.errors import LandmarkFileError
from core.landmark_files.collection_file import write_collection
from core.values.landmarks import Landmarks
from tests.support.collection_fixtures import NAMES, flat_cases, volume_cases


@pytest.fixture(params=["wide-csv", "wide-parquet"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> pd.DataFrame:
    path = tmp_path / "out"
    if request.param == "wide-parquet":
        pytest.importorskip("pyarrow", reason="Parquet is an extra")
    write_collection(flat_cases(), path, request.param)
    if request.param == "wide-csv":
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    return pd.read_parquet(path, engine="pyarrow")


def test_each_case_is_a_line_with_everything_that_is_known(table: pd.DataFrame) -> None:
    assert list(table["image"]) == ["a.png", "b.jpg"]
    assert list(table["unit"]) == ["mm", "px"]
    assert table["group"][0] == "woman one"
    assert table["reader"][0] == "Ann Marie Lee"
    found, placed = (case.landmarks for case in flat_cases())
    for row, landmarks in enumerate((found, placed)):
        for index, name in enumerate(NAMES):
            point = table.loc[row, [f"{name}_x", f"{name}_y"]].astype(float)
            np.testing.assert_allclose(point, landmarks.points_mm[index], atol=5.1e-3 if row else 5.1e-4)
            assert table.loc[row, f"{name}_status"] == landmarks.status[index]
    assert table["sella_author"][0] == "model"
    np.testing.assert_allclose(table["sella_presence"].astype(float), [0.9, np.nan], atol=1e-4)
    np.testing.assert_allclose(table["sella_radius"].astype(float), [1.25, np.nan])
    assert "sella_z" not in table


def test_readers_of_one_image_have_a_line_each_and_volumes_a_z(tmp_path: Path) -> None:
    first = replace(volume_cases()[0], reader="Ann")
    second = replace(first, reader="Bo", landmarks=Landmarks(("gonion",), [[1, 2, 3]]))
    write_collection([first, second, flat_cases()[0]], tmp_path / "out.csv", "wide-csv")
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table["reader"]) == ["Ann", "Bo", "Ann Marie Lee"]
    assert list(table["image"]) == ["volume.nii.gz", "volume.nii.gz", "a.png"]
    assert list(table["gonion_z"].isna()) == [True, False, True]
    assert list(table["sella_status"]) == ["placed", "unplaced", "predicted"]


def test_a_name_with_a_comma_or_a_quotation_mark_is_one_column(tmp_path: Path) -> None:
    case = replace(volume_cases()[0], landmarks=Landmarks(('a, "b"', "a_x"), [[1, 2, 3], [4, 5, 6]]))
    write_collection([case], tmp_path / "out.csv", "wide-csv")
    table = pd.read_csv(tmp_path / "out.csv")
    assert table['a, "b"_y'][0] == 2
    assert table["a_x_x"][0] == 4


def test_a_missing_pyarrow_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(LandmarkFileError, match="pyarrow") as caught:
        write_collection(flat_cases(), tmp_path / "out.parquet", "wide-parquet")
    assert "pip install" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
