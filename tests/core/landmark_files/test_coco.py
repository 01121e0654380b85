"""COCO's keypoints, against COCO's own annotations and a file that datumaro 1.13.12 has written; and bad ones.

pycocotools 2 and datumaro read what `write_coco` writes: tried by hand, since neither is among the packages of the project.
"""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseImage
from core.landmark_files.collection_file import open_collection, write_collection
from core.landmark_files.file import read_landmark_file
from core.landmark_files.formats import format_to_read
from core.values.grid import Grid
from core.values.landmarks import Status
from tests.support.collection_fixtures import SCALED, flat_cases, read_collection, refused_collection
from tests.support.landmark_fixtures import make_image, refused

# Annotation 183126 of person_keypoints_val2014.json, shortened; the form is described at cocodataset.org, Data format.
SIDES = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
PERSON = ["nose", "left_eye", "right_eye", "left_ear", "right_ear"]
PERSON += [f"{side}_{joint}" for joint in SIDES for side in ("left", "right")]
KEYPOINTS = [0] * 15 + [
    142,
    309,
    1,
    177,
    320,
    2,
    191,
    398,
    2,
    237,
    317,
    2,
    233,
    426,
    2,
    306,
    233,
    2,
    92,
    452,
    2,
    123,
    468,
    2,
]
KEYPOINTS += [0, 0, 0, 251, 469, 2, 0, 0, 0, 162, 551, 2]
COCO: dict[str, Any] = {
    "info": {"description": "This is stable 1.0 version of the 2014 MS COCO dataset.", "year": 2014},
    "images": [
        {"license": 3, "file_name": "COCO_val2014_000000425226.jpg", "height": 640, "width": 480, "id": 425226},
        {"license": 3, "file_name": "COCO_val2014_000000391895.jpg", "height": 360, "width": 640, "id": 391895},
    ],
    "licenses": [{"url": "http://creativecommons.org/licenses/by-nc-sa/2.0/", "id": 1, "name": "…"}],
    "annotations": [
        {
            "segmentation": [[125.12, 539.69, 140.94, 522.43]],
            "num_keypoints": 10,
            "area": 47803.27955,
            "iscrowd": 0,
            "keypoints": KEYPOINTS,
            "image_id": 425226,
            "bbox": [73.35, 206.02, 300.58, 372.5],
            "category_id": 1,
            "id": 183126,
        },
        {"keypoints": [0] * 51, "num_keypoints": 0, "image_id": 391895, "category_id": 1, "id": 2},
        {"segmentation": [[1, 2, 3, 4]], "bbox": [1, 2, 3, 4], "image_id": 391895, "category_id": 1, "id": 3},
    ],
    "categories": [
        {"supercategory": "person", "id": 1, "name": "person", "keypoints": PERSON, "skeleton": [[16, 14], [14, 12]]}
    ],
}
# What datumaro makes of a set with a category "face", exported as coco_person_keypoints.
DATUMARO = (
    '{"licenses":[{"name":"","id":0,"url":""}],"info":{"contributor":"","date_created":"","description":"","url":"",'
    '"version":"","year":""},"categories":[{"id":1,"name":"face","supercategory":"","keypoints":["nose","chin"],"skeleton":'
    '[[0,1]]},{"id":2,"name":"nose","supercategory":"face","keypoints":[],"skeleton":[]},{"id":3,"name":"chin","supercategory":'
    '"face","keypoints":[],"skeleton":[]}],"images":[{"id":1,"width":20,"height":24,"file_name":"p/one.jpg","license":0,'
    '"flickr_url":"","coco_url":"","date_captured":0},{"id":2,"width":20,"height":24,"file_name":"two.jpg","license":0,'
    '"flickr_url":"","coco_url":"","date_captured":0}],"annotations":[{"id":5,"image_id":1,"category_id":1,"segmentation":[],'
    '"area":27.625,"bbox":[3.5,7.0,6.5,4.25],"iscrowd":0,"keypoints":[3.5,7.0,2,10.0,11.25,1],"num_keypoints":2},{"id":6,'
    '"image_id":2,"category_id":1,"segmentation":[],"area":1.0,"bbox":[3.0,7.0,1.0,1.0],"iscrowd":0,"keypoints":'
    '[3.0,7.0,2,0.0,0.0,0],"num_keypoints":1}]}'
)
PORTRAIT = make_image(Grid.from_spacing((640, 480)), name="COCO_val2014_000000425226.jpg", spacing_known=False)


def written(path: Path, document: Any) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def test_cocos_own_annotation_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "person_keypoints_val2014.json", COCO)
    collection = open_collection(path)
    assert collection.image_names == ("COCO_val2014_000000425226.jpg",)  # of the other nothing is labelled
    landmarks = read_collection(path, [CaseImage.of(PORTRAIT)]).cases[0].landmarks
    assert landmarks.names == tuple(PERSON)
    assert landmarks.located.sum() == 10
    np.testing.assert_array_equal(landmarks.point_mm("left_shoulder"), [142, 309])  # hidden, but labelled
    np.testing.assert_array_equal(landmarks.point_mm("right_ankle"), [162, 551])
    assert landmarks.status[PERSON.index("nose")] is Status.ABSENT


def test_datumaros_file_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "person_keypoints_train.json", DATUMARO)
    image = CaseImage("pictures/p/one.jpg", SCALED.grid, SCALED.source)
    read = read_collection(path, [image], names=["chin", "nose"])
    np.testing.assert_allclose(read.cases[0].landmarks.points_mm, [[1.0, 2.25], [0.35, 1.4]])
    assert read.without_image == ("two.jpg",)


def test_one_image_is_read_from_it(tmp_path: Path) -> None:
    path = written(tmp_path / "all.json", COCO)
    assert format_to_read(path, path.read_text()).title == "COCO keypoints"
    file = read_landmark_file(path, image=PORTRAIT)
    np.testing.assert_array_equal(file.landmarks.point_mm("left_shoulder"), [142, 309])
    assert file.image_name == "COCO_val2014_000000425226.jpg"
    refused(path, "not known here", "nose", image=PORTRAIT, names=["sella"])
    path = written(tmp_path / "two.json", DATUMARO)
    refused(path, "no landmarks of COCO_val2014", "one.jpg", image=PORTRAIT)
    refused(path, "2 images")


def test_what_is_written_has_what_the_definition_asks_for(tmp_path: Path) -> None:
    write_collection(flat_cases(), tmp_path / "out.json", "coco")
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert set(document) == {"info", "licenses", "images", "annotations", "categories"}
    first = document["annotations"][0]
    assert first["keypoints"] == [7.5, 3.25, 2, 0.0, 20.0, 2, 0, 0, 0]
    assert first["num_keypoints"] == 2
    assert first["bbox"] == [0.0, 3.25, 7.5, 16.75]
    assert document["images"][1] == {"id": 2, "file_name": "b.jpg", "width": 40, "height": 48}
    assert document["categories"][0]["keypoints"] == ["sella", "nasion", "menton"]


def test_another_category_is_refused_by_its_name(tmp_path: Path) -> None:
    path = written(tmp_path / "coco.json", COCO)
    error = refused_collection(path, [CaseImage.of(PORTRAIT)], "coco.json", "category person", "nose", names=["sella"])
    assert "sella" in error.hint


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "coco.json", COCO)
    smaller = CaseImage(PORTRAIT.source.path.name, Grid.from_spacing((320, 240)), PORTRAIT.source)
    refused_collection(path, [smaller], "480 x 640", "240 x 320", "annotation 1")


def changed(*where: Any, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(COCO)
    place: Any = document
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    return document


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (changed("annotations", 0, "keypoints", value=KEYPOINTS[:-1]), ("annotation 1", "three numbers", "17")),
        (changed("annotations", 0, "keypoints", 17, value=3), ("annotation 1", "left_shoulder")),
        (changed("annotations", 0, "keypoints", 15, value="142"), ("annotation 1", "left_shoulder")),
        (changed("annotations", 0, "keypoints", 15, value=10**400), ("annotation 1",)),
        (changed("annotations", 0, "image_id", value=7), ("annotation 1", "image")),
        (changed("annotations", 0, "category_id", value=[1]), ("annotation 1", "category")),
        (changed("annotations", 1, value=COCO["annotations"][0]), ("annotation 2", "second set")),
        (changed("annotations", value={}), ("annotations",)),
        (changed("images", 1, "id", value=425226), ("images", "id")),
        (changed("categories", 0, "keypoints", value=None), ("category person", "does not name")),
        (changed("categories", 0, "keypoints", value=["a", "a"]), ("several points called a",)),
        (json.dumps(COCO)[:600], ("not valid JSON", "line 1")),
        (json.dumps(COCO).replace("142, 309", "NaN, 309"), ("NaN",)),
        (json.dumps(COCO).replace('"num_keypoints": 10', '"keypoints": []'), ("keypoints twice",)),
        ('{"annotations": ' + '{"keypoints": ' * 100_000 + '"categories"', ("nested",)),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, document: Any, words: tuple[str, ...]) -> None:
    path = written(tmp_path / "coco.json", document)
    with pytest.raises(LandmarkFileError) as caught:
        read_collection(path, [CaseImage.of(PORTRAIT)], key="coco")
    assert caught.value.hint
    for word in ("coco.json", *words):
        assert word in caught.value.message
