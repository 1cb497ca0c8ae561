"""Environments of the peers, one each, because what they pin clashes with ours. Made once and kept in the cache."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass

from app.core.project import cache_folder

TORCH = (
    "torch==2.13.0"  # first and alone: asked for by any of the others, pip would fetch an accelerated build
)


@dataclass(frozen=True)
class Environment:
    """A virtual environment.

    Attributes:
        steps: Arguments of `pip install`, one call each, in order.
    """

    name: str
    steps: tuple[tuple[str, ...], ...]

    def python(self) -> str:
        """Return its interpreter; makes the environment when it is missing or was made by other steps."""
        folder = cache_folder() / "interop" / self.name
        stamp = folder / "made-of"
        wanted = hashlib.sha256(repr(self.steps).encode()).hexdigest()
        python = folder / "bin" / "python"
        if not stamp.is_file() or stamp.read_text() != wanted:
            say(f"{self.name}: making {folder}")
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
            for step in self.steps:
                say(f"{self.name}: pip install {' '.join(step)}")
                subprocess.run(
                    [str(python), "-m", "pip", "install", "--quiet", *step], check=True, stdout=sys.stderr
                )
            stamp.write_text(wanted)
        return str(python)

    def version(self, package: str) -> str:
        """Return the version of a package in it."""
        script = f"import importlib.metadata as m; print(m.version({package!r}))"
        done = subprocess.run([self.python(), "-c", script], capture_output=True, text=True, check=True)
        return done.stdout.strip()


def say(words: str) -> None:
    """Tell the person what takes so long."""
    print(words, file=sys.stderr, flush=True)


LEROBOT = Environment(
    "lerobot",
    (
        (TORCH, "numpy==2.2.6"),
        ("--no-deps", "torchvision==0.28.0", "torchcodec==0.13.0", "lerobot==0.4.4"),
        ("datasets==4.8.5", "huggingface-hub==0.35.3", "av==15.1.0", "draccus==0.10.0", "accelerate==1.10.1",
         "jsonlines", "einops", "packaging<26", "deepdiff", "imageio", "termcolor"),
    ),
)  # fmt: skip
ROBOMIMIC = Environment(
    "robomimic",
    (
        (TORCH, "numpy==2.2.6"),
        ("--no-deps", "torchvision==0.28.0", "robomimic==0.3.0"),
        ("h5py", "six", "psutil", "tqdm", "termcolor", "tensorboard", "tensorboardX", "imageio", "matplotlib",
         "pillow"),
    ),
)  # fmt: skip
ZARR = Environment("zarr", (("zarr==2.18.7", "numcodecs==0.15.1", "numpy==2.2.6"),))
