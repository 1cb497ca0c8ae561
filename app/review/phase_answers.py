"""What the reader answers about contact phases: proposals by thresholds, and marks of many episodes at once.

Each method named `on_…` is a command of `resources/help/protocols.md`, "Reader".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import EpisodeError
from app.core.ids import new_uuid
from app.core.sensors import field_devices, wrench_devices
from app.review.phases import Thresholds, find_phases
from app.review.shelf import Shelf
from recorders.history import write_group
from recorders.reader import EpisodeFile
from recorders.sheets import change_labels

MM_PER_N = 0.06  # thresholds for a field alone: markers' mean displacement where a wrench would have been asked for 1 N


class PhaseAnswers:
    """Commands that find phases in an episode file."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def on_phases(
        self, folder: Path, episode: str, topic: str = "", thresholds: dict[str, float] | None = None
    ) -> dict[str, Any]:
        """Return proposed phases: {phases: [[start_ns, end_ns, name]], topic, unit, thresholds}.

        Args:
            topic: A wrench or a field; by default the first wrench, without one the first field.
            thresholds: Fields of `app.review.phases.Thresholds`; those not named have their defaults.
        """
        file = self.shelf.episode(folder, episode)
        topic = topic or first_touch(file)
        strength = strength_of(file, topic)
        chosen = chosen_thresholds(topic, thresholds or {})
        pose_ns = poses = None
        if "arm/pose" in file.topics:
            pose_ns, poses = file.times_ns("arm/pose"), file.data("arm/pose")
        found = find_phases(
            file.times_ns(topic), strength, chosen, pose_ns, poses, (file.start_ns, file.end_ns)
        )
        return {
            "phases": [[phase.start_ns, phase.end_ns, phase.name] for phase in found],
            "topic": topic,
            "unit": "N" if topic.endswith("/wrench") else "mm",
            "thresholds": {name: getattr(chosen, name) for name in Thresholds.__dataclass_fields__},
        }

    def on_mark_phases(self, folder: Path, marks: dict[str, list[list[Any]]]) -> dict[str, Any]:
        """Write phase marks of many episodes as one step, which one undo takes back; returns {changed, failed}."""
        group, changed, failed = new_uuid(), [], {}
        write_group(folder, group, list(marks))
        for uuid, phases in marks.items():
            try:
                change_labels(folder, uuid, {"phases": phases}, group)
                changed.append(uuid)
            except EpisodeError as error:
                failed[uuid] = error.sentence()
        return {"changed": changed, "failed": failed}


def chosen_thresholds(topic: str, said: dict[str, float]) -> Thresholds:
    """Return the thresholds for a stream: what was said, and defaults in the stream's unit.

    Raises:
        EpisodeError: If one is unknown or no positive number.
    """
    names = tuple(Thresholds.__dataclass_fields__)
    if unknown := sorted(set(said) - set(names)):
        raise EpisodeError("thresholds of phases", f"{unknown[0]!r} is none", options=names)
    values = {name: float(value) for name, value in said.items()}
    for name, value in values.items():
        if not np.isfinite(value) or value < 0:
            raise EpisodeError(
                "thresholds of phases", f"{name} cannot be {value:g}", way_out="Give 0 or more"
            )
    if not topic.endswith("/wrench"):
        default = Thresholds()
        values = {"enter": default.enter * MM_PER_N, "leave": default.leave * MM_PER_N} | values
    return Thresholds(**values)


def first_touch(file: EpisodeFile) -> str:
    """Return the first wrench of an episode, without one its first field.

    Raises:
        EpisodeError: If it has neither.
    """
    specs = [file.spec(topic) for topic in file.topics]
    for devices, signal in ((wrench_devices(specs), "wrench"), (field_devices(specs), "field")):
        if devices:
            return f"{devices[0]}/{signal}"
    raise EpisodeError(
        f"episode {file.path}", "it has neither a wrench nor a touch field, so no contact is known"
    )


def strength_of(file: EpisodeFile, topic: str) -> np.ndarray:
    """Return how strong touch is at each sample (n,): N of a wrench, mm (mean over the markers) of a field."""
    data = np.asarray(file.data(topic), dtype=np.float64)
    if topic.endswith("/wrench") and data.shape[1:] == (6,):
        return np.asarray(np.linalg.norm(data[:, :3], axis=1))
    if topic.endswith("/field") and data.ndim == 3:
        return np.asarray(np.linalg.norm(data, axis=2).mean(axis=1))
    raise EpisodeError(
        f"episode {file.path}", f"{topic!r} is neither a wrench nor a touch field", options=file.topics
    )
