"""Exporting and importing without a process of their own, for tests of formats."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from app.core.link.child import ChildLink
from app.exchange import exporting, importing, unpacking


def export(folder: Path, target: str, out: Path, *words: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    exporting.add_arguments(parser)
    args = parser.parse_args([str(folder), "--to", target, "--out", str(out), *words])
    exporting.check(args)
    link = ChildLink("export")
    try:
        return exporting.export(args, link)
    finally:
        link.close()


def bring_in(path: Path, out: Path, *words: str) -> tuple[list[Path], list[str]]:
    """Import in this process, where the limits are not set; returns the files and the reasons of refusals."""
    parser = argparse.ArgumentParser()
    unpacking.add_arguments(parser)
    out.mkdir(exist_ok=True)
    staging = out / ".staging"
    staging.mkdir()
    files, refused = [], []
    for line in unpacking.unpack(parser.parse_args([str(path), "--staging", str(staging), *words])):
        json.dumps(line)
        if "kept" in line:
            files.append(Path(importing.take_over(line["kept"], out)))
        elif "refused" in line:
            refused.append(line["refused"])
    return files, refused
