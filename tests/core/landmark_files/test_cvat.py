"""CVAT for images 1.1, against its documented form and a file that datumaro 1.13.12 has written; and hostile XML."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.landmark_files.collection import CaseImage
from core.landmark_files.collection_file import write_collection
from core.landmark_files.file import read_landmark_file
from core.values.landmarks import Landmarks, Status
from tests.support.collection_fixtures import SCALED, UNSCALED, flat_cases, read_collection, refused_collection
from tests.support.landmark_fixtures import FLAT, make_image, refused

# After docs.cvat.ai, XML annotation format, version 1.1, annotation mode: a skeleton, a point with attributes, and a box.
CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>4</id>
      <name>skulls</name>
      <size>2</size>
      <mode>annotation</mode>
      <labels>
        <label><name>skull</name><color>#b83df5</color><type>skeleton</type><attributes></attributes>
          <svg>&lt;line x1="36" y1="36" x2="59" y2="74"/&gt;</svg></label>
        <label><name>sella</name><type>points</type><attributes></attributes><parent>skull</parent></label>
      </labels>
    </task>
    <dumped>2024-05-30 10:00:00.000000+00:00</dumped>
  </meta>
  <image id="0" name="folder/a.png" width="20" height="24">
    <skeleton label="skull" source="manual" z_order="0">
      <points label="sella" source="manual" outside="0" occluded="0" points="8.00,3.75">
      </points>
      <points label="nasion" source="manual" outside="0" occluded="1" points="0.50,20.50">
      </points>
      <points label="menton" source="manual" outside="1" occluded="0" points="4.00,4.00">
      </points>
    </skeleton>
    <box label="head" source="manual" occluded="0" xtl="1.00" ytl="2.00" xbr="3.00" ybr="4.00" z_order="0">
    </box>
  </image>
  <image id="1" name="b.jpg" width="40" height="48">
    <points label="sella" source="manual" occluded="0" points="31.00,40.62" z_order="0">
      <attribute name="sure">no</attribute>
    </points>
    <points label="cusp" source="manual" occluded="0" points="1.5,2.5;3.5,4.5" z_order="0"></points>
  </image>
  <image id="2" name="c.jpg" width="40" height="48">
  </image>
</annotations>
"""
DATUMARO = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id></id>
      <name>default</name>
      <z_order>True</z_order>
      <labels>
        <label>
          <name>nose</name>
          <attributes>
          </attributes>
        </label>
      </labels>
    </task>
  </meta>
  <image id="0" name="one.jpg" width="20" height="24">
    <points label="nose" occluded="0" outside="0" keyframe="0" points="3.50,7.00" z_order="0">
    </points>
    <points label="chin" occluded="1" outside="0" keyframe="0" points="10.00,11.25" z_order="0">
    </points>
  </image>
</annotations>"""


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_points_and_skeletons_are_read_from_the_corner_of_the_first_pixel(tmp_path: Path) -> None:
    path = written(tmp_path / "annotations.xml", CVAT)
    first, second = read_collection(path, [SCALED, UNSCALED]).cases
    np.testing.assert_allclose(first.landmarks.points_mm[:2], [[0.75, 0.65], [0, 4]])
    assert first.landmarks.names[:3] == ("sella", "nasion", "menton")
    assert first.landmarks.status[:3] == (Status.PLACED, Status.PLACED, Status.ABSENT)
    assert second.landmarks.status[1:3] == (Status.UNPLACED,) * 2
    np.testing.assert_allclose(second.landmarks.point_mm("sella"), [30.5, 40.12])
    np.testing.assert_allclose(second.landmarks.point_mm("cusp 1"), [1, 2])
    np.testing.assert_allclose(second.landmarks.point_mm("cusp 2"), [3, 4])


def test_datumaros_file_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "default.xml", DATUMARO)
    case = read_collection(path, [CaseImage("one.jpg", SCALED.grid, SCALED.source)]).cases[0]
    np.testing.assert_allclose(case.landmarks.points_mm, [[0.3, 1.3], [0.95, 2.15]])


def test_one_image_is_read_from_it(tmp_path: Path) -> None:
    path = written(tmp_path / "annotations.xml", CVAT)
    image = make_image(FLAT.grid, name="a.png")
    assert read_landmark_file(path, image=image).landmarks.names == ("sella", "nasion", "menton")
    refused(path, "no landmarks of scan.png", "b.jpg", image=FLAT)


def test_a_landmark_may_be_called_as_the_skeleton_is_and_have_any_letters(tmp_path: Path) -> None:
    case = replace(flat_cases()[1], landmarks=Landmarks(("landmarks", '<ü & "x">'), [[1, 2], [3, 4]]))
    write_collection([case], tmp_path / "out.xml", "cvat")
    again = read_collection(tmp_path / "out.xml", [UNSCALED]).cases[0].landmarks
    assert again.names == case.landmarks.names
    np.testing.assert_allclose(again.points_mm, case.landmarks.points_mm)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><annotations><image name="&l9;"/></annotations>', ("entities",)),
        ('<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><annotations/>', ("entities",)),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotations>&x;</annotations>', ("entities",)),
        (CVAT[:1200], ("not valid XML", "line")),
        ("<annotation/>", ("no annotations",)),
        ('<annotations><track id="0" label="sella"/></annotations>', ("video",)),
        ("<annotations/>", ("no landmarks",)),
        (CVAT.replace('points="8.00,3.75"', 'points="8.00"'), ("folder/a.png (sella)", "x,y")),
        (CVAT.replace('points="8.00,3.75"', 'points="nan,3.75"'), ("sella", "nan")),
        (CVAT.replace('points="8.00,3.75"', 'points="1e999,3.75"'), ("sella", "1e999")),
        (CVAT.replace('label="nasion"', 'label="sella"'), ("folder/a.png", "several points called sella")),
        (CVAT.replace('label="nasion"', 'label=""'), ("folder/a.png", "label")),
        (CVAT.replace('width="20"', 'width="21"'), ("folder/a.png", "21 x 24", "20 x 24")),
    ],
)
def test_a_hostile_or_damaged_file_is_refused(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    path = written(tmp_path / "annotations.xml", text)
    refused_collection(path, [SCALED, UNSCALED], "annotations.xml", *words, key="cvat")
