"""Tones: pitch by force, no clicks, an alarm, silence; and the motors of a pad by the same force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.teleop.feel import DEAD_N, OVER_SHARE, rumble
from app.teleop.tone import ALARM_HZ, LOWEST_HZ, OCTAVES, RATE_HZ, SETTLE_S, Note, Oscillator, Voice, note_of

LIMIT_N = 45.0
BLOCK = 256
HIGHEST_HZ = LOWEST_HZ * 2**OCTAVES


def test_the_pitch_rises_by_octaves_from_the_first_touch_to_the_alarm() -> None:
    forces = np.linspace(0.6, OVER_SHARE * LIMIT_N - 0.01, 50)
    pitches = [note_of(force, LIMIT_N, 0.0).pitch_hz for force in forces]
    assert np.all(np.diff(pitches) > 0)
    assert LOWEST_HZ < pitches[0] < 1.2 * LOWEST_HZ
    assert pitches[-1] == pytest.approx(HIGHEST_HZ, rel=1e-3)
    assert note_of(0.4, LIMIT_N, 0.0).loudness == 0.0
    assert note_of(float("nan"), LIMIT_N, 0.0).loudness == 0.0


@pytest.mark.parametrize("force", [1.0, 5.0, 20.0, 35.0])
def test_what_is_heard_has_the_pitch_of_the_mapping(force: float) -> None:
    voice = Voice(LIMIT_N)
    voice.force_n, voice.volume = force, 1.0
    heard = np.concatenate([voice.samples(BLOCK) for _ in range(200)])[-32768:]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    loudest_hz = float(np.argmax(spectrum)) * RATE_HZ / len(heard)
    assert loudest_hz == pytest.approx(note_of(force, LIMIT_N, 0.0).pitch_hz, abs=RATE_HZ / len(heard))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.0, 60.0), min_size=2, max_size=25), st.floats(0.0, 1.0))
def test_whatever_the_force_does_no_sample_jumps(forces: list[float], volume: float) -> None:
    voice = Voice(LIMIT_N)
    heard = []
    for index, force in enumerate(forces):
        voice.force_n, voice.volume = force, volume if index % 3 else 1.0
        heard.append(voice.samples(BLOCK))
    samples = np.concatenate(heard)
    steepest = 2 * np.pi * ALARM_HZ / RATE_HZ + 1.0 / (SETTLE_S * RATE_HZ)  # of the sine, and of the loudness
    assert np.abs(np.diff(samples)).max(initial=0.0) <= steepest * 1.01
    assert np.abs(samples).max() <= 1.0
    assert abs(samples[0]) <= steepest


def test_no_contact_is_silence_after_a_few_milliseconds() -> None:
    voice = Voice(LIMIT_N)
    voice.force_n = 10.0
    for _ in range(20):
        voice.samples(BLOCK)
    voice.force_n = 0.0
    voice.samples(round(SETTLE_S * RATE_HZ) + 1)
    assert not voice.samples(BLOCK).any()


def test_near_the_limit_it_beeps_an_octave_above_the_rest() -> None:
    voice = Voice(LIMIT_N)
    voice.force_n, voice.volume = 0.9 * LIMIT_N, 1.0
    heard = np.concatenate([voice.samples(BLOCK) for _ in range(200)])
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert float(np.argmax(spectrum)) * RATE_HZ / len(heard) == pytest.approx(ALARM_HZ, abs=20.0)
    assert ALARM_HZ >= 2 * HIGHEST_HZ
    loud = np.abs(heard).reshape(-1, BLOCK).max(axis=1)
    assert loud.max() > 0.9
    assert loud.min() < 0.01
    assert 5 <= np.count_nonzero(np.diff(loud > 0.5) != 0) <= 40


def test_the_oscillator_glides_between_blocks() -> None:
    oscillator = Oscillator()
    first = oscillator.render(480, Note(220.0, 1.0), 1.0)
    second = oscillator.render(480, Note(880.0, 1.0), 1.0)
    assert abs(float(second[0] - first[-1])) < 0.05


@given(st.floats(0.0, 100.0), st.integers(0, 10**10))
def test_a_pads_motors_stay_within_their_range(force: float, now_ns: int) -> None:
    strong, weak = rumble(force, LIMIT_N, now_ns)
    assert 0.0 <= weak <= 1.0
    assert 0.0 <= strong <= 1.0
    if force <= DEAD_N:
        assert (strong, weak) == (0.0, 0.0)


def test_a_pad_shakes_harder_with_the_force_and_pulses_near_the_limit() -> None:
    strengths = [rumble(force, LIMIT_N, 0)[0] for force in np.linspace(1.1, OVER_SHARE * LIMIT_N - 0.1, 40)]
    assert np.all(np.diff(strengths) > 0)
    assert strengths[0] >= 0.12, "a motor that gets less does not turn"
    pulses = [rumble(0.85 * LIMIT_N, LIMIT_N, now * 10_000_000) for now in range(40)]
    assert set(pulses) == {(1.0, 1.0), (0.0, 0.0)}
