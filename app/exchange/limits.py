"""Limits of a process that reads files of unknown origin. Set by that process itself, before it opens anything."""

from __future__ import annotations

import contextlib
import os
import resource
from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What a process may take.

    Attributes:
        memory_bytes: Address space, with the libraries in it.
        cpu_s: Processor time; SIGXCPU at this, SIGKILL 5 s later. None = no limit.
        files: Open files.
    """

    memory_bytes: int = 4 * GIB
    cpu_s: int | None = 600
    files: int = 256

    def apply(self) -> None:
        """Set the limits on this process, for good: none can be raised again. No core file is written."""
        # libraries that would reserve address space for speed are told not to, before they are loaded
        os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
        os.environ["HDF5_PLUGIN_PRELOAD"] = "::"
        os.environ["HDF5_PLUGIN_PATH"] = os.devnull
        wanted = [
            (resource.RLIMIT_AS, self.memory_bytes, self.memory_bytes),
            (resource.RLIMIT_NOFILE, self.files, self.files),
            (resource.RLIMIT_CORE, 0, 0),
        ]
        if self.cpu_s is not None:
            wanted.append((resource.RLIMIT_CPU, self.cpu_s, self.cpu_s + 5))
        for kind, soft, hard in wanted:
            _, ceiling = resource.getrlimit(kind)
            if ceiling != resource.RLIM_INFINITY:
                soft, hard = min(soft, ceiling), min(hard, ceiling)
            with contextlib.suppress(ValueError, OSError):  # a smaller limit is in force already
                resource.setrlimit(kind, (soft, hard))
