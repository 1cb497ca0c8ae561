"""The table of tasks: a name, and all that makes the task. A new task is a row here and a file beside.

Its scripted operators are in the table of `app.teleop.scripted`, under the same name: they see streams only, and
so know nothing of this package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from devices.simulated import furniture
from devices.simulated import geometry as g
from devices.simulated.looks import Look, fading_stain, peeled_strip
from devices.simulated.orchard import BLADE_GEOM, FRUIT_GEOMS, furnish_peel
from devices.simulated.tasks.interface import Task
from devices.simulated.tasks.peel import PeelTask
from devices.simulated.tasks.wipe import WipeTask


@dataclass(frozen=True)
class TaskKind:
    """What makes a task.

    Attributes:
        make: Makes its true state.
        furnish: Adds finger, object and their contact to an `MjSpec`.
        touching: Name of the shape whose load the gel feels.
        surfaces: Names of the object's shapes that count as touched.
        look: Makes what shows its progress in a picture model.
    """

    make: Callable[[], Task]
    furnish: Callable[[Any], None]
    touching: str
    surfaces: tuple[str, ...]
    look: Callable[[Any], Look]


TASKS: Final[dict[str, TaskKind]] = {
    "wipe": TaskKind(WipeTask, furniture.furnish_wipe, g.PAD_GEOM, (g.BOARD_GEOM,), fading_stain),
    "peel": TaskKind(PeelTask, furnish_peel, BLADE_GEOM, FRUIT_GEOMS, peeled_strip),
}
