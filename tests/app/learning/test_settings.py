"""Settings as a person reads them: each of a chunk policy's own fields says what it is."""

from __future__ import annotations

import msgspec
import pytest

from app.learning.config import DiffusionConfig, FlowConfig, NetworkConfig, StreamingConfig, TouchConfig


@pytest.mark.parametrize("kind", [DiffusionConfig, FlowConfig, StreamingConfig, NetworkConfig, TouchConfig])
def test_every_field_has_help(kind: type[msgspec.Struct]) -> None:
    (described,) = (
        value for name, value in msgspec.json.schema(kind)["$defs"].items() if name == kind.__name__
    )
    for name, about in described["properties"].items():
        if "$ref" not in about and "allOf" not in about and "anyOf" not in about:
            assert about["description"].endswith("."), name
