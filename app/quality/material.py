"""What of an episode is measured: its streams as arrays, found by what they are and not by their names."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import simplejpeg

from app.core.clock import NS_PER_S
from app.core.errors import EpisodeError
from app.core.sensors import camera_devices, field_devices, wrench_devices
from recorders.reader import EpisodeFile


@dataclass(frozen=True)
class Stream:
    """Samples in the order of time.

    Attributes:
        topic: `device/signal`.
        t_ns: Session times (n,), int64, not decreasing.
        data: Samples (n, *shape), float64.
    """

    topic: str
    t_ns: np.ndarray
    data: np.ndarray

    @property
    def device(self) -> str:
        """Which device sent it."""
        return self.topic.partition("/")[0]

    @property
    def seconds(self) -> np.ndarray:
        """Times (n,) in seconds since the first sample."""
        return (self.t_ns - self.t_ns[0]) / NS_PER_S


@dataclass(frozen=True)
class Material:
    """One episode, as much of it as is measured; only samples within `start_ns` to `end_ns`.

    Attributes:
        applied, commanded, pose, gripper: By device (an arm); poses in m and quaternion w x y z, base frame.
        reasons: Bits of the governor (`app.core.safety.reasons`), by device.
        wrenches: N and N·m (n, 6), tool frame, by device.
        fields: Displacements (n, markers, 3) in mm, by device.
        pictures: Luma of the first picture (height, width), 0 to 255, by camera; the main camera first.
        sequences: (session times, sequence numbers) of every stream, by topic.
        limits: Of the rig, when it was recorded.
    """

    start_ns: int
    end_ns: int
    applied: dict[str, Stream] = field(default_factory=dict)
    commanded: dict[str, Stream] = field(default_factory=dict)
    pose: dict[str, Stream] = field(default_factory=dict)
    gripper: dict[str, Stream] = field(default_factory=dict)
    reasons: dict[str, Stream] = field(default_factory=dict)
    wrenches: dict[str, Stream] = field(default_factory=dict)
    fields: dict[str, Stream] = field(default_factory=dict)
    pictures: dict[str, np.ndarray] = field(default_factory=dict)
    sequences: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return max(0, self.end_ns - self.start_ns) / NS_PER_S


def read_material(file: EpisodeFile, span_ns: tuple[int, int] | None = None) -> Material:
    """Read what is measured of an open episode.

    Args:
        span_ns: The part to look at (session times); the whole take by default.

    Raises:
        EpisodeError: If bytes of it are broken.
    """
    start, end = span_ns or (file.start_ns, file.end_ns)
    specs = [file.spec(topic) for topic in file.topics]
    found = Material(start, end)
    raw = {spec.topic: spec for spec in specs if spec.encoding == "raw" and not spec.privileged}
    for topic, spec in raw.items():
        place: dict[str, dict[str, Stream]] = {
            "applied": found.applied, "commanded": found.commanded, "pose": found.pose,
            "gripper": found.gripper, "reasons": found.reasons,
        }  # fmt: skip
        width = int(np.prod(spec.shape)) if spec.shape else 1
        least = {"applied": 7, "commanded": 7, "pose": 7}.get(spec.signal, 1)
        if spec.signal in place and width >= least:
            place[spec.signal][spec.device] = _stream(file, topic, start, end)
    for device in wrench_devices(raw.values()):
        found.wrenches[device] = _stream(file, f"{device}/wrench", start, end)
    for device in field_devices(raw.values()):
        found.fields[device] = _stream(file, f"{device}/field", start, end)
    for device in sorted(camera_devices(specs), key=lambda name: (name.startswith("wrist"), name)):
        _add_picture(found, file, device, start)
    for topic in file.topics:
        found.sequences[topic] = (file.times_ns(topic), file.column(topic, "seq"))
    return found


def _stream(file: EpisodeFile, topic: str, start_ns: int, end_ns: int) -> Stream:
    times = file.times_ns(topic)
    first, last = np.searchsorted(times, start_ns), np.searchsorted(times, end_ns, side="right")
    data = np.asarray(file.data(topic)[first:last], dtype=np.float64)
    return Stream(topic, times[first:last], data)


def _add_picture(found: Material, file: EpisodeFile, device: str, start_ns: int) -> None:
    topic = f"{device}/color"
    times = file.times_ns(topic)
    index = int(np.searchsorted(times, start_ns))
    if file.spec(topic).encoding != "jpeg" or index >= len(times):
        return
    try:
        picture = simplejpeg.decode_jpeg(file.picture(topic, index), colorspace="GRAY")
    except ValueError as error:
        raise EpisodeError(
            f"episode {file.path}", f"the first picture of {topic} is broken ({error})"
        ) from error
    found.pictures[device] = picture[:, :, 0]
