"""The thresholds of contact phases of a project, in `PROJECT/phases.json`: one set for forces, one for fields."""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.core.errors import EpisodeError
from app.review.phases import Thresholds

FILE = "phases.json"


def kind_of(topic: str) -> str:
    """Return which set a stream uses: its signal, "wrench" or "field"."""
    return topic.partition("/")[2]


def read_thresholds(project: Path, topic: str) -> dict[str, float]:
    """Return what was chosen for streams of this kind; empty for the defaults.

    Raises:
        EpisodeError: If the file cannot be understood.
    """
    path = project / FILE
    try:
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, float]])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise EpisodeError(
            f"thresholds {path}", f"the file cannot be read ({error})", way_out="Delete it"
        ) from error
    chosen = known.get(kind_of(topic), {})
    return {name: value for name, value in chosen.items() if name in Thresholds.__dataclass_fields__}


def write_thresholds(project: Path, topic: str, thresholds: dict[str, float]) -> None:
    """Remember thresholds for streams of this kind.

    Raises:
        EpisodeError: If the file cannot be written.
    """
    path = project / FILE
    try:
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, float]])
    except (OSError, msgspec.DecodeError):
        known = {}
    known[kind_of(topic)] = thresholds
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(known), indent=1))
    except OSError as error:
        raise EpisodeError(f"thresholds {path}", f"they cannot be written ({error.strerror})") from error
