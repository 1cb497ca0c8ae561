"""A calibration on a rig that runs: follows one camera and the tool's pose, tells the window how it goes.

States to the parent: `look` (what is seen now), `views` (all views with residuals), `solved`, `saved`. Intents from it:
`take`, `automatic {on}`, `drop {index}`, `restart`, `solve`, `save`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.calibration.board import Finder
from app.calibration.gather import Gatherer, Look
from app.calibration.hand_eye import LEAST_POSES, Mount
from app.calibration.recorded import Keeper
from app.calibration.solve import solve, summary
from app.calibration.views import LEAST_VIEWS, Collection
from app.core.calibration import BoardSpec, Calibration, CalibrationError, calibration_path, save_calibration
from app.core.errors import TouchstoneError
from app.core.link.child import ChildLink
from app.core.sensors import picture_sizes
from app.core.wire.client import DeviceClient
from app.core.wire.codec import decode_array
from app.core.wire.messages import SampleHeader, ServerInfo

LOOK_S = 0.12  # looking at a picture costs a few milliseconds; eight times a second is enough for a person
POSE_TOPIC = "arm/pose"


class LiveCalibration:
    """One camera of one rig.

    Args:
        keep: Folder for the pictures of the views; None: they are not kept.
    """

    def __init__(
        self, link: ChildLink, client: DeviceClient, info: ServerInfo, camera: str, mount: Mount, board: BoardSpec,
        keep: Path | None = None,
    ) -> None:  # fmt: skip
        self._link, self._client, self._info = link, client, info
        self._camera, self._mount, self._board = camera, mount, board
        self._topic = f"{camera}/color"
        size = picture_sizes(info.streams)[camera]
        self.gatherer = Gatherer(Collection(Finder(board), size), automatic=True)
        self.gray: np.ndarray | None = None
        self.solved: Calibration | None = None
        self.saved = ""
        self._keeper = Keeper(keep) if keep is not None else None
        self._waiting: tuple[SampleHeader, bytes] | None = None
        self._next_look = 0.0
        client.subscribe((self._topic, POSE_TOPIC))

    @property
    def collection(self) -> Collection:
        """The views so far."""
        return self.gatherer.collection

    def step(self) -> None:
        """Take in what came, look at the newest picture if it is due, and obey the parent."""
        for topic, header, buffer in self._client.receive(20):
            if topic == POSE_TOPIC.encode():
                self.gatherer.poses.feed(header.t_ns, decode_array(header, buffer))
            elif topic == self._topic.encode() and header.encoding == "jpeg":
                self._waiting = header, bytes(buffer)
        if self._waiting is not None and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_S
            (header, jpeg), self._waiting = self._waiting, None
            self._look(header, jpeg)
        for intent in self._link.poll():
            self._obey(intent)

    def _look(self, header: SampleHeader, jpeg: bytes) -> None:
        gray = cv2.imdecode(np.frombuffer(jpeg, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
        if gray is None:
            return
        self.gray = np.asarray(gray)
        look = self.gatherer.picture(self.gray, header.t_ns[-1])
        if look.taken:
            view = self.collection.views[-1]
            if self._keeper is not None and view.tool is not None:
                self._keeper.keep(len(self.collection.views), self.gray, view.tool)
            self.solved = None
            self.tell_views()
        self._tell_look(look)

    def _tell_look(self, look: Look) -> None:
        corners = look.sighting.corners + 0.5 if look.sighting is not None else np.zeros((0, 2))
        self._link.send(
            "state", name="look", corners=np.round(corners, 1).tolist(), still=look.still, taken=look.taken,
            words=look.words, views=len(self.collection.views),
        )  # fmt: skip

    def tell_views(self) -> None:
        """Tell all views, the coverage, and what is still missing."""
        views = self.collection.views
        self._link.send(
            "state", name="views", coverage=self.collection.coverage().tolist(), advice=self.collection.advice(),
            enough=len(views) >= max(LEAST_VIEWS, LEAST_POSES),
            views=[
                {"name": view.name, "corners": len(view.sighting.ids), "residual_px": view.residual_px,
                 "rejected": view.rejected} for view in views
            ],
        )  # fmt: skip

    def _obey(self, intent: dict[str, Any]) -> None:
        name = intent.get("name")
        try:
            if name == "take":
                self.gatherer.wanted = True
            elif name == "automatic":
                self.gatherer.automatic = bool(intent.get("on"))
            elif name == "drop":
                index = int(intent.get("index", -1))
                if 0 <= index < len(self.collection.views):
                    del self.collection.views[index]
                    self.tell_views()
            elif name == "restart":
                self.collection.views.clear()
                self.tell_views()
            elif name == "solve":
                self.solve()
            elif name == "save":
                self.save()
        except TouchstoneError as error:
            self._link.send("state", name="problem", text=error.sentence())

    def solve(self) -> Calibration:
        """Calibrate from the views, and tell the result.

        Raises:
            CalibrationError: If they do not suffice.
        """
        made, _ = solve(self._info.rig, self._camera, self._mount, self._board, self.collection)
        self.solved = made
        self.tell_views()
        fit = made.residuals
        self._link.send(
            "state", name="solved", text=summary(made), held_out_px=fit.held_out_px, held_out_mm=fit.held_out_mm,
            intrinsics_px=fit.intrinsics_px, methods=fit.methods_px, pose=list(made.pose),
            focal_px=made.fx, mount=made.mount,
        )  # fmt: skip
        return made

    def save(self) -> str:
        """Keep the calibration and the picture that it stands for; returns the file.

        Raises:
            CalibrationError: If there is none, or the file cannot be written.
        """
        if self.solved is None:
            raise CalibrationError(
                f"camera {self._camera!r}", "there is nothing to keep yet", way_out="Solve first"
            )
        self.saved = keep(self.solved, self.gray)
        self._link.send("state", name="saved", path=self.saved)
        return self.saved


def keep(calibration: Calibration, gray: np.ndarray | None) -> str:
    """Keep a calibration, with the picture by which a fixed camera is later seen to have moved; returns the file."""
    path = save_calibration(calibration)
    picture = calibration_path(calibration.rig, calibration.camera, ".png")
    picture.unlink(missing_ok=True)
    if gray is not None and calibration.mount == "base":
        cv2.imwrite(str(picture), gray)
    return str(path)
