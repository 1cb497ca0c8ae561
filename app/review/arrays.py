"""Arrays inside a reply of the reader: `{"dtype": "<f8", "shape": [n, 3], "data": bytes}`, C order.

The reader packs, the window unpacks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from app.core.errors import WireError


def pack(array: np.ndarray) -> dict[str, Any]:
    """Return an array as something msgpack can carry."""
    array = np.ascontiguousarray(array)
    return {"dtype": array.dtype.str, "shape": list(array.shape), "data": array.tobytes()}


def unpack(packed: dict[str, Any]) -> np.ndarray:
    """Return the array, read-only, on the bytes themselves.

    Raises:
        WireError: If type, shape and bytes do not agree.
    """
    try:
        dtype = np.dtype(packed["dtype"])
        if dtype.kind not in "biuf":
            raise ValueError(f"type {dtype} is refused")
        return np.frombuffer(packed["data"], dtype=dtype).reshape([int(n) for n in packed["shape"]])
    except (KeyError, TypeError, ValueError) as error:
        raise WireError("array in a reply", f"type, shape and bytes do not agree ({error})") from error
