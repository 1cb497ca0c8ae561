"""The playhead, with a clock that the test holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from widgets.review.player import Player

SECOND = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def player(qtbot: QtBot, clock: Clock) -> Iterator[Player]:
    player = Player(now_ns=clock)
    player.open(10 * SECOND, 20 * SECOND)
    yield player
    player.pause()


def run(player: Player, clock: Clock, seconds: float) -> None:
    clock.ns += round(seconds * SECOND)
    player.tick()


def test_it_moves_with_the_clock_at_its_speed(player: Player, clock: Clock) -> None:
    player.play()
    run(player, clock, 1.0)
    assert player.t_ns == 11 * SECOND
    player.set_speed(0.25)
    run(player, clock, 2.0)
    assert player.t_ns == round(11.5 * SECOND)


def test_it_stops_at_the_end_and_starts_over(player: Player, clock: Clock) -> None:
    player.play()
    run(player, clock, 30.0)
    assert (player.t_ns, player.playing) == (20 * SECOND, False)
    player.play()
    assert (player.t_ns, player.playing) == (10 * SECOND, True)
    player.pause()


def test_l_again_is_faster_and_j_turns_round(player: Player, clock: Clock) -> None:
    player.shuttle(1)
    player.shuttle(1)
    assert player.speed == 2.0
    run(player, clock, 2.0)
    assert player.t_ns == 14 * SECOND
    player.shuttle(-1)
    run(player, clock, 1.0)
    assert player.t_ns == 12 * SECOND
    player.pause()


def test_it_cannot_leave_the_episode(player: Player) -> None:
    player.seek(99 * SECOND)
    assert player.t_ns == 20 * SECOND
    player.seek(0)
    assert player.t_ns == 10 * SECOND


def test_speeds_end_at_the_slowest_and_the_fastest(player: Player) -> None:
    player.change_speed(-9)
    assert player.speed == 0.25
    player.change_speed(+9)
    assert player.speed == 8.0
