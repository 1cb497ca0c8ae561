"""From what was found in a foreign set to streams of an episode. Used by `recorders.exchange.keeping`.

A set of our own export gets its streams back under their own names, the pictures at their own times and without the
repeats that the grid brought; any other set becomes `robot/state`, `robot/action`, `robot/<column>` and
`<camera>/color`, with the row's number over the rate as its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import simplejpeg

from app.core.errors import EpisodeError
from app.core.wire.messages import StreamSpec
from recorders.exchange.about import StreamAbout
from recorders.exchange.gridding import lead_ns
from recorders.exchange.model import Found, Pictures

QUALITY = 95
MAX_PIXELS = 64 * 1024 * 1024
MAX_ROWS = 10_000_000


@dataclass(frozen=True)
class Stream:
    """One stream of an episode to be: samples (n, *shape) of `spec`, or pictures."""

    spec: StreamSpec
    t_ns: np.ndarray
    data: np.ndarray | None
    pictures: Pictures | None = None
    picks: np.ndarray | None = None


def streams_of(found: Found) -> Iterator[Stream]:
    """Yield the streams of an episode.

    Raises:
        EpisodeError: If its parts do not fit each other.
    """
    t_ns = _times(found)
    if found.set_about is not None:
        for about in found.set_about.streams:
            yield _own(found, about, t_ns)
        return
    parts = {"state": found.state, "action": found.action, **found.columns}
    for name, data in parts.items():
        if data is not None:
            yield _foreign(found, name, data, t_ns)
    for name, pictures in found.pictures.items():
        spec = StreamSpec(
            _word(name), "color", "|u1", _shape(found, pictures), found.rate_hz, encoding="jpeg"
        )
        yield Stream(spec, t_ns, None, pictures, np.arange(pictures.count))


def _times(found: Found) -> np.ndarray:
    """Return the time of each row, and check that everything has as many."""
    sizes = {name: len(data) for name, data in found.columns.items()}
    sizes |= {f"camera {name}": pictures.count for name, pictures in found.pictures.items()}
    for name, data in (("state", found.state), ("action", found.action)):
        if data is not None:
            sizes[name] = len(data)
    if not sizes or min(sizes.values()) < 1:
        raise EpisodeError(found.where, "it has no rows")
    rows = next(iter(sizes.values()))
    if odd := [name for name, size in sizes.items() if size != rows]:
        raise EpisodeError(found.where, f"{odd[0]} has {sizes[odd[0]]} rows where {rows} are due")
    if rows > MAX_ROWS:
        raise EpisodeError(found.where, f"it says to have {rows} rows")
    if found.t_ns is None:
        return np.round(np.arange(rows) * (1e9 / found.rate_hz)).astype(np.int64)
    if len(found.t_ns) != rows or np.any(np.diff(found.t_ns) <= 0):
        raise EpisodeError(found.where, "the times of its rows do not rise")
    return found.t_ns


def _own(found: Found, about: StreamAbout, t_ns: np.ndarray) -> Stream:
    spec = about.spec
    if about.part == "picture":
        if about.key not in found.pictures:
            raise EpisodeError(found.where, f"it lacks the pictures of {about.key}")
        pictures = found.pictures[about.key]
        capture = t_ns if pictures.capture_ns is None else pictures.capture_ns
        if len(capture) != len(t_ns) or np.any(np.diff(capture) < 0):
            raise EpisodeError(found.where, f"the times of the pictures of {about.key} do not rise")
        picks = np.concatenate([[0], np.flatnonzero(np.diff(capture)) + 1])
        return Stream(spec, capture[picks], None, pictures, picks)
    whole = {"state": found.state, "action": found.action}.get(about.part)
    data = found.columns.get(about.key) if whole is None else whole[:, about.start : about.stop]
    size = int(np.prod(spec.shape, dtype=np.int64))
    if data is None or data.shape[1:] != (size,):
        raise EpisodeError(found.where, f"{about.key} is not there with {size} values in each row")
    t_ns = t_ns + lead_ns(found.rate_hz) if about.part == "action" else t_ns
    return Stream(spec, t_ns, np.ascontiguousarray(data, np.dtype(spec.dtype)).reshape(-1, *spec.shape))


def _foreign(found: Found, name: str, data: np.ndarray, t_ns: np.ndarray) -> Stream:
    kind = data.dtype if data.dtype.kind in "iuf" and data.dtype.itemsize >= 4 else np.dtype(np.int32)
    kind = np.dtype(np.float32) if data.dtype == np.float16 else kind
    plain = np.ascontiguousarray(data, kind.newbyteorder("<"))
    if plain.dtype.kind == "f" and not np.isfinite(plain).all():
        raise EpisodeError(found.where, f"{name} holds numbers that are not finite")
    labels = found.labels.get(name, ())
    labels = labels if len(labels) == data.shape[1] else ()
    spec = StreamSpec("robot", _word(name), plain.dtype.str, (data.shape[1],), found.rate_hz, labels=labels)
    return Stream(spec, t_ns, plain)


def _word(name: str) -> str:
    """Return a name as the name of a device or a signal."""
    word = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")[:60]
    return word or "unnamed"


def _shape(found: Found, pictures: Pictures) -> tuple[int, int, int]:
    first = pictures.read(0)
    if isinstance(first, bytes):
        height, width = _header(first, found.where)
        return (height, width, 3)
    return (first.shape[0], first.shape[1], 3)


def jpeg_of(picture: bytes | np.ndarray, where: str) -> bytes:
    """Return a picture as JPEG: one that is JPEG already as it is, after a look at its size.

    Raises:
        EpisodeError: If it is no picture, or too large.
    """
    if isinstance(picture, bytes):
        _header(picture, where)
        return picture
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise EpisodeError(where, f"a picture has the form {picture.shape} of {picture.dtype}")
    return bytes(
        simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality=QUALITY, colorsubsampling="444")
    )


def _header(jpeg: bytes, where: str) -> tuple[int, int]:
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
    except ValueError as error:
        raise EpisodeError(where, f"a picture is no JPEG ({error})") from error
    if height * width > MAX_PIXELS:
        raise EpisodeError(where, f"a picture of {width}×{height} is larger than anything that is read")
    return int(height), int(width)
