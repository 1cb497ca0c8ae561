"""Every file operation of a take, in order, and what a disk holds when they stop at any of them.

All that the recorder writes, HDF5 included, passes through functions of `os` (the journal's output, `GuardedFile`,
`recorders.files`), so wrapping those sees every system call that changes a file. `tests/soak` proves that with strace.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

Kind = Literal["mkdir", "create", "write", "truncate", "sync", "rename", "unlink", "sync_folder"]


@dataclass(frozen=True)
class Op:
    """One operation; `path` and `to` are relative to the data folder."""

    kind: Kind
    path: str
    offset: int = 0
    data: bytes = b""
    to: str = ""


class DiskLog:
    """Logs what the patched functions of `os` do below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.ops: list[Op] = []
        self._open: dict[int, str] = {}
        self._ends: dict[int, int] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[DiskLog]:
        """Log until the block ends."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("open", "close", "write", "pwrite", "ftruncate", "fsync", "fdatasync", "replace", "rename",
                         "unlink", "mkdir"):  # fmt: skip
                patch.setattr(os, name, self._wrapped(name, getattr(os, name)))
            yield self

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        note = getattr(self, f"_on_{name}")

        def logged(*args: Any, **named: Any) -> Any:
            before = os.path.exists(args[0]) if name == "open" else False
            result = real(*args, **named)
            note(result, before, *args)
            return result

        return logged

    def _relative(self, path: object) -> str | None:
        text = os.fspath(path)  # type: ignore[call-overload]
        return os.path.relpath(text, self.folder) if str(text).startswith(self.folder) else None

    def _on_open(self, handle: int, existed: bool, path: object, flags: int, *_: object) -> None:
        place = self._relative(path)
        if place is None:
            return
        self._open[handle], self._ends[handle] = place, 0
        if flags & os.O_CREAT and not existed:
            self.ops.append(Op("create", place))
        elif flags & os.O_TRUNC:
            self.ops.append(Op("truncate", place, 0))

    def _on_close(self, _: object, __: bool, handle: int) -> None:
        self._open.pop(handle, None)

    def _on_write(self, count: int, _: bool, handle: int, data: Any) -> None:
        if handle in self._open:
            self.ops.append(Op("write", self._open[handle], self._ends[handle], bytes(data[:count])))
            self._ends[handle] += count

    def _on_pwrite(self, count: int, _: bool, handle: int, data: Any, offset: int) -> None:
        if handle in self._open:
            self.ops.append(Op("write", self._open[handle], offset, bytes(data[:count])))

    def _on_ftruncate(self, _: object, __: bool, handle: int, size: int) -> None:
        if handle in self._open:
            self.ops.append(Op("truncate", self._open[handle], size))

    def _on_fsync(self, _: object, __: bool, handle: int) -> None:
        if handle in self._open:
            place = self._open[handle]
            folder = os.path.isdir(os.path.join(self.folder, place))
            self.ops.append(Op("sync_folder" if folder else "sync", place))

    _on_fdatasync = _on_fsync

    def _on_replace(self, _: object, __: bool, source: object, target: object) -> None:
        old, new = self._relative(source), self._relative(target)
        if old is not None and new is not None:
            self.ops.append(Op("rename", old, to=new))

    _on_rename = _on_replace

    def _on_unlink(self, _: object, __: bool, path: object, **___: object) -> None:
        place = self._relative(path)
        if place is not None:
            self.ops.append(Op("unlink", place))

    def _on_mkdir(self, _: object, __: bool, path: object, *___: object) -> None:
        place = self._relative(path)
        if place is not None:
            self.ops.append(Op("mkdir", place))


def apply(content: bytearray, op: Op) -> None:
    """Do one write or truncation."""
    if op.kind == "truncate":
        del content[op.offset :]
        content.extend(bytes(op.offset - len(content)))
        return
    content.extend(bytes(max(0, op.offset - len(content))))
    content[op.offset : op.offset + len(op.data)] = op.data


@dataclass
class _Inode:
    safe: bytearray = field(default_factory=bytearray)
    pending: list[Op] = field(default_factory=list)


class Disk:
    """A model of a disk with a cache: what was synced is safe; of the rest a power cut may take anything."""

    def __init__(self) -> None:
        self.names: dict[str, _Inode | None] = {}  # None: a folder
        self._safe_names: dict[str, _Inode | None] = {}
        self._pending_names: dict[str, list[Callable[[dict[str, _Inode | None]], object]]] = {}

    def do(self, op: Op) -> None:
        """Do one operation."""
        if op.kind in ("write", "truncate"):
            inode = self.names[op.path]
            assert inode is not None
            inode.pending.append(op)
        elif op.kind == "sync":
            inode = self.names[op.path]
            assert inode is not None
            for pending in inode.pending:
                apply(inode.safe, pending)
            inode.pending.clear()
        elif op.kind == "sync_folder":
            for change in self._pending_names.pop(op.path, []):
                change(self._safe_names)
        else:
            self._rename(op)

    def _rename(self, op: Op) -> None:
        if op.kind in ("create", "mkdir"):
            new = _Inode() if op.kind == "create" else None
            change = lambda names: names.__setitem__(op.path, new)  # noqa: E731
        elif op.kind == "unlink":
            change = lambda names: names.pop(op.path, None)  # noqa: E731
        else:
            moved = self.names[op.path]

            def change(names: dict[str, _Inode | None]) -> None:
                names.pop(op.path, None)
                names[op.to] = moved

        change(self.names)
        self._pending_names.setdefault(os.path.dirname(op.path) or ".", []).append(change)

    def write_to(self, folder: Path) -> None:
        """Put what a killed process leaves: every operation so far."""
        _put(
            folder,
            {name: _content(inode, inode.pending) if inode else None for name, inode in self.names.items()},
        )

    def cut_power(self, folder: Path, chance: random.Random) -> None:
        """Put what a power cut leaves: of unsynced writes any subset, of a folder's unsynced names the first few."""
        names = dict(self._safe_names)
        for changes in self._pending_names.values():
            for change in changes[: chance.randint(0, len(changes))]:
                change(names)
        _put(folder, {
            name: None if inode is None else _content(inode, [op for op in inode.pending if chance.random() < 0.5])
            for name, inode in names.items()
        })  # fmt: skip


def _content(inode: _Inode, pending: list[Op]) -> bytes:
    content = bytearray(inode.safe)
    for op in pending:
        apply(content, op)
    return bytes(content)


def _put(folder: Path, names: dict[str, bytes | None]) -> None:
    folder.mkdir(parents=True)
    for name, content in sorted(names.items()):
        path = folder / name
        if not path.parent.is_dir():
            continue  # a name in a folder that is not there cannot be reached
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
