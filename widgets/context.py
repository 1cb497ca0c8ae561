"""What every page gets: the bridge, the rig, the project's folders, notifications, status, theme, hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.core.project import (
    augmented_folder,
    demonstrations_folder,
    project_folder,
    rollouts_folder,
    runs_folder,
)
from widgets.bridge.bridge import Bridge
from widgets.bridge.jobs import Jobs
from widgets.cloud_session import CloudSession
from widgets.hand.hand import Hand
from widgets.inputs.tones import Tones
from widgets.notifications.centre import Notifications
from widgets.rig_session import RigSession
from widgets.status import StatusModel
from widgets.theme.tokens import Theme


@dataclass(frozen=True)
class Project:
    """The folders of the project that is open.

    Attributes:
        root: Holds everything.
        demonstrations, augmented, rollouts: Folders of episodes (a reader can be opened on each).
        runs: One sub-folder for each training run.
    """

    root: Path
    demonstrations: Path
    augmented: Path
    rollouts: Path
    runs: Path

    @staticmethod
    def open(root: Path | None = None) -> Project:
        """Return a project by its root (the person's own by default); its folders are made if missing."""
        root = (root or project_folder()).expanduser().absolute()
        project = Project(
            root,
            demonstrations_folder(root),
            augmented_folder(root),
            rollouts_folder(root),
            runs_folder(root),
        )
        for folder in (project.demonstrations, project.augmented, project.rollouts, project.runs):
            folder.mkdir(parents=True, exist_ok=True)
        return project


@dataclass(frozen=True)
class WindowContext:
    """Everything that a page may use; pages never open a socket, a device or an episode file themselves.

    Attributes:
        bridge: Streams (`history`, `frames`, `health`), device commands, readers, `ticked` at 60 Hz.
        jobs: Starts roles as child processes (`jobs.start("train", …) -> Job`).
        rig: The one device server that Collect and Deploy share: `rig.ensure()`, `rig.info`, `rig.connect_text`;
            `rig.claim(name)` before moving the arm, `rig.release(name)` after.
        project: Where episodes and runs live.
        notifications: `info`, `warning`, `error`: what the person must see.
        status: The status strip; the page that runs something sets it.
        theme: Colours, sizes, fonts.
        hand: Keyboard and mouse with the dead-man; `hand.engage(endpoint, page)` sends beats there.
        clouds: The cloud of the rig's depth cameras: whether, how fine, `refine()`.
        tones: Let the contact force be heard; off until the person wants them.
        autostart: Connect the rig as soon as Collect appears (tests may not want that).
    """

    bridge: Bridge
    jobs: Jobs
    rig: RigSession
    project: Project
    notifications: Notifications
    status: StatusModel
    theme: Theme
    hand: Hand
    tones: Tones
    clouds: CloudSession
    autostart: bool = True
