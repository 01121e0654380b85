from dataclasses import replace
from pathlib import Path

import pytest

from app.views.framing import Framing

FRAMING = Framing(Path("a.png"), (60, 80), (0.1, 0.1), (1.0, 0.0))


@pytest.mark.parametrize(
    ("change", "serves"),
    [
        ({"path": Path("b.png")}, True),
        ({"path": Path("b.png"), "pixel_size_mm": (0.10002, 0.10002)}, True),
        ({"path": Path("b.png"), "pixel_size_mm": (0.2, 0.2)}, False),
        ({"path": Path("b.png"), "size_px": (60, 81)}, False),
        ({"pixel_size_mm": (0.2, 0.2)}, True),
        ({"pixel_size_mm": (0.2, 0.1)}, False),
        ({"right": (-1.0, 0.0)}, False),
        ({"path": Path("b.png"), "right": (0.999, 0.04)}, True),
    ],
)
def test_the_next_image_is_looked_at_in_the_same_way_where_that_has_a_meaning(change, serves):
    assert FRAMING.serves(replace(FRAMING, **change)) is serves


def test_limits_leave_room_for_the_whole_slice_in_a_view_of_any_shape():
    limits = replace(FRAMING, pixel_size_mm=(0.2, 0.1)).limits_px()
    assert limits["maxXRange"] == pytest.approx(600)
    assert limits["maxYRange"] == pytest.approx(1200)
    assert limits["xMin"] < 0
    assert limits["xMax"] > 60
