"""A tone whose pitch follows the contact force. Pure but for the oscillator's phase; used by the role `tones`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.teleop.feel import OVER_SHARE

RATE_HZ = 48_000
SILENT_N = 0.5  # below it nothing touches
LOWEST_HZ, OCTAVES = 220.0, 2.0  # from the first touch to where the alarm begins
ALARM_HZ, PULSE_S = 1760.0, 0.06  # an octave above the highest, on and off
SETTLE_S = 0.008  # loudness goes to its target over so long: quicker would be heard as a click


@dataclass(frozen=True)
class Note:
    """What is to be heard: pitch in Hz, loudness 0..1 before the volume."""

    pitch_hz: float
    loudness: float


def note_of(force_n: float, limit_n: float, t_s: float) -> Note:
    """Return what a contact force sounds like.

    The pitch rises by octaves with the square root of the force, which spreads light touches: it is `LOWEST_HZ` at the
    first touch and `OCTAVES` higher at `OVER_SHARE` of the limit. From there on an alarm beeps. No contact is silent.

    Args:
        limit_n: At which the rig's governor ends motion, N.
        t_s: Time, for the beeping, s.
    """
    if not force_n > SILENT_N:
        return Note(LOWEST_HZ, 0.0)
    if limit_n > 0.0 and force_n >= OVER_SHARE * limit_n:
        return Note(ALARM_HZ, 1.0 if int(t_s / PULSE_S) % 2 == 0 else 0.0)
    span = max(OVER_SHARE * limit_n - SILENT_N, 1.0)
    share = min((force_n - SILENT_N) / span, 1.0) ** 0.5
    return Note(LOWEST_HZ * 2.0 ** (OCTAVES * share), 0.35 + 0.4 * share)


class Oscillator:
    """A sine that glides: its phase never jumps, its pitch and loudness go to their targets within a block."""

    def __init__(self, rate_hz: int = RATE_HZ) -> None:
        self._rate = rate_hz
        self._phase = 0.0
        self._pitch_hz, self._loudness = LOWEST_HZ, 0.0

    def render(self, count: int, note: Note, volume: float) -> np.ndarray:
        """Return the next samples (count,), float32 in −1..1.

        Args:
            volume: 0..1, on top of the note's loudness.
        """
        steps = np.arange(1, count + 1)
        if self._loudness == 0.0:  # it was silent: the pitch may jump unheard
            self._pitch_hz = note.pitch_hz
        pitch = self._pitch_hz + (note.pitch_hz - self._pitch_hz) * steps / count
        wanted = note.loudness * volume
        steepest = 1.0 / (SETTLE_S * self._rate)
        way = np.clip(wanted - self._loudness, -count * steepest, count * steepest)
        loudness = self._loudness + way * steps / count
        phase = self._phase + np.cumsum(pitch) * (2.0 * math.pi / self._rate)
        self._phase = float(phase[-1]) % (2.0 * math.pi)
        self._pitch_hz, self._loudness = note.pitch_hz, float(loudness[-1])
        return np.asarray(np.sin(phase) * loudness, dtype=np.float32)


class Voice:
    """Turns the newest force into samples. `hear` comes from one thread, `samples` from the sound card's.

    Args:
        limit_n: At which the rig's governor ends motion, N.
    """

    def __init__(self, limit_n: float, rate_hz: int = RATE_HZ) -> None:
        self._limit_n, self._rate = limit_n, rate_hz
        self._oscillator = Oscillator(rate_hz)
        self._played = 0
        self.force_n = 0.0
        self.volume = 0.5

    def samples(self, count: int) -> np.ndarray:
        """Return the next samples (count,), float32."""
        note = note_of(self.force_n, self._limit_n, self._played / self._rate)
        self._played += count
        return self._oscillator.render(count, note, self.volume)
