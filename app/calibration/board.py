"""The ChArUco board: what is printed, and how it is found in a picture. Pixels as OpenCV counts them: from centres."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from app.core.calibration import BoardSpec, CalibrationError
from app.core.errors import UsageError

PIXELS_PER_SQUARE = 300
POINTS_PER_MM = 72.0 / 25.4
PAPERS_MM = {"A4": (297.0, 210.0), "A3": (420.0, 297.0), "A2": (594.0, 420.0)}
MARGIN_MM = 12.0
RULER_MM = 100.0
LEAST_CORNERS = 8


@dataclass(frozen=True)
class Sighting:
    """The board in one picture.

    Attributes:
        ids: (n,) which inner corners.
        corners: (n, 2) where, pixels.
    """

    ids: np.ndarray
    corners: np.ndarray


def dictionaries() -> list[str]:
    """Return the marker dictionaries of this OpenCV."""
    return sorted(name for name in dir(cv2.aruco) if name.startswith("DICT_") and name.isupper())


def make_board(spec: BoardSpec) -> cv2.aruco.CharucoBoard:
    """Return OpenCV's board.

    Raises:
        UsageError: If there is no such board.
    """
    number = getattr(cv2.aruco, spec.dictionary, None)
    if not isinstance(number, int):
        raise UsageError(f"dictionary {spec.dictionary!r}", "OpenCV does not have it", options=dictionaries())
    if not (0 < spec.marker_m < spec.square_m and spec.columns >= 3 and spec.rows >= 3):
        raise UsageError("board", "it needs 3 by 3 squares at least, and markers smaller than squares")
    dictionary = cv2.aruco.getPredefinedDictionary(number)
    if dictionary.bytesList.shape[0] < spec.columns * spec.rows // 2:
        raise UsageError(
            f"board of {spec.columns}×{spec.rows}", f"{spec.dictionary} has too few markers for it",
            options=dictionaries(),
        )  # fmt: skip
    return cv2.aruco.CharucoBoard((spec.columns, spec.rows), spec.square_m, spec.marker_m, dictionary)


def corner_points(spec: BoardSpec) -> np.ndarray:
    """Return the inner corners (N, 3), m, board frame: origin at the top left, x right, y down, z into the board."""
    return np.asarray(make_board(spec).getChessboardCorners(), dtype=np.float64)


class Finder:
    """Finds one board in pictures."""

    def __init__(self, spec: BoardSpec) -> None:
        self.points = corner_points(spec)
        self._detector = cv2.aruco.CharucoDetector(make_board(spec))

    def find(self, gray: np.ndarray) -> Sighting | None:
        """Return the board in a grey picture (H, W) uint8; None if fewer than 8 corners are seen."""
        corners, ids, _, _ = self._detector.detectBoard(gray)
        if ids is None or len(ids) < LEAST_CORNERS:
            return None
        return Sighting(np.asarray(ids).ravel(), np.asarray(corners, dtype=np.float64).reshape(-1, 2))


def board_picture(spec: BoardSpec, pixels_per_square: int = PIXELS_PER_SQUARE) -> np.ndarray:
    """Return the board (H, W) uint8 without a margin, each square exactly `pixels_per_square` wide."""
    size = (spec.columns * pixels_per_square, spec.rows * pixels_per_square)
    return np.asarray(make_board(spec).generateImage(size, marginSize=0, borderBits=1))


def paper_for(spec: BoardSpec) -> tuple[str, float, float]:
    """Return the smallest paper (name, width, height in mm) that the board fits on, with room for a line of words.

    Raises:
        UsageError: If it is too large for A2.
    """
    width, height = spec.columns * spec.square_m * 1e3, spec.rows * spec.square_m * 1e3
    for name, (across, down) in PAPERS_MM.items():
        if width <= across - 2 * MARGIN_MM and height <= down - MARGIN_MM - 16.0:
            return name, across, down
    raise UsageError(
        f"board of {width:.0f}×{height:.0f} mm",
        "it fits on no paper",
        options=PAPERS_MM,
        way_out="Save it as .png",
    )


def save_board(spec: BoardSpec, path: Path) -> str:
    """Write the board as a PDF of true size, or as a PNG with its pixels per metre; returns what was made, in words.

    Raises:
        UsageError: The name ends otherwise, or the board fits on no paper.
        CalibrationError: The file cannot be written.
    """
    if path.suffix.lower() not in (".pdf", ".png"):
        raise UsageError(f"file {path}", "it is no board", options=[".pdf", ".png"])
    try:
        if path.suffix.lower() == ".pdf":
            name, across, down = paper_for(spec)
            path.write_bytes(_pdf(spec, across, down))
            return f"{name}, landscape: print at 100 %, and measure the line of 100 mm"
        data = cv2.imencode(".png", board_picture(spec))[1].tobytes()
        path.write_bytes(_with_resolution(data, PIXELS_PER_SQUARE / spec.square_m))
        return f"{PIXELS_PER_SQUARE} pixels per square of {spec.square_m * 1e3:g} mm"
    except OSError as error:
        raise CalibrationError(f"file {path}", f"it cannot be written ({error})") from error


def _with_resolution(png: bytes, pixels_per_m: float) -> bytes:
    """Put a pHYs chunk behind the header of a PNG (PNG specification 11.3.4.3): the size it is printed at."""
    per_m = round(pixels_per_m).to_bytes(4, "big")
    body = b"pHYs" + per_m + per_m + b"\1"
    chunk = (9).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return png[:33] + chunk + png[33:]


def _pdf(spec: BoardSpec, across_mm: float, down_mm: float) -> bytes:
    """Return a PDF page with the board in its middle, what it is in words, and a line to check the printer by."""
    picture = board_picture(spec)
    bits = zlib.compress(np.packbits(picture > 127, axis=1).tobytes(), 9)
    width, height = spec.columns * spec.square_m * 1e3, spec.rows * spec.square_m * 1e3
    left, bottom = (across_mm - width) / 2, (down_mm - height) / 2 + 4.0
    words = (
        f"Touchstone calibration board: {spec.columns} x {spec.rows} squares of {spec.square_m * 1e3:g} mm, markers "
        f"{spec.marker_m * 1e3:g} mm, {spec.dictionary}. Print at 100 %. This line is {RULER_MM:g} mm long:"
    )
    k = POINTS_PER_MM
    text_y, ruler_y = (bottom - 6.0) * k, (bottom - 9.0) * k
    drawing = (
        f"q {width * k:.4f} 0 0 {height * k:.4f} {left * k:.4f} {bottom * k:.4f} cm /Board Do Q\n"
        f"BT /Font 8 Tf {left * k:.4f} {text_y:.4f} Td ({words}) Tj ET\n"
        f"0.6 w {left * k:.4f} {ruler_y:.4f} m {(left + RULER_MM) * k:.4f} {ruler_y:.4f} l S\n"
    ).encode("ascii")
    shape = f"/Width {picture.shape[1]} /Height {picture.shape[0]}"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {across_mm * k:.4f} {down_mm * k:.4f}] /Contents 4 0 R "
        f"/Resources << /XObject << /Board 5 0 R >> /Font << /Font 6 0 R >> >> >>".encode(),
        f"<< /Length {len(drawing)} >>\nstream\n".encode() + drawing + b"endstream",
        f"<< /Type /XObject /Subtype /Image {shape} /ColorSpace /DeviceGray /BitsPerComponent 1 "
        f"/Filter /FlateDecode /Length {len(bits)} >>\nstream\n".encode()
        + bits
        + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    return _assemble(objects)


def _assemble(objects: list[bytes]) -> bytes:
    """Return a PDF file (ISO 32000-1, 7.5) of numbered objects, the first of which is the catalogue."""
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
