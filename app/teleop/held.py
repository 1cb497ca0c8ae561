"""A device in the hand as beats: the same dead-man, press count and stamp as the window's mouse and keyboard.

A beat is stamped at the moment this thread looked at the device and found its dead-man held, and nowhere else: a device
that is gone, or a thread that hangs, makes no beats, and the newest stamp grows old. A leader has no dead-man: it says
where the arm goes, and the window's beats say whether it may.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np

from app.core.errors import DeviceError
from app.core.wire.messages import SCHEMA_VERSION, Beat
from app.teleop.feel import rumble
from app.teleop.modes import Clutch, LockButton
from app.teleop.settings import Settings
from app.teleop.shaping import OneEuro, Smoothed, lock, one_euro, shape, strongest, turned
from devices.inputs.interface import Held, InputDevice

DEAD_ZONE, CURVE = 0.08, 0.5
LONGEST_S = 0.1  # between two looks; after more the filter starts anew
FEEL_NS = 50_000_000
Hand = Literal["window", "device"]


class HeldBeats:
    """Turns looks at a device into beats.

    Args:
        device: What is held; owned and closed by this object.
        tell: Says something to the person.
        settings: How it moves the arm.

    Attributes:
        joints: (n,) rad, filtered, as the newest look found them; None of a device that has none.
        opening: Of a leader's trigger, 0..1; None without one.
        last: The newest beat; None before the first, and when the device is gone.
        press: Counts the presses of its dead-man.
        arm: Counts the presses of the button that goes to the next arm.
    """

    def __init__(self, device: InputDevice, tell: Callable[[str], None], settings: Settings) -> None:
        self._device: InputDevice | None = device
        self._tell, self.settings = tell, settings
        self._filter = OneEuro(settings.smooth_hz, settings.quickness)
        self._smoothed: Smoothed | None = None
        self.press, self._was_held, self._last_ns, self._felt_ns = 0, False, 0, 0
        self.last: Beat | None = None
        self._clutch, self._lock = Clutch(settings.clutch), LockButton()
        self.joints: np.ndarray | None = None
        self.opening: float | None = None
        self.arm, self._next_down = 0, False

    def change(self, settings: Settings) -> None:
        """Take other settings; the device stays open."""
        self.settings = settings
        self._filter = OneEuro(settings.smooth_hz, settings.quickness)
        self._clutch.set_mode(settings.clutch)

    @property
    def there(self) -> bool:
        """Whether the device is still there."""
        return self._device is not None

    def beat(self, now_ns: int) -> Beat | None:
        """Look at the device now; None once it is gone."""
        if self._device is None:
            return None
        try:
            held = self._device.look(now_ns)
        except DeviceError as error:
            self._tell(f"{error.sentence()} Motion has ended.")
            self.close()
            return None
        if held.enable and not self._was_held:
            self.press += 1
        self._was_held = held.enable
        self.arm += held.next_arm and not self._next_down
        self._next_down = held.next_arm
        self.last = self._beat_of(held, now_ns)
        self._last_ns = now_ns
        return self.last

    def _beat_of(self, held: Held, now_ns: int) -> Beat:
        settings = self.settings
        clutched, free = self._clutch.press(held.clutch), self._lock.press(held.lock)
        self.joints = None if held.joints is None else self._smooth(held.joints, now_ns, held.joints)
        self.opening = held.opening
        moves = held.enable and not clutched
        if held.joints is None:
            wanted = self._shaped(held.twist) if moves else np.zeros(6)
            twist = free.apply(self._smooth(wanted, now_ns, np.zeros(6))) if moves else self._rest()
        else:
            twist = np.zeros(6)
        return Beat(
            SCHEMA_VERSION, now_ns, held.enable, self.press,
            tuple(float(value) for value in np.clip(twist, -1.0, 1.0)),
            settings.speed * (settings.fine if held.fine else 1.0),
            held.gripper if moves else 0.0, held.home and moves, clutched, held.fine, int(free),
        )  # fmt: skip

    def _shaped(self, twist: np.ndarray) -> np.ndarray:
        settings = self.settings
        wanted = lock(shape(twist, DEAD_ZONE, CURVE), settings.free)
        return turned(strongest(wanted) if settings.single else wanted, settings.yaw)

    def _smooth(self, wanted: np.ndarray, now_ns: int, rest: np.ndarray) -> np.ndarray:
        """Filter; after a pause from `rest` on: a hand begins at rest, whatever the stick says."""
        dt = (now_ns - self._last_ns) * 1e-9
        last = self._smoothed if 0.0 < dt <= LONGEST_S else None
        start = last or Smoothed(np.array(rest, dtype=np.float64), np.zeros(len(rest)))
        self._smoothed = one_euro(self._filter, start, wanted, min(max(dt, 1e-3), LONGEST_S))
        return self._smoothed.value

    def _rest(self) -> np.ndarray:
        self._smoothed = None
        return np.zeros(6)

    def feel(self, force_n: float, limit_n: float, now_ns: int) -> None:
        """Let the hand feel a contact force, twenty times a second."""
        if self._device is None or now_ns - self._felt_ns < FEEL_NS:
            return
        self._felt_ns = now_ns
        strong, weak = rumble(force_n, limit_n, now_ns)
        share = self.settings.rumble
        self._device.feel(round(strong * share, 2), round(weak * share, 2))

    def close(self) -> None:
        """Release the device."""
        self.joints = self.opening = self.last = None
        if self._device is not None:
            self._device.close()
            self._device = None


class Choice:
    """Lets one of two hands move the arm: the one in which a device is held, else the window's.

    Both count their presses; the numbers that go on are counted anew here, so that they only grow. A press that was
    left for the other hand's is over: its hand must press again.
    """

    def __init__(self) -> None:
        self._key: tuple[Hand, int] | None = None
        self._over: dict[Hand, int] = {}
        self._press = self._joined = 0

    def spend_press(self, hand: Hand, press: int) -> None:
        """All presses of a hand up to this one are over."""
        self._over[hand] = max(self._over.get(hand, 0), press)

    def spend(self) -> None:
        """The press that moves the arm now is over."""
        if self._key is not None:
            self.spend_press(*self._key)

    def forget_device(self) -> None:
        """Another device is held from now on: it counts its presses from 1 again."""
        self._over.pop("device", None)
        if self._key is not None and self._key[0] == "device":
            self._key = None

    def choose(self, window: Beat | None, device: Beat | None) -> Beat | None:
        """Return the beat that counts, with its press counted anew and its stamp as it was."""
        key: tuple[Hand, int]
        if device is not None and device.enable:
            beat, key = device, ("device", device.press)
        elif window is not None and window.enable:
            beat, key = window, ("window", window.press)
        else:
            return None
        if key[0] == "window" and key[1] == self._joined:
            self.spend_press(*key)  # it was the second hand of a press that is over
        if key[1] <= self._over.get(key[0], 0):
            return None
        if key != self._key:
            self.spend()
            self.spend_press("window", self._joined)
            self._key, self._press = key, self._press + 1
        return msgspec.structs.replace(beat, press=self._press)

    def second(self, window: Beat | None) -> Beat | None:
        """Return the window's beat as that of a second hand, where the device's is the one that counts.

        A press that has joined the device's ends with it: when the device is let go, or pressed anew, the window's hand
        must press again.
        """
        if self._key is None or self._key[0] != "device" or window is None or not window.enable:
            return None
        if window.press <= self._over.get("window", 0):
            return None
        self._joined = window.press
        return window
