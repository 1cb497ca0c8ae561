"""Doubles of cameras: a video file that is made on the spot, and an HTTP server that streams MJPEG."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import simplejpeg

SIZE = (160, 120)
BARS = 8


def numbered(number: int) -> np.ndarray:
    """Return a picture BGR that tells its number, 0..255, by black and white bars; grey noise below them."""
    picture = np.random.default_rng(number).integers(90, 160, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    bits = [(number >> bit) & 1 for bit in range(BARS)]
    width = SIZE[0] // BARS
    for bit, value in enumerate(bits):
        picture[: SIZE[1] // 2, bit * width : (bit + 1) * width] = 255 * value
    return picture


def number_of(picture: np.ndarray) -> int:
    """Return the number that a picture of `numbered` tells."""
    width = SIZE[0] // BARS
    row = picture[SIZE[1] // 4, width // 2 :: width].mean(axis=-1)
    return sum(int(value > 127) << bit for bit, value in enumerate(row))


def write_video(path: Path, pictures: list[np.ndarray], rate_hz: float, lossless: bool = False) -> Path:
    """Write pictures BGR as an AVI file."""
    height, width = pictures[0].shape[:2]
    codec = cv2.VideoWriter.fourcc(*("FFV1" if lossless else "MJPG"))
    writer = cv2.VideoWriter(str(path), codec, rate_hz, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, rate_hz: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rate_hz, self.sent = rate_hz, 0
        self.silent, self.closing, self.hang_up = threading.Event(), threading.Event(), threading.Event()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        self.end_headers()
        server.hang_up.clear()
        try:
            while not server.closing.wait(1.0 / server.rate_hz) and not server.hang_up.is_set():
                if not server.silent.is_set():
                    self._send_picture(server)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _send_picture(self, server: _Server) -> None:
        server.sent += 1
        jpeg = simplejpeg.encode_jpeg(numbered(server.sent % 256), quality=95, colorspace="BGR")
        head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        self.wfile.write(head.encode() + jpeg + b"\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def mjpeg_server(rate_hz: float = 50.0) -> Iterator[tuple[str, _Server]]:
    """Yield the address of a stream, and the server that can fall silent or hang up."""
    server = _Server(rate_hz)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/video", server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
