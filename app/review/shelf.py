"""Open episode files, the least recently used closed first; and small pictures of them. Used by the reader role."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import simplejpeg

from app.core.errors import EpisodeError
from recorders.files import EPISODE_SUFFIX, episodes_of
from recorders.listing import Listings
from recorders.parts import part_span
from recorders.reader import EpisodeFile
from recorders.sheets import check_name

MAX_OPEN = 16
MAX_THUMBNAILS = 512
THUMBNAIL_WIDTH = 192
QUALITY = 80


class Shelf:
    """Opens episodes by folder and uuid. Owned by one thread.

    Args:
        listings: Tell where an episode lies whose file has another name, as a part's.
    """

    def __init__(self, listings: Listings) -> None:
        self._listings = listings
        self._open: OrderedDict[tuple[Path, str], tuple[tuple[int, ...], EpisodeFile]] = OrderedDict()
        self._thumbnails: OrderedDict[tuple[Path, int], bytes] = OrderedDict()

    def episode(self, folder: Path, uuid: str) -> EpisodeFile:
        """Return an open episode; it stays open for later questions. A part has its own uuid, start and end.

        Raises:
            EpisodeError: If there is none of this name, or it cannot be read.
        """
        path, span_ns = self._place(folder, uuid)
        status = path.stat()
        version, key = (status.st_mtime_ns, status.st_size, *span_ns), (path, uuid)
        held = self._open.get(key)
        if held is not None and held[0] == version:
            self._open.move_to_end(key)
            return held[1]
        if held is not None:
            self._drop(key)
        episode = EpisodeFile(path)
        if span_ns:
            episode.attributes.update(uuid=uuid, start_ns=span_ns[0], end_ns=span_ns[1])
        self._open[key] = (version, episode)
        while len(self._open) > MAX_OPEN:
            self._drop(next(iter(self._open)))
        return episode

    def _place(self, folder: Path, uuid: str) -> tuple[Path, tuple[int, ...]]:
        """Return where an episode lies, and of a part its start and end in ns."""
        path = episodes_of(folder) / f"{check_name(uuid)}{EPISODE_SUFFIX}"
        if path.is_file():
            return path, ()
        parent, span_ns = part_span(folder, uuid)
        path = episodes_of(folder) / f"{parent or uuid}{EPISODE_SUFFIX}"
        return path if path.is_file() else Path(self._listings.find(folder, uuid).path), span_ns

    def _drop(self, key: tuple[Path, str]) -> None:
        self._open.pop(key)[1].close()

    def thumbnail(self, episode: EpisodeFile, t_ns: int) -> bytes:
        """Return a JPEG at most 192 pixels wide of what the first camera saw nearest to `t_ns`."""
        key = (episode.path, t_ns)
        if key not in self._thumbnails:
            topic = first_camera(episode)
            picture = episode.picture(topic, nearest(episode.times_ns(topic), t_ns))
            self._thumbnails[key] = shrink(picture, episode)
            while len(self._thumbnails) > MAX_THUMBNAILS:
                self._thumbnails.popitem(last=False)
        self._thumbnails.move_to_end(key)
        return self._thumbnails[key]

    def close(self) -> None:
        """Close all files."""
        for key in list(self._open):
            self._drop(key)


def first_camera(episode: EpisodeFile) -> str:
    """Return the topic of the colour camera that shows most: a fixed one before one that travels with the tool."""
    topics = [topic for topic in episode.topics if episode.spec(topic).encoding == "jpeg"]
    if not topics:
        raise EpisodeError(f"episode {episode.path}", "it has no colour pictures", options=episode.topics)
    return min(topics, key=lambda topic: (topic.startswith("wrist"), topic))


def nearest(times_ns: np.ndarray, t_ns: int) -> int:
    """Return the index of the sample nearest in time.

    Raises:
        EpisodeError: If there is none.
    """
    if len(times_ns) == 0:
        raise EpisodeError("stream", "it is empty")
    after = int(np.searchsorted(times_ns, t_ns))
    if after == 0:
        return 0
    if after == len(times_ns):
        return len(times_ns) - 1
    return after if times_ns[after] - t_ns < t_ns - times_ns[after - 1] else after - 1


def shrink(jpeg: bytes, episode: EpisodeFile) -> bytes:
    """Return a smaller JPEG, by whole steps of 2 (nearest pixel), of at most `THUMBNAIL_WIDTH`."""
    try:
        picture = simplejpeg.decode_jpeg(jpeg, fastdct=True)
    except ValueError as error:
        raise EpisodeError(f"episode {episode.path}", f"a picture in it is no JPEG ({error})") from error
    step = max(1, -(-picture.shape[1] // THUMBNAIL_WIDTH))
    small: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(picture[::step, ::step]), quality=QUALITY)
    return small
