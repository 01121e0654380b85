"""``cairn project`` on the public data sets: figures that were worked out without it come out again."""

import os
from pathlib import Path

import numpy as np
import pytest

from app.commands.cli import run
from core.project.readings import Reader
from core.project.store import Project

pytestmark = [pytest.mark.realdata, pytest.mark.slow]


def data(name: str) -> Path:
    folder = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")) / name
    if not folder.is_dir():
        pytest.skip(f"the data set {name} is not at {folder}; CAIRN_DATA says where its parent is")
    return folder


def positions_px(path: Path) -> np.ndarray:
    return np.array([[float(part) for part in line.split(",")] for line in path.read_text().split() if "," in line])


def test_two_doctors_disagree_as_their_lists_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, numbers = data("cephalometric"), ("001", "002", "003")
    films = [str(folder / "RawImage" / "TrainingData" / f"{number}.jpg") for number in numbers]
    project = str(tmp_path / "ceph.cairn")
    assert run(["project", "new", project, "--scheme", "cephalometric-19", "--spacing", "0.1", *films]) == 0
    for reader in ("senior", "junior"):
        lists = tmp_path / reader
        lists.mkdir()
        for number in numbers:
            (lists / f"{number}.txt").write_bytes((folder / f"400_{reader}" / f"{number}.txt").read_bytes())
        assert run(["project", "import", project, str(lists), "--reader", reader]) == 0
    assert run(["project", "agreement", project, "--readers", "senior,junior", "--out", str(tmp_path / "out")]) == 0
    expected = np.mean(
        [
            np.linalg.norm(
                positions_px(folder / "400_senior" / f"{number}.txt")
                - positions_px(folder / "400_junior" / f"{number}.txt"),
                axis=1,
            )
            for number in numbers
        ]
    )
    assert f"mean distance {0.1 * expected:.2f} mm" in capsys.readouterr().out


def test_fly_wings_are_a_project_by_their_tps_file_alone(tmp_path: Path) -> None:
    wings = data("fly_wings") / "wings.tps"
    assert run(["project", "new", str(tmp_path / "wings.cairn"), str(wings), "--reader", "Houle"]) == 0
    with Project.open(tmp_path / "wings.cairn") as project:
        assert len(project.case_ids()) == 58
        reading = project.reading(1, Reader("Houle"))
        assert reading is not None
        rows_columns = reading.geometry.grid.to_index(reading.landmarks.points_mm)
        first = [float(part) for part in wings.read_text().splitlines()[1].split()]
        np.testing.assert_allclose(rows_columns[0], [480 - first[1], first[0]], atol=1e-6)
