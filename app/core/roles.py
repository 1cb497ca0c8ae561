"""The table of roles: what `python main.py ROLE` can be, and which module does it. Read by `main` alone."""

from __future__ import annotations

# role: (module, what it does)
ROLES: dict[str, tuple[str, str]] = {
    "window": ("widgets.application", "open the window"),
    "serve": ("app.session.serve", "serve the devices of a rig until stopped"),
    "device": ("devices.server", "one device server (started by serve)"),
    "franka": ("devices.arms.franka_process", "the 1 kHz loop of a Franka arm (started by device)"),
    "collect": ("app.session.collect", "record demonstrations on a rig"),
    "operate": ("app.teleop.process", "operator process (started by collect)"),
    "tones": ("app.teleop.tones", "let the contact force be heard (started by the window)"),
    "leader": ("app.teleop.calibrate", "calibrate a leader arm: which posture its servos are in"),
    "calibrate": ("app.calibration.process", "calibrate a camera, print the board, see if one moved"),
    "record": ("recorders.process", "recorder process (started by collect and deploy)"),
    "episodes": ("app.review.listing", "list and verify the episodes of a folder"),
    "quality": ("app.quality.process", "measure episodes, and say which are worth watching"),
    "export": ("app.exchange.exporting", "write episodes for another training code"),
    "import": ("app.exchange.importing", "read another program's episodes"),
    "unpack": ("app.exchange.unpacking", "read a foreign set within limits (started by import)"),
    "peek": ("app.review.peek", "read one doubtful episode file within limits (started by a listing)"),
    "read": ("app.review.reader", "serve episodes to the window (started by it)"),
    "cloud": ("app.cloud.process", "a coloured cloud of the depth cameras (started by the window)"),
    "splat": ("app.cloud.drawing", "a picture of that cloud as the 3D scene sees it (started by the window)"),
    "augment": ("app.augment.process", "multiply demonstrations by synthetic perturbation"),
    "train": ("app.learning.train", "train a policy"),
    "policy": ("app.learning.serve", "policy process (started by deploy)"),
    "deploy": ("app.deploy.process", "run a policy on a rig and score it"),
    "demo": ("app.demo.process", "the whole loop without a display"),
    "shots": ("widgets.shots", "a picture of each workspace"),
    "keys": ("app.keys.process", "keys for serving a rig to other machines"),
    "bench": ("app.bench.process", "measure this machine: wire, record, window, overlay, review"),
    "bench-overlay": ("widgets.bench.overlay", "cost of touch over a picture (typed as `bench overlay`)"),
    "bench-review": ("widgets.bench.review", "seeking and playing in Review (typed as `bench review`)"),
    "bench-library": (
        "widgets.bench.library",
        "the list of thousands of episodes (typed as `bench library`)",
    ),
    "bench-episodes": ("app.bench.episodes", "the episodes for `bench library` (started by it)"),
    "bench-window": ("widgets.bench.process", "the window under load (typed as `bench window`)"),
    "doctor": ("app.doctor.process", "what this machine has and lacks"),
}
