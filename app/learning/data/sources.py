"""From data folders to episodes on the grid: kept successes only, trims applied, provenance noted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from app.core.episodes import EpisodeRow
from app.core.errors import LearningError
from app.learning.choosing import DataChoice, DataReport, family_of, sift
from app.learning.config import MARKER_VALUES, CamerasConfig, EpisodeSource, GridConfig, RunConfig
from app.learning.data.arrays import EpisodeArrays, resample
from app.learning.data.dataset import Series
from app.learning.data.gallery import CACHE, open_gallery
from app.learning.data.split import held_out
from recorders.labels import kept_successes
from recorders.library import list_episodes
from recorders.measures import with_measures
from recorders.reader import EpisodeFile

HASH_BLOCK = 1 << 20


@dataclass(frozen=True)
class Loaded:
    """One episode with where it came from and for which rig and task it was recorded."""

    source: EpisodeSource
    rig: str
    task: str
    arrays: EpisodeArrays

    @property
    def markers(self) -> int:
        """Number of touch markers of all fingers."""
        return self.arrays.field.shape[1] // MARKER_VALUES

    @property
    def kind(self) -> tuple[object, ...]:
        """What has to be the same in all episodes of a policy."""
        return (self.rig, self.task, self.markers, self.arrays.layout)


def choose(folders: Sequence[Path], choice: DataChoice) -> tuple[list[EpisodeRow], DataReport]:
    """Return the episodes of all folders to learn from, and what became of the others.

    Raises:
        EpisodeError: If a folder or the labels of an episode cannot be read.
    """
    rows: list[EpisodeRow] = []
    for folder in folders:
        kept_successes(folder)  # refuses labels that cannot be read
        rows += with_measures(folder, list_episodes(folder))
    return sift(rows, choice)


def load_folders(
    folders: Sequence[Path],
    grid: GridConfig,
    seed: int,
    cameras: Sequence[str] = (),
    choice: DataChoice | None = None,
) -> list[Loaded]:
    """Return the kept successes of all folders, with a tenth of them held out; `cameras` have to be in each.

    Args:
        choice: What is left out; nothing by default.

    Raises:
        LearningError: If there is none, or they are of different rigs, tasks or touch sensors.
        EpisodeError: If a folder or a file cannot be read.
    """
    rows, report = choose(folders, choice or DataChoice())
    kept = {row.uuid: row for row in rows}
    if report.left_out and not kept:
        raise LearningError(
            f"training data {', '.join(str(folder) for folder in folders)}",
            f"all {len(report.left_out)} kept successes are left out by choice",
            way_out="Ask for a smaller --least-score, or for fewer kinds of flags in --without",
        )
    if not kept:
        raise LearningError(
            f"training data {', '.join(str(folder) for folder in folders)}", "it holds no kept success",
            way_out="Record demonstrations, or mark good ones as success in Review",
        )  # fmt: skip
    families = {uuid: family_of(row) for uuid, row in kept.items()}
    out = held_out(families.values(), seed)
    episodes = [
        load_file(Path(row.path), row.span_ns, grid, families[uuid] in out, uuid, cameras)
        for uuid, row in kept.items()
    ]
    require_same(episodes)
    return episodes


def load_again(config: RunConfig) -> list[Loaded]:
    """Return exactly the episodes that a run was started with.

    Raises:
        LearningError: If a file is missing or has other content.
    """
    episodes = []
    for source in config.episodes:
        path = Path(source.file)
        if not path.is_file():
            raise LearningError(
                f"episode {source.uuid}", f"the run was started with it, but {path} is missing",
                way_out="Put it back, or start a new run",
            )  # fmt: skip
        again = load_file(
            path, (source.start_ns, source.end_ns), config.settings.grid, source.validation, source.uuid,
            config.settings.cameras.names,
        )  # fmt: skip
        if again.source.sha256 != source.sha256:
            raise LearningError(
                f"episode {path}",
                "its content is not what the run was started with",
                way_out="Start a new run",
            )
        episodes.append(again)
    return episodes


def load_file(
    path: Path,
    trim_ns: tuple[int, int],
    grid: GridConfig,
    validation: bool,
    uuid: str,
    cameras: Sequence[str] = (),
) -> Loaded:
    """Return one episode on the grid: a file, or the part of one that has this `uuid`."""
    with EpisodeFile(path) as file:
        arrays = resample(file, grid, str(path), trim_ns, cameras)
        rig: dict[str, Any] = file.attributes["rig"] or {}
        name, task = str(rig.get("rig", "unknown")), str(file.attributes["task"])
    source = EpisodeSource(
        uuid=uuid, file=str(path.resolve()), sha256=digest(path), ticks=len(arrays), validation=validation,
        start_ns=trim_ns[0], end_ns=trim_ns[1],
    )  # fmt: skip
    return Loaded(source, name, task, arrays)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    value = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(HASH_BLOCK):
            value.update(block)
    return value.hexdigest()


def require_same(episodes: Sequence[Loaded]) -> None:
    """Refuse episodes that do not belong into one policy.

    Raises:
        LearningError: Naming the first two that differ.
    """
    first = episodes[0]
    for other in episodes[1:]:
        if other.kind != first.kind:
            sides = [f"{item.rig!r} / {item.task!r} with {item.markers} markers" for item in (first, other)]
            raise LearningError(
                "training data", f"{first.source.file} is of {sides[0]}, {other.source.file} of {sides[1]}",
                way_out="Train on one rig and task at a time",
            )  # fmt: skip


def with_pictures(
    series: Series, sources: Sequence[EpisodeSource], cameras: CamerasConfig, runs: Path
) -> Series:
    """Return the series with the pictures of its episodes; as it is where no camera is used.

    Args:
        runs: The folder beside whose runs the decoded pictures are kept.
    """
    if not cameras.names:
        return series
    return replace(series, gallery=open_gallery(runs / CACHE, sources, cameras))


def sources_of(episodes: Sequence[Loaded]) -> tuple[EpisodeSource, ...]:
    """Return the provenance of all episodes, in order."""
    return tuple(msgspec.structs.replace(episode.source) for episode in episodes)
