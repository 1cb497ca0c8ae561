"""Draws a small scene with MuJoCo through the backend named in MUJOCO_GL and checks the picture."""

from __future__ import annotations

import json
import time

import mujoco

SCENE = """
<mujoco>
  <visual><global offwidth="320" offheight="240"/><quality offsamples="0"/></visual>
  <worldbody>
    <light pos="0 -1 2" dir="0 0.4 -1"/>
    <geom type="sphere" size="0.3" rgba="0.9 0.1 0.1 1"/>
    <camera name="front" pos="0 -2 0" xyaxes="1 0 0 0 0 1"/>
  </worldbody>
</mujoco>
"""
FRAMES = 20


def main() -> None:
    """Print the time per picture; fail if the picture is not of the scene.

    Raises:
        SystemExit: The middle of the picture is not red, or its corner is.
    """
    model = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    renderer = mujoco.Renderer(model, height=240, width=320)
    try:
        renderer.update_scene(data, camera="front")
        picture = renderer.render()
        began = time.perf_counter()
        for _ in range(FRAMES):
            picture = renderer.render()
        milliseconds = 1000.0 * (time.perf_counter() - began) / FRAMES
    finally:
        renderer.close()
    red, green, _ = (int(value) for value in picture[120, 160])
    if red < 2 * green or red < 40 or int(picture[2, 2, 0]) > 40:
        raise SystemExit(
            f"the picture is wrong: middle {picture[120, 160].tolist()}, corner {picture[2, 2].tolist()}"
        )
    print(json.dumps({"milliseconds": round(milliseconds, 1)}))


if __name__ == "__main__":
    main()
