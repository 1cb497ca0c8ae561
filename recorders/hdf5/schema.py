"""The layout of an episode file, in one place for writer, verifier and reader.

```
/                                   attributes: see `EPISODE_ATTRIBUTES`
/streams/<device>/<signal>          attributes: spec (StreamSpec as JSON), dropped
    t_ns           int64 (n,)       session clock
    t_device_ns    int64 (n,)       the device's own clock
    t_receive_ns   int64 (n,)       when the recorder got it, session clock
    seq            int64 (n,)       the device's count; a gap is a lost sample
    data           raw: (n, *shape); pictures: uint8 (bytes,), one after the other
    offsets        pictures only: int64 (n+1,), picture i is data[offsets[i]:offsets[i+1]]
```
Every data set is chunked, has Fletcher32 and the attribute `digest` (BLAKE2b-128 of its bytes). No variable-length
types, no compression, no links but hard ones: a flipped byte is seen, and no file can point outside itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

FORMAT = "touchstone-episode"
SCHEMA_VERSION = 1
LIBVER = ("v110", "v110")  # checksums on the metadata too; readable by HDF5 1.10 and later
STREAMS = "streams"
TIME_COLUMNS = ("t_ns", "t_device_ns", "t_receive_ns", "seq")
DATA, OFFSETS, DIGEST = "data", "offsets", "digest"
CHUNK_BYTES = 256 * 1024

# name: kind. json = text that holds JSON; the others as they say. Those marked ? are absent when unknown.
EPISODE_ATTRIBUTES: dict[str, str] = {
    "format": "text",
    "schema_version": "int",
    "uuid": "text",
    "created": "text",
    "software": "text",
    "task": "text",
    "instruction": "text",
    "outcome": "text",
    "operator": "text",
    "condition": "text",
    "seed": "int?",
    "score": "float?",
    "peak_force_n": "float?",
    "start_ns": "int",
    "end_ns": "int",
    "text": "text",
    "recovered": "bool",
    "tail_bytes_lost": "int",
    "damaged_chunks": "int",
    "dropped": "json",
    "flags": "json?",  # [{topic, kind, start_ns, end_ns, text}]: gaps, stalled and stuck streams
    "rig": "json?",
    "meta": "json",
    "provenance": "json?",
    "second_index": "bool?",  # behind the end of HDF5; see `recorders.hdf5.second_index`
}


def columns_of(encoding: str) -> tuple[str, ...]:
    """Return the names of the data sets of a stream with this encoding."""
    return (*TIME_COLUMNS, DATA) if encoding == "raw" else (*TIME_COLUMNS, DATA, OFFSETS)


def new_digest() -> hashlib.blake2b:
    """Return an empty digest, as every data set has one."""
    return hashlib.blake2b(digest_size=16)


def digest_of(blocks: Iterable[bytes]) -> str:
    """Return the digest of bytes that come in blocks, as 32 hexadecimal digits."""
    digest = new_digest()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
