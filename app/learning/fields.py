"""The settings of a policy as a list of named fields with help, generated from the typed configuration.

Used by the form in Train and by `train --set NAME=VALUE`. Free of torch: the window reads it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from app.core.errors import UsageError
from app.learning.bounds import BOUNDS
from app.learning.config import DiffusionConfig, FlowConfig, PolicyConfig, RdpConfig, StreamingConfig

KINDS: dict[str, type[PolicyConfig]] = {
    "rdp": RdpConfig, "flow": FlowConfig, "diffusion": DiffusionConfig, "streaming": StreamingConfig
}  # fmt: skip
GROUPS = {
    "": "Policy",
    "optimiser": "Optimiser",
    "network": "Network",
    "planner": "Planner",
    "tokenizer": "Tokenizer",
    "touch": "Touch",
    "cameras": "Cameras",
    "grid": "Time grid",
    "runtime": "When it drives",
}
Kind = Literal["whole", "number", "switch", "choice", "names"]


class Field(msgspec.Struct, frozen=True):
    """One setting.

    Attributes:
        name: Dotted, as `--set` takes it.
        group: Key of `GROUPS`.
        default: As text.
        options: What a choice may be.
        low, high: What a number may be; None where any will do.
    """

    name: str
    group: str
    kind: Kind
    default: str
    help: str
    options: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


def fields_of(policy: str) -> list[Field]:
    """Return all settings of a policy, in the order of `GROUPS`."""
    config = KINDS[policy]()
    found = _fields(type(config), config, "")
    order = list(GROUPS)
    return sorted(found, key=lambda field: order.index(field.group))


def _fields(kind: type[Any], value: Any, group: str) -> list[Field]:
    hints, helps = get_type_hints(kind, include_extras=True), attribute_help(kind)
    found: list[Field] = []
    for key in kind.__struct_fields__:
        inner = getattr(value, key)
        if isinstance(inner, msgspec.Struct):
            found += _fields(type(inner), inner, key)
            continue
        name = f"{group}.{key}" if group else key
        plain, words = _unwrap(hints[key])
        low, high = BOUNDS.get(name, (None, None))
        what, options = _kind(plain)
        found.append(
            Field(name, group, what, as_text(inner), words or helps.get(key, ""), options, low, high)
        )
    return found


def _unwrap(hint: Any) -> tuple[Any, str]:
    """Return a type without its annotation, and the description that the annotation holds."""
    metas = [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Meta)]
    words = next((meta.description for meta in metas if meta.description), "")
    return (get_args(hint)[0] if metas else hint), words


def _kind(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    if get_origin(hint) is Literal:
        return "choice", tuple(str(option) for option in get_args(hint))
    if get_origin(hint) is tuple:
        return "names", ()
    kinds: dict[Any, Kind] = {bool: "switch", int: "whole", float: "number"}
    return kinds[hint], ()


def attribute_help(kind: type[Any]) -> dict[str, str]:
    """Return what the section `Attributes:` of a docstring says of each attribute."""
    _, _, section = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    key = ""
    for line in section.splitlines():
        if start := re.match(r" {4}(\w+): (.*)", line):
            key = start[1]
            found[key] = start[2]
        elif key and line.startswith(" " * 8):
            found[key] += " " + line.strip()
    return found


def as_text(value: Any) -> str:
    """Return a value as `--set` takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(value) if isinstance(value, tuple | list) else str(value)


def parse_changes(words: Iterable[str]) -> dict[str, str]:
    """Return names and values of `NAME=VALUE` words.

    Raises:
        UsageError: If one has no equals sign.
    """
    changes: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign:
            raise UsageError(f"--set {word}", "it is no NAME=VALUE", options=["--set network.width=128"])
        changes[name.strip()] = value.strip()
    return changes


def with_changes(config: PolicyConfig, policy: str, changes: Mapping[str, str]) -> PolicyConfig:
    """Return settings with some fields changed.

    Raises:
        UsageError: If there is no such field, or the value is not of its type.
    """
    known = {field.name: field for field in fields_of(policy)}
    for name, text in changes.items():
        field = known.get(name)
        if field is None:
            raise UsageError(f"--set {name}", f"policy {policy!r} has no such setting", options=known)
        value: Any = (
            [part.strip() for part in text.split(",") if part.strip()] if field.kind == "names" else text
        )
        values: Any = msgspec.to_builtins(config)
        inner = values[field.group] if field.group else values
        inner[name.rpartition(".")[2]] = value
        try:
            config = msgspec.convert(values, type(config), strict=False)
        except msgspec.ValidationError as error:
            options = field.options or (f"a {field.kind} value such as {field.default}",)
            raise UsageError(f"--set {name}", f"{text!r} will not do ({error})", options=options) from error
    return config


def differences(config: PolicyConfig, policy: str) -> dict[str, str]:
    """Return the fields whose value is not the default, as `--set` takes them."""
    found: dict[str, str] = {}
    for field in fields_of(policy):
        value: Any = config
        for part in field.name.split("."):
            value = getattr(value, part)
        if as_text(value) != field.default:
            found[field.name] = as_text(value)
    return found
