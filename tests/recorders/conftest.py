"""Folders for tests that write very many small files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def memory_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory where there is such a place: a sync costs nothing there."""
    if not MEMORY.is_dir():
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="touchstone-", dir=MEMORY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
