"""The face of the bridge: what pages hold. Lives in the Qt thread; the I/O thread behind it owns the sockets."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from app.core.wire.client import Endpoints
from app.core.wire.codec import encode
from app.core.wire.messages import Beat, Enable
from widgets.bridge.feed import Feed, Frame
from widgets.bridge.history import History
from widgets.bridge.io_thread import IoThread
from widgets.bridge.jobs import Jobs
from widgets.bridge.letters import (
    Answer,
    Answered,
    Callback,
    ChildEnded,
    ChildSpoke,
    Letter,
    StopStep,
    ThreadFailed,
)
from widgets.bridge.rates import Health, Rates
from widgets.bridge.reader import Reader
from widgets.bridge.requests import Correspondent

TICK_MS = 16
PICTURE_MS = 4  # pictures of 60 Hz meet a timer of 60 Hz twice or not at all: they are looked for more often
COMMAND_TIMEOUT_S = 5.0


class Bridge(QObject):
    """Streams, commands, beats, child processes and readers of the window.

    Signals:
        ticked(): 60 times a second, after the newest pictures and samples were taken over. Paint from here, and only
            what is visible.
        pictured(): At most every 4 ms, when decoded pictures came between two ticks. Paint those that are new, no more.
        failed(str): Something in the bridge itself went wrong.

    Attributes:
        jobs: Child processes.
        frames: The newest picture (or field) of each topic; compare `Frame.header.seq` with the one you drew.
    """

    ticked = Signal()
    pictured = Signal()
    failed = Signal(str)
    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._feed = Feed()
        self._arrived.connect(self._on_letter, Qt.ConnectionType.QueuedConnection)
        self._io = IoThread(self._feed, self._arrived.emit)
        self._urgent: Correspondent | None = None  # of the Qt thread
        self.jobs = Jobs(self._io, self)
        self.frames: dict[str, Frame] = {}
        self._histories: dict[str, History] = {}
        self._rates = Rates(self._feed)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._picture_timer = QTimer(self)
        self._picture_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._picture_timer.setInterval(PICTURE_MS)
        self._picture_timer.timeout.connect(self._look_for_pictures)
        self._open = True
        self._io.start()
        self._timer.start()

    @Slot(object)
    def _on_letter(self, letter: Letter) -> None:
        if isinstance(letter, (ChildSpoke, ChildEnded, StopStep)):
            self.jobs.take(letter)
        elif isinstance(letter, Answered):
            letter.callback(letter.answer)
        elif isinstance(letter, ThreadFailed):
            self.failed.emit(f"{type(letter.error).__name__}: {letter.error}")

    @Slot()
    def tick(self) -> None:
        """Take over what came since the last tick."""
        drained = self._feed.drain()
        self.frames.update(drained.frames)
        for topic, (times, data) in drained.samples.items():
            history = self._histories.get(topic)
            if history is None or history.columns != data.shape[1]:
                history = self._histories[topic] = History(data.shape[1])
            history.append(times, data)
        if self._urgent is not None:
            self._urgent.receive()
            self._urgent.expire()
        self.ticked.emit()

    @Slot()
    def _look_for_pictures(self) -> None:
        if self._feed.has_picture:
            self.frames.update(self._feed.take_frames())
            self.pictured.emit()

    def connect_device(self, endpoints: Endpoints, topics: tuple[str, ...] = ("",)) -> None:
        """Receive the streams of a device server and send it commands, in place of the one before."""
        self._forget_streams()
        self._close_urgent()
        self._urgent = self._io.correspond(endpoints.commands, self._arrived.emit)
        self._io.post(partial(self._io.connect_device, endpoints, topics))
        self._picture_timer.start()

    def add_streams(self, endpoint: str) -> None:
        """Receive also what a child of ours publishes about the present device (a cloud of its depth pictures)."""
        self._io.post(partial(self._io.add_streams, endpoint))

    def drop_streams(self, endpoint: str) -> None:
        """Receive no more from a child of ours that `add_streams` was called for."""
        self._io.post(partial(self._io.drop_streams, endpoint))

    def disconnect_device(self) -> None:
        """Let go of the device server."""
        self._picture_timer.stop()
        self._close_urgent()
        self._io.post(self._io.disconnect_device)
        self._forget_streams()

    def _forget_streams(self) -> None:
        self._feed.clear()
        self.frames.clear()
        self._histories.clear()
        self._rates.clear()

    def command(
        self,
        name: str,
        callback: Callback | None = None,
        timeout_s: float = COMMAND_TIMEOUT_S,
        **arguments: Any,
    ) -> None:
        """Ask the device server; `callback(answer)` runs once, in the Qt thread. Without it, errors are dropped."""
        self._io.post(partial(self._command_in_thread, name, callback or _ignore, timeout_s, arguments))

    def urgent(self, name: str, callback: Callback, timeout_s: float, **arguments: Any) -> None:
        """Ask the device server over a line of its own: the question is with ZeroMQ when this returns.

        A `command` waits until the I/O thread has its turn, behind what the Qt thread does next and what it receives.
        """
        if self._urgent is None:
            callback(Answer(False, error="No device server is connected."))
        else:
            self._urgent.ask(name, arguments, timeout_s, callback)

    def _close_urgent(self) -> None:
        urgent, self._urgent = self._urgent, None
        if urgent is not None:
            urgent.close()

    def _command_in_thread(
        self, name: str, callback: Callback, timeout_s: float, arguments: dict[str, Any]
    ) -> None:
        if self._io.device is None:
            answer = Answer(False, error="No device server is connected.")
            self._io.deliver(Answered(callback, answer))
        else:
            self._io.device.ask(name, arguments, timeout_s, callback)

    def connect_input(self, endpoint: str) -> None:
        """Send beats to this operator process from now on; an empty address: to none."""
        self._io.post(partial(self._io.connect_input, endpoint))

    def send_beat(self, beat: Beat) -> None:
        """Pass on a beat, stamped by the caller in the Qt thread."""
        self._io.post(partial(self._io.send_beat, encode(beat)))

    def send_enable(self, enable: Enable) -> None:
        """Pass an enabling input on to the device server, stamped by the caller in the Qt thread."""
        self._io.post(partial(self._io.send_enable, enable))

    def open_reader(self, folder: Path) -> Reader:
        """Start a reader process on a folder of episodes."""
        return Reader(folder, self.jobs, self._io, self)

    def history(self, topic: str) -> History | None:
        """Return the last seconds of a scalar stream, None while nothing came."""
        return self._histories.get(topic)

    def picture(self, topic: str) -> Frame | None:
        """Return the newest frame of a camera and have it decoded from now on; ask on every tick while it is seen."""
        frame = self.frames.get(topic)
        self._feed.decoder.want(topic, frame)
        return frame

    def replaced(self, topic: str) -> int:
        """Return how many pictures of a topic were overwritten by newer ones before the window took them."""
        return self._feed.replaced(topic)

    def health(self) -> dict[str, Health]:
        """Return measured rate, gaps, overflow and age of every stream; ask about twice a second."""
        return self._rates.measure()

    def close(self) -> None:
        """Stop the timer, end what children are left, close all sockets. Waits for the I/O thread."""
        if self._open:
            self._open = False
            self._timer.stop()
            self._picture_timer.stop()
            self._close_urgent()
            self._io.join()
            self._feed.close()


def _ignore(_answer: Answer) -> None:
    pass
