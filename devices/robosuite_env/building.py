"""Builds a robosuite environment with one arm that takes absolute poses in its base frame."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import Any

from app.core.errors import DeviceError, RigError
from devices.robosuite_env.options import RobosuiteOptions

ARM = "right"  # what robosuite calls the arm of a robot that has one
OWN_SETTINGS = ("seed", "robots", "controller_configs", "control_freq", "horizon", "hard_reset")


def import_robosuite() -> Any:
    """Return the module; its log goes to standard error, and after the import only warnings and worse.

    Raises:
        DeviceError: If it cannot be imported.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            import robosuite
    except ImportError as error:
        raise DeviceError("robosuite", f"it cannot be imported ({error})") from error
    robosuite.ROBOSUITE_DEFAULT_LOGGER.setLevel(logging.WARNING)
    return robosuite


def build(options: RobosuiteOptions) -> Any:
    """Return the environment.

    Raises:
        RigError: If environment or robot do not exist, do not fit each other, or have more than one arm.
    """
    robosuite = import_robosuite()
    check_name("env", options.env, robosuite.ALL_ENVIRONMENTS)
    check_name("robot", options.robot, robosuite.ALL_ROBOTS)
    if taken := sorted(set(options.settings) & set(OWN_SETTINGS)):
        raise RigError("option `settings`", f"{', '.join(taken)} cannot be set there")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            env = robosuite.make(
                options.env, robots=options.robot, controller_configs=controller(robosuite, options),
                has_renderer=False, has_offscreen_renderer=False, use_camera_obs=False,
                control_freq=1000 / options.tick_ms, ignore_done=True, hard_reset=False, reward_shaping=True, seed=0,
                initialization_noise={"magnitude": options.start_noise, "type": "gaussian"}, **options.settings,
            )  # fmt: skip
    except (
        AssertionError,
        TypeError,
        ValueError,
        KeyError,
    ) as error:  # what robosuite says to wrong combinations
        raise RigError(
            f"robosuite {options.env} with {options.robot}", f"it cannot be built ({error or 'they do not fit'})",
            way_out="Take a task for one arm, and check `settings`",
        ) from error  # fmt: skip
    if env.robots[0].arms != [ARM]:
        raise RigError(f"robot {options.robot!r}", "it has more than one arm, and a rig has one")
    for name in list(env.observation_names):
        env.modify_observable(name, "enabled", False)  # they are measured here, once a period
    return env


def check_name(option: str, name: str, known: Any) -> None:
    """Refuse a name that robosuite does not know.

    Raises:
        RigError: If it does not.
    """
    if name not in known:
        raise RigError(f"option `{option}`", f"robosuite has no {name!r}", options=sorted(known))


def controller(robosuite: Any, options: RobosuiteOptions) -> dict[str, Any]:
    """Return the robot's own controller configuration, with operational space control of absolute poses."""
    config: dict[str, Any] = robosuite.load_composite_controller_config(robot=options.robot)
    for part in ("left", "torso", "head", "base", "legs"):
        config["body_parts"].pop(part, None)
    arm = config["body_parts"][ARM]
    arm.update(
        type="OSC_POSE", input_type="absolute", input_ref_frame="base", impedance_mode="fixed", interpolation=None,
        kp=options.stiffness, damping_ratio=1.0, kp_limits=[0.0, 2.0 * options.stiffness],
    )  # fmt: skip
    return config
