"""Pictures as PNG and SVG: size, physical size, pixels that are the image's own, text that is text, and no word too much."""

import base64
import io
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image as PilImage
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from app.printing.image_pictures import pictures_of
from app.printing.picture import SlicePicture, flat_sheet, grey_of, panels_sheet
from app.printing.picture_files import png_bytes, svg_bytes, write_picture
from app.session.free_rows import FreeDrawing
from app.views.vector_field_item import field_picture
from core.base.errors import AppError
from core.geometry.planes import SlicePlane
from tests.support.viewer_fixtures import make_image, make_prediction

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"


@pytest.fixture
def picture(image, landmarks, names, analysis):
    return pictures_of(image, landmarks, names, analysis)[0]


def read_png(content):
    return PilImage.open(io.BytesIO(content))


def test_a_png_has_the_pixels_of_the_image_where_nothing_lies_over_them(image):
    bare = SlicePicture(image, SlicePlane(image.grid), (0.0, 255.0))
    drawn = np.asarray(read_png(png_bytes(flat_sheet(bare))).convert("RGB"))
    assert drawn.shape == (80, 60, 3)
    for channel in range(3):
        np.testing.assert_array_equal(drawn[..., channel], image.voxels)


def test_a_larger_png_repeats_them(image):
    bare = SlicePicture(image, SlicePlane(image.grid), (0.0, 255.0))
    drawn = np.asarray(read_png(png_bytes(flat_sheet(bare, 3))).convert("L"))
    np.testing.assert_array_equal(drawn, image.voxels.repeat(3, axis=0).repeat(3, axis=1))


def test_landmarks_are_drawn_where_they_are(image, landmarks, names):
    bare = read_png(png_bytes(flat_sheet(replace(pictures_of(image, landmarks, names)[0], glyphs=()), 8))).convert(
        "RGB"
    )
    full = read_png(png_bytes(flat_sheet(replace(pictures_of(image, landmarks, names)[0], labels=False), 8))).convert(
        "RGB"
    )
    changed = (np.asarray(full).astype(int) - np.asarray(bare)).any(axis=-1)
    for index in image.grid.to_index(landmarks.points_mm):
        row, column = np.round((index + 0.5) * 8 - 0.5).astype(int)
        assert changed[row, column]
    assert changed.mean() < 0.2


def test_the_physical_size_is_in_the_files_where_it_is_known(picture):
    told = read_png(png_bytes(flat_sheet(picture, 2))).info
    assert told["dpi"] == pytest.approx((25.4 / 0.25, 25.4 / 0.25), rel=1e-3)
    root = ET.fromstring(svg_bytes(flat_sheet(picture)))
    assert (root.get("width"), root.get("height")) == ("30mm", "40mm")
    unknown = replace(picture, image=make_image((80, 60)))
    assert "dpi" not in read_png(png_bytes(flat_sheet(unknown))).info
    root = ET.fromstring(svg_bytes(flat_sheet(unknown)))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("60", "80", "0 0 60 80")


def test_pixels_that_are_no_squares_keep_their_proportions(image):
    stretched = image.with_spacing((0.5, 0.25))
    sheet = flat_sheet(SlicePicture(stretched, SlicePlane(stretched.grid), (0.0, 255.0)))
    assert sheet.size_px == (60, 160)
    assert sheet.mm_per_px == 0.25


def test_an_svg_holds_the_image_as_png_and_its_names_as_text_each_once(picture, image):
    root = ET.fromstring(svg_bytes(flat_sheet(picture)))
    found = [element.get(LINK) for element in root.iter(f"{SVG}image")]
    assert len(found) == 1
    assert found[0].startswith("data:image/png;base64,")
    embedded = read_png(base64.b64decode(found[0].partition(",")[2]))
    assert embedded.size == (60, 80)
    texts = ["".join(element.itertext()).strip() for element in root.iter(f"{SVG}text")]
    assert sorted(texts) == ["Go", "Me", "N", "S"]


def test_png_and_svg_show_the_same(picture):
    sheet = flat_sheet(picture, 6)
    renderer = QSvgRenderer(QByteArray(svg_bytes(sheet)))
    assert renderer.isValid()
    drawn = QImage(*sheet.size_px, QImage.Format.Format_RGB32)
    painter = QPainter(drawn)
    renderer.render(painter)
    painter.end()
    rows = np.frombuffer(drawn.constBits(), np.uint8).reshape(drawn.height(), drawn.width(), 4)[..., 2::-1]
    png = np.asarray(read_png(png_bytes(sheet)).convert("RGB"))
    assert np.abs(rows.astype(int) - png).mean() < 6


def test_the_files_say_nothing_but_who_made_them(picture, tmp_path):
    write_picture(flat_sheet(picture), tmp_path / "a.svg")
    write_picture(flat_sheet(picture), tmp_path / "a.png")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert re.findall(r"<title>(.*?)</title>", text) == ["Picture made by Cairn"]
    assert "scan" not in text
    assert set(read_png((tmp_path / "a.png").read_bytes()).info) <= {"dpi", "srgb", "gamma"}


def test_levels_the_wrong_way_round_invert(image):
    grey = grey_of(image.voxels, (0.0, 255.0))
    np.testing.assert_array_equal(grey_of(image.voxels, (255.0, 0.0)), 255 - grey)
    assert grey_of(np.array([[np.nan, np.inf, -np.inf]], np.float32), (0.0, 1.0)).tolist() == [[0, 255, 0]]
    assert grey_of(np.array([[3.0]]), (3.0, 3.0)).tolist() == [[0]]


def test_votes_are_drawn_over_the_image(image, picture):
    field = make_prediction(image).fields[1][0]
    plain = np.asarray(read_png(png_bytes(flat_sheet(replace(picture, glyphs=(), tracing=()), 8))))
    voted = replace(picture, glyphs=(), tracing=(), field=field_picture(field, picture.plane, image.grid))
    drawn = np.asarray(read_png(png_bytes(flat_sheet(voted, 8))))
    assert (drawn != plain).any(axis=-1).mean() > 0.02


def test_what_was_measured_by_hand_is_drawn_with_its_value_as_text(picture):
    drawing = FreeDrawing("1", np.array([[2.0, 30.0], [27.0, 30.0]]), "25.0 mm")
    drawn = replace(picture, glyphs=(), tracing=(), free=(drawing,))
    root = ET.fromstring(svg_bytes(flat_sheet(drawn)))
    assert ["".join(element.itertext()).strip() for element in root.iter(f"{SVG}text")] == ["25.0 mm"]
    with_line = np.asarray(read_png(png_bytes(flat_sheet(drawn, 8)))).astype(int)
    plain = np.asarray(read_png(png_bytes(flat_sheet(replace(drawn, free=()), 8)))).astype(int)
    changed = (with_line != plain).any(axis=-1)
    row = round((30.0 / 0.5 + 0.5) * 8)
    assert changed[row, round(10 / 0.5 * 8) : round(20 / 0.5 * 8)].all()


def test_the_crosshair_has_the_colours_of_the_planes(image):
    dark = SlicePicture(image, SlicePlane(image.grid), (500.0, 501.0), crosshair_px=(30.0, 40.0))
    drawn = np.asarray(read_png(png_bytes(flat_sheet(dark, 16))).convert("RGB")).astype(int)
    middle = drawn.shape[1] * 61 // 120
    vertical = drawn[20, middle - 8 : middle + 8].max(axis=0)  # of the sagittal plane: yellow
    assert vertical[0] > vertical[2] + 60
    assert vertical[1] > vertical[2] + 60


def test_panels_lie_beside_each_other_as_on_the_screen(image):
    bright = SlicePicture(image, SlicePlane(image.grid), (-2.0, -1.0))
    dark = SlicePicture(image, SlicePlane(image.grid), (500.0, 501.0))
    sheet = panels_sheet([((0, 0, 60, 80), bright), ((63, 0, 60, 80), dark)], 246)
    assert sheet.size_px == (246, 160)
    assert sheet.mm_per_px is None
    drawn = np.asarray(read_png(png_bytes(sheet)).convert("L"))
    assert drawn[:, 4:116].min() > 250
    assert drawn[:, 130:].max() < 25


@pytest.mark.parametrize("name", ["a.jpg", "a"])
def test_other_suffixes_are_refused(picture, tmp_path, name):
    with pytest.raises(AppError, match="neither a PNG nor an SVG"):
        write_picture(flat_sheet(picture), tmp_path / name)
    assert not list(tmp_path.glob("a*"))


def test_a_picture_that_no_memory_takes_is_refused(picture, tmp_path):
    with pytest.raises(AppError, match=r"300 million pixels"):
        write_picture(flat_sheet(picture, 250), tmp_path / "a.png")
