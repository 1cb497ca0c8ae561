"""What the 3D scene shows of the rig: ground, tool, gripper, touch, path, plan, stroke, and the depth cloud."""

from __future__ import annotations

import numpy as np

from app.core.geometry import pose_to_matrix, transform_points
from widgets.theme.tokens import Theme
from widgets.views.live import Live
from widgets.views.scene.interface import SceneView
from widgets.views.touch import axes, field_points, force_arrow, pad_outline

GROUND = (0.15, 0.85, -0.4, 0.4)  # x from, to, y from, to; metres
GROUND_STEP = 0.1
STROKE_M = 0.20  # the wipe task's; the stream gives its start and direction
STROKE_HALF_WIDTH_M = 0.02
FINGER_M = 0.05
TOUCH_SIZE = 2.5


def _nothing() -> np.ndarray:
    return np.zeros((0, 3))


def set_ground(scene: SceneView, theme: Theme) -> None:
    """Draw the grid of the base plane and the base frame."""
    x0, x1, y0, y1 = GROUND
    pieces: list[list[float]] = []
    for x in np.arange(x0, x1 + 1e-9, GROUND_STEP):
        pieces += [[x, y0, 0.0], [x, y1, 0.0]]
    for y in np.arange(y0, y1 + 1e-9, GROUND_STEP):
        pieces += [[x0, y, 0.0], [x1, y, 0.0]]
    scene.set_lines("ground", np.array(pieces), theme.colour("grid_line"), 1.0, strip=False)


def set_live(scene: SceneView, live: Live, theme: Theme) -> None:
    """Draw the newest state; what is not known is not drawn."""
    pose = live.pose
    _set_stroke(scene, live, theme)
    scene.set_lines("path", live.path, theme.signal("path"), 2.0)
    scene.set_lines("plan", live.plan, theme.signal("plan"), 4.0)
    if pose is None:
        for name in ("pad", "palm", "tool.x", "tool.y", "tool.z", "force", "field", "ghost"):
            scene.set_lines(name, _nothing(), theme.colour("text"), 1.0)
        return
    scene.set_lines("pad", pad_outline(pose), theme.colour("text"), 2.0)
    scene.set_lines("palm", gripper_lines(pose, live.gripper or 0.0), theme.colour("text"), 3.0, strip=False)
    for axis, signal, line in zip("xyz", ("force.x", "force.y", "force.z"), axes(pose, 0.05), strict=True):
        scene.set_lines(f"tool.{axis}", line, theme.signal(signal), 3.0)
    _set_touch(scene, live, theme)
    ghost = pad_outline(live.commanded[:7]) if live.commanded is not None else _nothing()
    scene.set_lines("ghost", ghost, theme.signal("commanded"), 2.0)


def _set_touch(scene: SceneView, live: Live, theme: Theme) -> None:
    pose = live.pose
    assert pose is not None
    arrows = [
        force_arrow(touch.carried_by(pose), touch.wrench, touch.place, live.scales)
        for touch in live.touches
        if touch.wrench is not None
    ]
    over = any(touch.over for touch in live.touches)
    pieces = np.concatenate(arrows) if arrows else _nothing()
    scene.set_lines(
        "force", pieces, theme.signal("over" if over else "force"), 8.0 if over else 5.0, strip=False
    )
    fields = [
        np.stack(
            field_points(touch.carried_by(pose), touch.markers, touch.displacement, TOUCH_SIZE, live.scales),
            axis=1,
        )
        for touch in live.touches
        if touch.markers is not None and touch.displacement is not None
    ]
    pairs = np.concatenate(fields).reshape(-1, 3) if fields else _nothing()
    slips = any(touch.slips for touch in live.touches)
    colour = theme.signal("touch.slip" if slips else "touch.field")
    scene.set_lines("field", pairs, colour, 1.5, strip=False)


def _set_stroke(scene: SceneView, live: Live, theme: Theme) -> None:
    outline = along = _nothing()
    if live.stain is not None:
        outline, along = stroke_lines(live.stain)
    scene.set_lines("stroke", outline, theme.signal("stroke"), 2.0)
    scene.set_lines("stroke.along", along, theme.signal("stroke"), 2.0)


def stroke_lines(stain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return outline (5, 3) and arrow (5, 3) of the stroke that vision estimates.

    Args:
        stain: Start x y z (m) and yaw (rad), base frame.
    """
    along = np.array([np.cos(stain[3]), np.sin(stain[3]), 0.0])
    across = np.array([-along[1], along[0], 0.0])
    start, end, side = stain[:3], stain[:3] + STROKE_M * along, STROKE_HALF_WIDTH_M * across
    outline = np.stack([start - side, end - side, end + side, start + side, start - side])
    barb = end - 0.02 * along
    arrow = np.stack([start, end, barb + 0.01 * across, end, barb - 0.01 * across])
    return outline, arrow


def gripper_lines(pose: np.ndarray, opening_m: float) -> np.ndarray:
    """Return pieces (2k, 3) of a sketched gripper: palm and two fingers `opening_m` apart, behind the tool."""
    half = opening_m / 2 + 0.004
    back = -FINGER_M
    sketch = np.array(
        [
            [0, -half, 0], [0, -half, back], [0, half, 0], [0, half, back], [0, -0.045, back], [0, 0.045, back],
            [0, 0, back], [0, 0, back - 0.06],
        ],
        dtype=float,
    )  # fmt: skip
    return transform_points(pose_to_matrix(pose), sketch)
