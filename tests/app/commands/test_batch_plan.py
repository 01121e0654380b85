"""What a batch writes: no result overwrites another."""

from pathlib import Path

import pytest

from app.commands.batch_plan import plan_files
from core.base.errors import AppError
from core.images.formats import image_name
from core.images.listing import ListedImage


@pytest.mark.parametrize(
    "names",
    [("x/scan.png", "y/scan.png"), ("scan.png", "scan.jpg"), ("scan.png", "SCAN.png"), ("a/s.nii", "b/s.nii.gz")],
)
def test_two_images_of_one_name_are_refused(names):
    images = [ListedImage(Path(name), image_name(Path(name))) for name in names]
    with pytest.raises(AppError) as refusal:
        plan_files(images, Path("out"))
    assert all(str(image) in refusal.value.message for image in images)
