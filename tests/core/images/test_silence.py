"""Reading images changes no setting of the whole process: other code's warnings stay heard."""

import subprocess
import sys

from tests.support.dicom_fixtures import SECRET, pixels, write_dicom

PROGRAM = """
import logging, sys, warnings
import pydicom, SimpleITK
from pydicom import config
from pydicom.values import convert_PN

def settings():
    return (
        warnings.filters[:], logging.getLogger("pydicom").level, logging.getLogger("pydicom").filters[:],
        config.settings.reading_validation_mode, SimpleITK.ProcessObject.GetGlobalWarningDisplay(),
    )

before = settings()
import core.images.file, core.models.bundled, core.landmark_files.file
assert settings() == before, "importing"
image = core.images.file.read_image(sys.argv[1])
assert settings() == before, "reading"
assert image.voxels.size
"""


def test_importing_core_and_reading_silence_nobody_else_and_say_nothing(tmp_path):
    path = write_dicom(tmp_path / "scan.dcm", pixels(), PatientAge="NOT AN AGE", PixelSpacing=[0.1, 0.1])
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stderr
    assert "NOT AN AGE" not in done.stderr
