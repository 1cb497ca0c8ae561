"""The bytes of every message, literally: whoever changes them changes the schema version, and then this table.

`golden.json` was written once from `golden.py`; it is never written by a test. What `describe` answers is maps, not
arrays: a field with a default may be added to them without another version, and what was written before still decodes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.core.errors import WireError
from app.core.wire import messages
from app.core.wire.codec import decode, encode
from app.core.wire.messages import SCHEMA_VERSION
from tests.app.core.golden import MESSAGES

CHANGED = "the wire changed; raise SCHEMA_VERSION, and say so in protocols.md"
MAPS = ("CameraInfo", "ServerInfo", "StreamSpec", "TouchInfo")
VERSIONED = [name for name in sorted(MESSAGES) if isinstance(getattr(MESSAGES[name], "version", ""), int)]
TABLE: dict[str, Any] = json.loads((Path(__file__).parent / "golden.json").read_text())


def test_the_table_is_of_this_schema_and_names_every_kind() -> None:
    assert TABLE["schema_version"] == SCHEMA_VERSION
    kinds = {
        kind.__name__
        for kind in vars(messages).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind is not msgspec.Struct
    }
    assert {name.split()[0] for name in MESSAGES} >= kinds
    assert set(TABLE["messages"]) == set(MESSAGES)


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_has_exactly_these_bytes_and_they_mean_it(name: str) -> None:
    literal = bytes.fromhex(TABLE["messages"][name])
    message = MESSAGES[name]
    if name in MAPS:
        now, then = msgspec.msgpack.decode(encode(message)), msgspec.msgpack.decode(literal)
        assert then == {key: now[key] for key in then}, f"{name}: {CHANGED}"
    else:
        assert encode(message) == literal, f"{name}: {CHANGED}"
    assert decode(type(message), literal) == message


@pytest.mark.parametrize("name", VERSIONED)
def test_another_schema_version_is_refused_by_name(name: str) -> None:
    literal = bytearray.fromhex(TABLE["messages"][name])
    assert literal[1] == SCHEMA_VERSION  # the first element of every array
    literal[1] = SCHEMA_VERSION + 1
    with pytest.raises(WireError, match=f"schema version {SCHEMA_VERSION + 1}"):
        decode(type(MESSAGES[name]), bytes(literal))
