"""What is told of late set-points: once they keep coming late, and nothing of what the server's own stall made late."""

from __future__ import annotations

from devices.serving.lateness import MANY, Lateness

MS = 1_000_000
NOW = 10**12


def test_a_few_late_ones_are_noise_and_many_in_a_row_are_told_once() -> None:
    lateness = Lateness()
    told = []
    for number in range(4 * MANY):
        if number == MANY - 1:
            lateness.taken()
        told.append(lateness.refused("operator", NOW - 85 * MS, NOW, 60.0))
    (text,) = [text for text in told if text]
    assert "operator come 85 ms after they were made" in text
    assert "60 ms are allowed" in text


def test_what_waited_for_the_server_itself_is_not_told() -> None:
    lateness = Lateness()
    lateness.excuse(NOW)
    told = [lateness.refused("operator", NOW - 300 * MS + number, NOW + MS, 60.0) for number in range(50)]
    assert told == [""] * 50
    assert any(lateness.refused("operator", NOW + MS, NOW + 200 * MS, 60.0) for _ in range(MANY))


def test_a_sender_whose_clock_is_another_machines_is_told_apart() -> None:
    for stamp in (NOW + 50 * MS, 5):
        lateness = Lateness()
        lateness.excuse(NOW)
        texts = [lateness.refused("policy", stamp, NOW, 60.0) for _ in range(MANY)]
        assert "not of this rig's clock" in texts[-1]
