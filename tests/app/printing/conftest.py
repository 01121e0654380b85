"""A report of an image with four landmarks, and the analysis that measures them."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from app.printing.content import ModelSaid, ReportSubject, pixel_size_of
from app.printing.image_pictures import PlainNames
from core.measuring.file import read_analysis
from core.measuring.measure import measure
from core.values.landmarks import Status
from tests.support.measuring_fixtures import write_own
from tests.support.viewer_fixtures import make_image, make_prediction

SHORT = {"Sella": "S", "Nasion": "N", "Menton": "Me", "Gonion": "Go"}


@pytest.fixture(autouse=True)
def _application(qapp):
    """Fonts need one."""


@pytest.fixture
def image():
    return make_image((80, 60), 0.5, spacing_known=True)


@pytest.fixture
def landmarks(image):
    found = make_prediction(image).landmarks
    return replace(found, radius_mm=np.full(4, 0.5, np.float32)).with_status("Gonion", Status.CONFIRMED)


@pytest.fixture
def names():
    return PlainNames("mm", SHORT, {name: f"{name} ({short})" for name, short in SHORT.items()})


@pytest.fixture
def analysis(tmp_path):
    return read_analysis(write_own(tmp_path))


@pytest.fixture
def subject(image, landmarks, names, analysis):
    return ReportSubject(
        analysis,
        measure(analysis, landmarks),
        landmarks,
        names.display_name,
        pixel_size_of(image.grid),
        image.source.spacing_source,
        "scan.png",
        "Käthe Müller",
        ModelSaid("Test model 1"),
        date(2026, 11, 8),
    )
