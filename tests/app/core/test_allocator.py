"""Large blocks go back to the system, in a process of its own: the setting holds for a whole process."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Blocks of half a megabyte lie among small ones that stay. glibc's threshold grows with the first large one that is
# freed; afterwards the large ones come from the same heap as the small ones, and holes stay between them.
PROGRAM = """
import sys
from app.core.allocator import return_large_blocks
from pathlib import Path
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
if sys.argv[1] == "set":
    assert return_large_blocks()
first = bytes(8_000_000)
del first
small, large = [], []
before = resident()
for index in range(80):
    large.append(bytearray(b"x") * 500_000)
    small.append(bytearray(b"y") * 3_000)
large.clear()
print(resident() - before)
"""

# Small blocks, of which every hundredth stays: its neighbours leave free pages in the middle of the heap.
BURST = """
from app.core.allocator import return_free_pages
from pathlib import Path
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
blocks = [bytearray(b"x") * 20_000 for _ in range(2_000)]
del blocks[:1_990:2], blocks[1::3], blocks[1::3]
held = resident()
assert return_free_pages()
print(held - resident())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="GNU C library")
def test_freed_large_blocks_leave_no_holes() -> None:
    kept = {}
    for word in ("set", "unset"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, word], capture_output=True, text=True, check=True, timeout=60
        )
        kept[word] = int(done.stdout)
    assert kept["set"] < 2_000_000
    assert kept["unset"] > 10 * kept["set"], "without it this program keeps what it freed: the test can fail"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="GNU C library")
def test_what_a_burst_leaves_between_blocks_goes_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BURST], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) > 10_000_000
