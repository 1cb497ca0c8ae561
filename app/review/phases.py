"""Automatic contact phases: approach, contact, slide and release, from force (or touch) and the tool's motion.

Pure numpy; used by the reader's command `phases`. All steps work on time, not on samples, so that the answer does not
depend on the sampling rate: means are integrals over a window of time, speeds are chords over one.

* In contact: the strength reaches `enter`, until it falls below `leave` (hysteresis). Pauses shorter than `gap_s` are
  bridged, then contacts shorter than `contact_s` are dropped.
* Slide: in contact, and the tool moves along its pad with `slide_m_s` at least, until it is slower than half of that;
  pauses shorter than `slide_s` are bridged, then slides shorter than `slide_s` are dropped.
* Release: from the end of a contact until the tool is farthest from where it ended; then the next approach begins.
  After the last contact everything is release, before the first one everything is approach.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.geometry import quat_to_matrix

NAMES = ("approach", "contact", "slide", "release")
SMOOTH_S = 0.02  # strength is the mean over this time
CHORD_S = 0.1  # speed is the chord over this time
GRID_S = 0.005  # where speeds are looked at
LEAVE_SHARE = 0.5  # of the slide's speed, at which it ends

Spans = list[tuple[float, float]]


@dataclass(frozen=True)
class Thresholds:
    """What counts as a contact and as a slide.

    Attributes:
        enter, leave: Strength at which a contact begins, and below which it ends: N of a wrench, mm of a field.
        slide_m_s: Speed along the pad from which a contact is a slide, m/s.
        gap_s, contact_s, slide_s: Shortest pause, contact and slide.
    """

    enter: float = 1.0
    leave: float = 0.5
    slide_m_s: float = 0.02
    gap_s: float = 0.1
    contact_s: float = 0.1
    slide_s: float = 0.15


@dataclass(frozen=True)
class Phase:
    """One phase: session times in ns, and one of `NAMES`."""

    start_ns: int
    end_ns: int
    name: str


def find_phases(
    t_ns: np.ndarray, strength: np.ndarray, thresholds: Thresholds,
    pose_ns: np.ndarray | None = None, poses: np.ndarray | None = None,
    span_ns: tuple[int, int] | None = None,
) -> list[Phase]:  # fmt: skip
    """Return the phases of a take, in the order of time and without holes; none if nothing was touched.

    Args:
        t_ns: Times (n,) of the strength, rising.
        strength: Length of the force (N) or of the markers' mean displacement (mm), (n,).
        pose_ns, poses: Times (m,) and tool poses (m, 7), base frame; without them nothing slides.
        span_ns: What to cover; from the first to the last sample by default.
    """
    good = np.isfinite(strength)
    t_ns, strength = t_ns[good], np.asarray(strength, dtype=float)[good]
    if len(t_ns) < 2:
        return []
    low, high = span_ns if span_ns is not None else (int(t_ns[0]), int(t_ns[-1]))
    zero = int(t_ns[0])
    t = (t_ns - zero) * 1e-9
    begin, end = (low - zero) * 1e-9, (high - zero) * 1e-9
    force = window_mean(t, strength, SMOOTH_S)
    contacts = debounced(
        above(t, force, thresholds.enter, thresholds.leave), thresholds.gap_s, thresholds.contact_s
    )
    contacts = [(max(a, begin), min(b, end)) for a, b in contacts if b > begin and a < end]
    if not contacts:
        return []
    path = Path.of(pose_ns, poses, zero)
    found = _parts(contacts, path, thresholds, begin, end)
    return [Phase(zero + round(a * 1e9), zero + round(b * 1e9), name) for a, b, name in found if b > a]


def _parts(
    contacts: Spans, path: Path | None, thresholds: Thresholds, begin: float, end: float
) -> list[tuple[float, float, str]]:
    found = [(begin, contacts[0][0], "approach")]
    for number, (a, b) in enumerate(contacts):
        found += _inside(a, b, path, thresholds)
        if number + 1 == len(contacts):
            found.append((b, end, "release"))
        else:
            after = contacts[number + 1][0]
            turn = (b + after) / 2.0 if path is None else path.farthest(b, after)
            found += [(b, turn, "release"), (turn, after, "approach")]
    return found


def _inside(a: float, b: float, path: Path | None, thresholds: Thresholds) -> list[tuple[float, float, str]]:
    """Split a contact into where it rests and where it slides."""
    if path is None or thresholds.slide_m_s <= 0:
        return [(a, b, "contact")]
    grid = np.arange(a, b, GRID_S)
    moving = above(grid, path.speed_along_pad(grid), thresholds.slide_m_s, LEAVE_SHARE * thresholds.slide_m_s)
    found: list[tuple[float, float, str]] = []
    at = a
    for start, stop in debounced(moving, thresholds.slide_s, thresholds.slide_s):
        stop = b if stop >= grid[-1] else stop
        found += [(at, start, "contact"), (start, stop, "slide")]
        at = stop
    return [*found, (at, b, "contact")]


@dataclass(frozen=True)
class Path:
    """Where the tool was: t (m,) in seconds, positions (m, 3), pad directions (m, 2, 3) in the base frame."""

    t: np.ndarray
    places: np.ndarray
    along: np.ndarray

    @staticmethod
    def of(pose_ns: np.ndarray | None, poses: np.ndarray | None, zero_ns: int) -> Path | None:
        """Return the path, None without two good poses."""
        if pose_ns is None or poses is None:
            return None
        good = np.isfinite(poses).all(axis=1)
        if np.count_nonzero(good) < 2:
            return None
        kept = np.asarray(poses[good], dtype=float)
        axes = np.stack([quat_to_matrix(quat)[:, :2].T for quat in kept[:, 3:7]])
        return Path((pose_ns[good] - zero_ns) * 1e-9, kept[:, :3], axes)

    def place(self, t: np.ndarray) -> np.ndarray:
        """Return the positions (n, 3) at times (n,), between samples along a line."""
        return np.stack([np.interp(t, self.t, column) for column in self.places.T], axis=1)

    def speed_along_pad(self, t: np.ndarray) -> np.ndarray:
        """Return the speed (n,) along the pad's plane at times (n,), m/s: of the chord from before to after."""
        early = np.maximum(t - CHORD_S / 2, self.t[0])
        late = np.minimum(t + CHORD_S / 2, self.t[-1])
        chord = (self.place(late) - self.place(early)) / np.maximum(late - early, 1e-6)[:, None]
        nearest = np.clip(np.searchsorted(self.t, t), 0, len(self.t) - 1)
        along = np.einsum("nij,nj->ni", self.along[nearest], chord)
        return np.asarray(np.linalg.norm(along, axis=1))

    def farthest(self, start: float, end: float) -> float:
        """Return when, between two times, the tool was farthest from where it was at the start."""
        grid = np.arange(start, end, GRID_S)
        if not len(grid):
            return start
        distance = np.linalg.norm(self.place(grid) - self.place(grid[:1]), axis=1)
        return float(grid[int(distance.argmax())])


def window_mean(t: np.ndarray, values: np.ndarray, width: float) -> np.ndarray:
    """Return the mean of values (n,) over a window of time about each sample: exact for lines between samples."""
    steps = np.diff(t)
    integral = np.concatenate([[0.0], np.cumsum(steps * (values[1:] + values[:-1]) / 2.0)])

    def up_to(at: np.ndarray) -> np.ndarray:
        """Integral from the first sample to times within the samples; a parabola between two of them."""
        index = np.clip(np.searchsorted(t, at, side="right") - 1, 0, len(t) - 2)
        part = at - t[index]
        slope = (values[index + 1] - values[index]) / np.maximum(steps[index], 1e-12)
        return np.asarray(integral[index] + part * (values[index] + 0.5 * slope * part))

    early, late = np.maximum(t - width / 2, t[0]), np.minimum(t + width / 2, t[-1])
    length = np.maximum(late - early, 1e-12)
    return np.where(late - early > 1e-9, (up_to(late) - up_to(early)) / length, values)


def above(t: np.ndarray, values: np.ndarray, enter: float, leave: float) -> Spans:
    """Return when values (n,) are high, by hysteresis: from reaching `enter` until below `leave`.

    The times are where the line between two samples crosses the threshold.
    """
    state = np.where(values >= enter, 1, np.where(values < min(leave, enter), 0, -1))
    known = np.flatnonzero(state >= 0)
    if not len(known):
        return []
    last = np.maximum.accumulate(np.where(state >= 0, np.arange(len(state)), -1))
    high = np.where(last >= 0, state[last], 0) == 1
    edges = np.diff(np.concatenate([[0], high.astype(int), [0]]))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    spans: Spans = []
    for start, stop in zip(starts, stops, strict=True):
        begin = float(t[0]) if start == 0 else _crossing(t, values, int(start), enter)
        end = float(t[-1]) if stop == len(t) else _crossing(t, values, int(stop), min(leave, enter))
        spans.append((begin, end))
    return spans


def _crossing(t: np.ndarray, values: np.ndarray, index: int, level: float) -> float:
    """Return when the line from sample index − 1 to index crosses a level."""
    before, after = float(values[index - 1]), float(values[index])
    share = 1.0 if after == before else (level - before) / (after - before)
    return float(t[index - 1] + np.clip(share, 0.0, 1.0) * (t[index] - t[index - 1]))


def debounced(spans: Spans, gap: float, shortest: float) -> Spans:
    """Bridge pauses shorter than `gap`, then drop spans shorter than `shortest`."""
    joined: Spans = []
    for start, end in spans:
        if joined and start - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [(start, end) for start, end in joined if end - start >= shortest]
