"""The options of a device as they stand in a rig file, checked. Used by the devices that a rig names as a whole."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from app.core.errors import RigError

T = TypeVar("T", bound=msgspec.Struct)


def read_options(rig: str, options: dict[str, Any], kind: type[T]) -> T:
    """Return options of a rig as a `kind`.

    Raises:
        RigError: An option is unknown or of the wrong type; the valid ones are named.
    """
    try:
        return msgspec.convert(options, kind)
    except msgspec.ValidationError as error:
        raise RigError(
            f"rig {rig!r}", f"its device options are wrong: {error}", options=kind.__struct_fields__
        ) from error
