"""labelme's JSON, against an example of labelme's own repository and a file that labelme 6.3.1 has written; and bad ones.

labelme 6.3.1 reads what `write_labelme` writes: tried by hand, since labelme is not among the packages of the project.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.landmark_files.collection import CaseImage
from core.landmark_files.collection_file import write_collection
from core.landmark_files.file import read_landmark_file
from core.landmark_files.formats import format_to_read
from core.values.grid import Grid
from core.values.landmarks import Status
from tests.support.collection_fixtures import (
    NAMES,
    SCALED,
    UNSCALED,
    flat_cases,
    images_of,
    read_collection,
    refused_collection,
)
from tests.support.landmark_fixtures import FLAT, make_image, refused

# examples/primitives/primitives.json of github.com/wkentaro/labelme, without some of its shapes.
PRIMITIVES: dict[str, Any] = {
    "version": "4.0.0",
    "flags": {},
    "shapes": [
        {
            "label": "circle",
            "points": [[195.0, 84.0], [225.0, 125.0]],
            "group_id": None,
            "shape_type": "circle",
            "flags": {},
        },
        {"label": "point", "points": [[345.0, 174.0]], "group_id": None, "shape_type": "point", "flags": {}},
    ],
    "imagePath": "primitives.jpg",
    "imageData": None,
    "imageHeight": 450,
    "imageWidth": 560,
    "lineColor": [0, 255, 0, 128],
    "fillColor": [255, 0, 0, 128],
}
# What labelme makes of our file of the first picture, opened and saved.
SAVED = """{
  "version": "6.3.1",
  "flags": {},
  "shapes": [
    {
      "label": "sella",
      "points": [
        [
          8.0,
          3.75
        ]
      ],
      "shape_type": "point",
      "flags": {},
      "description": "",
      "group_id": null,
      "mask": null
    }
  ],
  "imagePath": "a.png",
  "imageData": null,
  "imageHeight": 24,
  "imageWidth": 20,
  "cairn": {
    "absent": [
      "menton"
    ]
  }
}"""
PICTURE = make_image(Grid.from_spacing((450, 560)), name="primitives.jpg", spacing_known=False)


def written(path: Path, document: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def test_the_points_of_labelmes_example_are_read_from_the_corner_of_the_first_pixel(tmp_path: Path) -> None:
    path = written(tmp_path / "primitives.json", PRIMITIVES)
    assert format_to_read(path, path.read_text()).title == "labelme"
    file = read_landmark_file(path, image=PICTURE)
    assert file.landmarks.names == ("point",)
    np.testing.assert_array_equal(file.landmarks.points_mm, [[344.5, 173.5]])
    assert "no points" in file.warnings[0]
    assert file.image_name == "primitives.jpg"
    case = read_collection(tmp_path, [CaseImage.of(PICTURE)]).cases[0]
    np.testing.assert_array_equal(case.landmarks.points_mm, [[344.5, 173.5]])


def test_what_labelme_saved_again_still_says_what_is_absent(tmp_path: Path) -> None:
    written(tmp_path / "a.json", SAVED)
    landmarks = read_collection(tmp_path, [SCALED], names=NAMES).cases[0].landmarks
    np.testing.assert_allclose(landmarks.points_mm[0], [0.75, 0.65])
    assert landmarks.status == (Status.PLACED, Status.UNPLACED, Status.ABSENT)


def test_a_file_has_what_labelme_asks_for_and_no_pixels(tmp_path: Path) -> None:
    write_collection(flat_cases(), tmp_path / "out", "labelme")
    document = json.loads((tmp_path / "out" / "b.json").read_text(encoding="utf-8"))
    assert document["imageData"] is None
    assert (document["imageHeight"], document["imageWidth"], document["imagePath"]) == (48, 40, "b.jpg")
    assert [shape["label"] for shape in document["shapes"]] == ["sella", "menton"]
    assert document["shapes"][0]["points"] == [[31.0, 40.62]]
    assert {"label", "points", "group_id", "shape_type", "flags"} <= set(document["shapes"][0])
    assert "cairn" not in document


def test_other_json_files_in_a_folder_are_passed_over_but_not_a_damaged_one(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_collection(flat_cases(), folder, "labelme")
    written(folder / "notes.json", {"a": 1})
    assert len(read_collection(folder, images_of(flat_cases())).cases) == 2
    written(folder / "b.json", (folder / "b.json").read_text()[:120])
    refused_collection(folder, [SCALED, UNSCALED], "b.json", "not valid JSON")


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"points": [[1, 2], [3, 4]]}, ("shape 1", "position")),
        ({"points": [[1, float("inf")]]}, ("Infinity",)),
        ({"points": [["1", 2]]}, ("shape 1", "position")),
        ({"points": None}, ("shape 1", "position")),
        ({"label": ""}, ("shape 1", "label")),
        ({"label": 7}, ("shape 1", "label")),
        ({"label": "circle", "again": True}, ("several points called circle",)),
    ],
)
def test_a_wrong_point_is_refused(tmp_path: Path, shape: dict[str, Any], words: tuple[str, ...]) -> None:
    point = {"label": "a", "points": [[1, 2]], "shape_type": "point"} | shape
    shapes = [point, point] if point.pop("again", False) else [point]
    refused(written(tmp_path / "a.json", PRIMITIVES | {"shapes": shapes}), *words, image=PICTURE)


def test_a_file_of_another_picture_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "primitives.json", PRIMITIVES)
    refused(path, "560 x 450", "20 x 24", image=FLAT)
    refused(written(tmp_path / "a.json", PRIMITIVES | {"shapes": 3}), "shapes", image=PICTURE)
