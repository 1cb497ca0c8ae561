"""Pictures of an open episode: fetched in batches ahead of the playhead, decoded in Qt's pool of threads.

What is needed now goes first. One request for each camera is on its way at most; what nobody wants any more by then is
not decoded. Used by `widgets.review.scrub`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage

from app.core.errors import WireError
from widgets.bridge.letters import Answer, Callback
from widgets.bridge.pictures import decode_jpeg

JPEG_BYTES = 64 * 1024 * 1024
DECODED = 12  # pictures of each camera that are kept decoded
DECODE_AHEAD = 4
DECODING = 2  # of each camera at the same time
BATCH = 4  # pictures ahead are fetched when one in so many is missing

Ask = Callable[..., None]  # (name, callback, **arguments)


class PictureStore(QObject):
    """Knows pictures by topic and index.

    Signals:
        ready(str, int): A picture that was wanted is decoded, or failed for good.
        failed(str): A sentence for the person.
    """

    ready = Signal(str, int)
    failed = Signal(str)
    _decoded = Signal(int, str, int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decoded.connect(self._on_decoded, Qt.ConnectionType.QueuedConnection)
        self._serial = 0
        self.open(lambda _name, _callback, **_arguments: None)

    def open(self, ask: Ask) -> None:
        """Forget everything; questions about another episode go to `ask`."""
        self._ask = ask
        self._serial += 1
        self._jpegs: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._decode_ahead = 0
        self._images: dict[str, OrderedDict[int, QImage | None]] = {}
        self._wanted: dict[str, tuple[int, ...]] = {}
        self._decoding: dict[str, set[int]] = {}
        self._fetching: set[str] = set()

    def has(self, topic: str, index: int) -> bool:
        """Whether a picture is decoded, or cannot be."""
        return index in self._images.get(topic, ())

    def image(self, topic: str, index: int) -> QImage | None:
        """Return a decoded picture; None if it is not there or broken."""
        return self._images[topic].get(index) if topic in self._images else None

    def want(self, topic: str, needed: int, ahead: Sequence[int], decoded: bool = True) -> None:
        """Say which picture is needed now, and which ones will be soon, the nearest first.

        Args:
            decoded: The next ones are decoded as well: the playhead moves by itself.
        """
        self._decode_ahead = DECODE_AHEAD if decoded else 0
        images = self._images.setdefault(topic, OrderedDict())
        if images.get(needed, needed) is None:
            del images[needed]  # it failed once: the reader may be back
        elif needed in images:
            images.move_to_end(needed)
        self._wanted[topic] = (needed, *ahead)
        self._pump(topic)

    def _pump(self, topic: str) -> None:
        wanted = self._wanted.get(topic, ())
        decoding = self._decoding.setdefault(topic, set())
        for index in wanted[: 1 + self._decode_ahead]:
            jpeg = self._jpegs.get((topic, index))
            if (
                jpeg is not None
                and not self.has(topic, index)
                and index not in decoding
                and len(decoding) < DECODING
            ):
                decoding.add(index)
                self._decode(topic, index, jpeg)
        if topic in self._fetching:
            return
        missing = [
            index for index in wanted if (topic, index) not in self._jpegs and not self.has(topic, index)
        ]
        if missing and missing[0] == wanted[0]:
            self._fetch(topic, missing[:1])  # alone: it must not wait for what comes after it
        elif len(missing) * BATCH >= len(wanted) - 1:
            self._fetch(topic, missing)

    def _fetch(self, topic: str, indices: list[int]) -> None:
        if not indices:
            return
        self._fetching.add(topic)
        callback: Callback = partial(self._on_fetched, self._serial, topic, indices)
        self._ask("frames", callback, topic=topic, indices=indices)

    def _on_fetched(self, serial: int, topic: str, indices: list[int], answer: Answer) -> None:
        if serial != self._serial:
            return
        self._fetching.discard(topic)
        if not answer.ok:
            self.failed.emit(answer.error)
            self._keep(topic, indices[0], None)
            self.ready.emit(topic, indices[0])
            return
        for index, jpeg in zip(answer.result["indices"], answer.result["jpegs"], strict=True):
            self._jpegs[topic, index] = jpeg
            self._bytes += len(jpeg)
        while self._bytes > JPEG_BYTES and len(self._jpegs) > 1:
            self._bytes -= len(self._jpegs.popitem(last=False)[1])
        self._pump(topic)

    def _decode(self, topic: str, index: int, jpeg: bytes) -> None:
        decoded, serial = self._decoded, self._serial

        def work() -> None:
            image: Any = None
            try:
                image = decode_jpeg(jpeg)
            except WireError as error:
                image = error.sentence()
            try:
                decoded.emit(serial, topic, index, image)
            except RuntimeError:
                return  # the window has gone meanwhile

        QThreadPool.globalInstance().start(work)

    def _on_decoded(self, serial: int, topic: str, index: int, image: Any) -> None:
        if serial != self._serial:
            return
        self._decoding[topic].discard(index)
        if isinstance(image, str):
            self.failed.emit(image)
            image = None
        self._keep(topic, index, image)
        self.ready.emit(topic, index)
        self._pump(topic)

    def _keep(self, topic: str, index: int, image: QImage | None) -> None:
        images = self._images.setdefault(topic, OrderedDict())
        images[index] = image
        needed = self._wanted.get(topic, (index,))[0]
        while len(images) > DECODED:
            images.pop(next(each for each in images if each != needed))
