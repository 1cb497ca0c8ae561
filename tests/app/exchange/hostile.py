"""HDF5 files that want something of their reader, each an ALOHA episode but for one thing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

ROWS = 5


def good(path: Path) -> h5py.File:
    """Return a plain ALOHA episode, open for more."""
    file = h5py.File(path, "w")
    file["action"] = np.zeros((ROWS, 3))
    file["observations/qpos"] = np.ones((ROWS, 3))
    return file


def external_link(file: h5py.File, outside: Path) -> None:
    file["observations/secret"] = h5py.ExternalLink(str(outside), "/secret")


def external_storage(file: h5py.File, outside: Path) -> None:
    file.create_dataset("observations/secret", (ROWS, 4), "u1", external=[(str(outside), 0, ROWS * 4)])


def virtual(file: h5py.File, outside: Path) -> None:
    layout = h5py.VirtualLayout((ROWS, 4), "u1")
    layout[:] = h5py.VirtualSource(str(outside), "secret", (ROWS, 4))
    file.create_virtual_dataset("observations/secret", layout)


def plugin(file: h5py.File, outside: Path) -> None:
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_chunk((ROWS, 4))
    created.set_filter(32013, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
    space = h5py.h5s.create_simple((ROWS, 4))
    h5py.h5d.create(file["observations"].id, b"packed", h5py.h5t.NATIVE_UINT8, space, created)


def huge_and_empty(file: h5py.File, outside: Path) -> None:
    file.create_dataset("observations/huge", (10**9, 3), "f8")


def larger_than_any_number(file: h5py.File, outside: Path) -> None:
    file.create_dataset("observations/huge", (2**32, 2**31), "f8", chunks=(1, 1024))


def soft_loop(file: h5py.File, outside: Path) -> None:
    file["observations/a"] = h5py.SoftLink("/observations/b")
    file["observations/b"] = h5py.SoftLink("/observations/a")


def hard_loop(file: h5py.File, outside: Path) -> None:
    file["observations/again"] = file["observations"]


def deep(file: h5py.File, outside: Path) -> None:
    file["/".join(["d"] * 200)] = np.zeros(ROWS)


def variable_length(file: h5py.File, outside: Path) -> None:
    file.create_dataset("observations/words", (ROWS,), h5py.string_dtype())


def compound(file: h5py.File, outside: Path) -> None:
    file["observations/pairs"] = np.zeros(ROWS, [("a", "f8"), ("b", "i4")])


def references(file: h5py.File, outside: Path) -> None:
    data = file.create_dataset("observations/points", (ROWS,), h5py.ref_dtype)
    data[0] = file["action"].ref


def bomb(file: h5py.File, outside: Path) -> None:
    rows = file.create_dataset(
        "observations/bomb", (ROWS, 1 << 30), "u1", chunks=(1, 1 << 26), compression="gzip"
    )
    rows[0, : 1 << 20] = 1


def wide_chunk(file: h5py.File, outside: Path) -> None:
    file.create_dataset("observations/chunk", (ROWS, 1 << 29), "u1", chunks=(1, 1 << 29), compression="gzip")
    file["observations/chunk"][0, :10] = 1


def other_rows(file: h5py.File, outside: Path) -> None:
    del file["observations/qpos"]
    file["observations/qpos"] = np.ones((ROWS + 1, 3))


def no_numbers(file: h5py.File, outside: Path) -> None:
    del file["action"]
    file["action"] = np.array([b"words"] * ROWS)


def large_jpeg(file: h5py.File, outside: Path) -> None:
    header = bytes.fromhex(
        "ffd8ffe000104a46494600010100000100010000ffc00011080ea60ea603012200021101031101ffd9"
    )
    size = header.index(bytes.fromhex("ffc0")) + 5
    data = header[:size] + (60000).to_bytes(2, "big") * 2 + header[size + 4 :]
    file["observations/images/top"] = np.tile(np.frombuffer(data.ljust(512, b"\0"), np.uint8), (ROWS, 1))


def no_jpeg(file: h5py.File, outside: Path) -> None:
    file["observations/images/top"] = np.full((ROWS, 512), 7, np.uint8)


def large_attribute(file: h5py.File, outside: Path) -> None:
    file.create_dataset("touchstone_json", data=np.full(100, ord("["), np.uint8))


CASES: dict[Callable[[h5py.File, Path], None], str] = {
    external_link: "leaves the file",
    external_storage: "another file",
    virtual: "another file",
    plugin: "plug-in 32013",
    huge_and_empty: "says 24000000000 bytes",
    larger_than_any_number: "bytes and holds",
    soft_loop: "points to another name",
    hard_loop: "met before",
    deep: "nested deeper",
    variable_length: "only numbers",
    compound: "only numbers",
    references: "only numbers",
    bomb: "bytes and holds",
    wide_chunk: "bytes",
    other_rows: "rows",
    no_numbers: "",
    large_jpeg: "",
    no_jpeg: "no JPEG",
    large_attribute: "says of itself is broken",
}
DAMAGED = ("truncated", "noise", "empty", "a pipe")


def write_corpus(folder: Path, outside: Path) -> Iterator[tuple[str, str]]:
    """Write every case and a good episode; yields the name of each file in order, and a part of the reason."""
    with h5py.File(outside, "w") as file:
        file["secret"] = np.full((ROWS, 4), 42, np.uint8)
    for number, (case, reason) in enumerate(CASES.items()):
        name = f"episode_{number}.hdf5"
        with good(folder / name) as file:
            case(file, outside)
        yield name, reason
    whole = (folder / "episode_0.hdf5").read_bytes()
    contents = {"truncated": whole[: len(whole) // 2], "noise": os.urandom(4096), "empty": b""}
    for number, kind in enumerate(DAMAGED, len(CASES)):
        name = f"episode_{number}.hdf5"
        if kind in contents:
            (folder / name).write_bytes(contents[kind])
        else:
            os.mkfifo(folder / name)
        yield name, ""
