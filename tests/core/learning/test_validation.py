"""What a training asks its validation cases."""

import torch

from core.learning.validation import auto_crop


def test_crops_are_chosen_from_validation_errors() -> None:
    errors = torch.zeros(10, 4, 2)
    assert auto_crop(errors, 4, 0.99) == 32  # at least eight patches
    errors[..., 0] = 20.0
    assert auto_crop(errors, 4, 0.99) == 52  # 2 × 1.25 × 20 + 1, rounded up to patches
    errors[0, 0, 0] = 500.0
    assert auto_crop(errors, 4, 0.9) == 52
    errors[0, 0] = torch.nan
    assert auto_crop(errors, 4, 0.99) == 52
