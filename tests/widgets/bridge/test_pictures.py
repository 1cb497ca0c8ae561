"""Pictures are decoded off the Qt thread: what is wanted, the newest alone, with the colours that Qt would show."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
import simplejpeg
from PySide6.QtGui import QImage

from app.core.errors import WireError
from app.core.wire.messages import SampleHeader
from tests.hygiene import wait_until
from widgets.bridge.feed import Frame
from widgets.bridge.pictures import ImagePool, PictureDecoder, decode_jpeg

ROWS, COLUMNS = np.mgrid[0:48, 0:64]
PICTURE = np.stack([ROWS * 5, COLUMNS * 4, 255 - ROWS * 5], axis=-1).astype(np.uint8)
JPEG = simplejpeg.encode_jpeg(PICTURE, quality=95, colorspace="RGB")


def frame(seq: int, data: bytes = JPEG) -> Frame:
    header = SampleHeader(1, "scene", "color", seq, 1, (0,), (0,), "jpeg", "|u1", (48, 64, 3))
    return Frame(header, 0, 0, data)


class Taken:
    """Keeps what the decoder delivers; the decoder can be held at a frame."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, Frame]] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, topic: str, made: Frame) -> None:
        self.frames.append((topic, made))
        self.gate.wait(10.0)


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def decoder(taken: Taken) -> Iterator[PictureDecoder]:
    made = PictureDecoder(taken)
    yield made
    taken.gate.set()
    made.close()


def test_colours_are_those_that_qt_decodes() -> None:
    ours, theirs = decode_jpeg(JPEG), QImage.fromData(JPEG)
    assert (ours.width(), ours.height()) == (64, 48)
    for x, y in ((0, 0), (63, 0), (10, 40), (60, 47)):
        a, b = ours.pixelColor(x, y), theirs.pixelColor(x, y)
        assert max(abs(a.red() - b.red()), abs(a.green() - b.green()), abs(a.blue() - b.blue())) <= 6


@pytest.mark.parametrize("data", [b"", b"no picture", JPEG[:300], JPEG[:20] + bytes(40)])
def test_what_is_no_picture_is_refused(data: bytes, decoder: PictureDecoder, taken: Taken) -> None:
    with pytest.raises(WireError, match="picture"):
        decode_jpeg(data)
    decoder.put("scene/color", frame(1, data))
    decoder.put("wrist/color", frame(1))
    wait_until(lambda: len(taken.frames) == 2, 5.0, "both frames")
    made = dict(taken.frames)
    assert made["scene/color"].image is None
    assert made["scene/color"].problem
    assert made["wrist/color"].image is not None, "the thread goes on"


def test_only_the_newest_waits_and_the_others_are_counted(decoder: PictureDecoder, taken: Taken) -> None:
    taken.gate.clear()
    decoder.put("scene/color", frame(0))
    wait_until(lambda: len(taken.frames) == 1, 5.0, "the first frame")
    for seq in (1, 2, 3):
        decoder.put("scene/color", frame(seq))
    taken.gate.set()
    wait_until(lambda: len(taken.frames) == 2, 5.0, "the newest frame")
    assert [made.header.seq for _, made in taken.frames] == [0, 3]
    assert decoder.replaced("scene/color") == 2
    decoder.clear()
    assert decoder.replaced("scene/color") == 0


def test_a_picture_that_came_before_anybody_looked_is_decoded_once(
    decoder: PictureDecoder, taken: Taken
) -> None:
    assert not decoder.wants("scene/color")
    for _ in range(3):
        decoder.want("scene/color", frame(7))
    assert decoder.wants("scene/color")
    wait_until(lambda: bool(taken.frames), 5.0, "the frame")
    decoder.put("wrist/color", frame(0))
    wait_until(lambda: taken.frames[-1][0] == "wrist/color", 5.0, "the next frame")
    assert len(taken.frames) == 2


def plain(shade: int) -> bytes:
    return simplejpeg.encode_jpeg(np.full((48, 64, 3), shade, dtype=np.uint8))


def shade_of(image: QImage) -> int:
    return image.pixelColor(32, 24).red()


def test_an_image_is_written_again_only_when_nobody_holds_it() -> None:
    pool = ImagePool()
    held, second = decode_jpeg(plain(10), pool), decode_jpeg(plain(90), pool)
    copy = QImage(second)
    del second
    third = decode_jpeg(plain(200), pool)
    assert pool.made == 2, "the second one was free again"
    assert [shade_of(image) for image in (held, copy, third)] == pytest.approx([10, 90, 200], abs=3)


def test_a_stream_of_pictures_needs_a_handful_of_images() -> None:
    pool = ImagePool()
    newest: dict[int, QImage] = {}
    for index in range(60):
        newest[index % 3] = decode_jpeg(plain(index), pool)
        assert shade_of(newest[index % 3]) == pytest.approx(index, abs=3)
    assert pool.made <= 4


def test_a_full_pool_gives_images_all_the_same_and_lets_other_sizes_go() -> None:
    pool = ImagePool(most=2)
    held = [pool.take(8, 8) for _ in range(5)]
    assert len({id(image) for image in held}) == 5
    held.clear()
    large = pool.take(64, 48)
    assert (large.width(), large.height()) == (64, 48)
    del large
    made = pool.made
    assert pool.take(64, 48).width() == 64
    assert pool.made == made


def test_images_that_only_a_stall_needed_are_let_go() -> None:
    """Ten at once, then two for a while: what lies idle longer than ten seconds goes, what is shown stays."""
    now = [0.0]
    pool = ImagePool(now_s=lambda: now[0])
    held = [pool.take(8, 8) for _ in range(10)]
    shown = held[4]
    held.clear()
    for second in range(1, 13):
        now[0] = float(second)
        both = [pool.take(8, 8), pool.take(8, 8)]
        assert both[0] is not both[1]
        del both
        assert len(pool) == (10 if second <= 10 else 5)
    assert shown.width() == 8
    del shown
    now[0] = 13.0
    pool.take(8, 8)
    assert len(pool) == 2
    assert pool.made == 10
