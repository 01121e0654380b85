"""Data sets of phantoms on disk."""

from pathlib import Path

import pytest

from core.base.errors import ConfigError
from training.datasets.phantom import write_phantom_dataset


def test_too_few_images_for_three_splits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too few"):
        write_phantom_dataset(tmp_path, 2, 2)
