"""Where tones go: the sound card, by PortAudio, or a WAV file that is written as fast as it would be heard."""

from __future__ import annotations

import importlib
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from app.core.errors import DeviceError
from devices.parts.extras import install_command

BLOCK = 256  # samples: 5 ms at 48 kHz
Render = Callable[[int], np.ndarray]


class Sink(Protocol):
    """Plays what `render` gives, in a thread of its own."""

    @property
    def alive(self) -> bool:
        """Whether it still plays."""
        ...

    def close(self) -> None:
        """Stop playing."""
        ...


class SoundCard:
    """The sound card that the system has chosen.

    Args:
        render: Called by PortAudio's thread for the next samples.

    Raises:
        DeviceError: If the package, PortAudio or a sound card is missing.
    """

    def __init__(self, render: Render, rate_hz: int) -> None:
        sounddevice = _library()

        def fill(out: np.ndarray, count: int, _time: Any, _status: Any) -> None:
            out[:, 0] = render(count)

        try:
            self._stream = sounddevice.OutputStream(
                samplerate=rate_hz, channels=1, dtype="float32", blocksize=BLOCK, latency="low", callback=fill
            )
            self._stream.start()
        except sounddevice.PortAudioError as error:
            reason = str(error.args[0]).partition("[")[0].strip()
            raise DeviceError(
                "tones",
                f"no sound card can be used ({reason})",
                way_out="Plug one in, or choose one in the system",
            ) from error

    @property
    def alive(self) -> bool:
        """Whether it still plays; a card that was unplugged does not."""
        return bool(self._stream.active)

    def close(self) -> None:
        """Stop playing."""
        self._stream.close()


class WavFile:
    """A file that takes what would be heard, in real time: 16 bits, one channel."""

    def __init__(self, path: Path, render: Render, rate_hz: int) -> None:
        self._file = wave.open(str(path), "wb")  # noqa: SIM115 - closed by `close`
        self._file.setnchannels(1)
        self._file.setsampwidth(2)
        self._file.setframerate(rate_hz)
        self._render, self._rate = render, rate_hz
        self._open = True
        self._thread = threading.Thread(target=self._play, name="tones", daemon=True)
        self._thread.start()

    def _play(self) -> None:
        next_s = time.monotonic()
        while self._open:
            samples = np.clip(self._render(BLOCK), -1.0, 1.0)
            self._file.writeframesraw(np.round(samples * 32767.0).astype("<i2").tobytes())
            next_s += BLOCK / self._rate
            time.sleep(max(0.0, next_s - time.monotonic()))

    @property
    def alive(self) -> bool:
        """Whether it still writes."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Finish the file."""
        self._open = False
        self._thread.join()
        self._file.close()


def _library() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except ImportError as error:
        raise DeviceError(
            "tones", "the package sounddevice is missing", way_out=f"Install it: `{install_command('sound')}`"
        ) from error
    except OSError as error:  # the package is there, the library that it speaks for is not
        raise DeviceError(
            "tones", "PortAudio is missing", way_out="Install it: `sudo apt-get install libportaudio2`"
        ) from error
