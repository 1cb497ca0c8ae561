"""One picture as the policy sees it: the one function that data set and running policy share."""

from __future__ import annotations

import numpy as np
import simplejpeg
import torch

from app.core.errors import LearningError

VERSION = 1  # counts up when the same JPEG becomes other numbers


def square(jpeg: bytes, size: int, name: str) -> np.ndarray:
    """Return a JPEG as uint8 RGB (size, size, 3): each pixel the mean of the area that it stands for.

    The areas are rounded to whole pixels outwards. The sides are scaled on their own: a wide picture is squeezed.

    Args:
        name: What is decoded, for the error.

    Raises:
        LearningError: If it is no JPEG.
    """
    try:
        picture = simplejpeg.decode_jpeg(jpeg, colorspace="RGB")
    except ValueError as error:
        raise LearningError(
            f"picture {name}",
            f"it cannot be decoded ({error})",
            way_out="Mark the episode as failed in Review",
        ) from error
    planes = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    small = torch.nn.functional.adaptive_avg_pool2d(planes, (size, size))[0].permute(1, 2, 0)
    return small.round().to(torch.uint8).contiguous().numpy()
