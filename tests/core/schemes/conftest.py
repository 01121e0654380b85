"""What the tests of schemes share."""

import io

import pytest
from PIL import Image


@pytest.fixture
def png() -> bytes:
    out = io.BytesIO()
    Image.new("L", (4, 3), 128).save(out, "PNG")
    return out.getvalue()
