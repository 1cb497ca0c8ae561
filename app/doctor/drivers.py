"""Looks at the drivers of real devices: which lack their library, and which plug-ins cannot be loaded."""

from __future__ import annotations

from app.doctor.finding import Finding, Verdict


def look() -> list[Finding]:
    """Return one finding about our drivers and one for each plug-in that cannot be loaded."""
    from devices.parts.extras import install_command  # needs packages that may be missing
    from devices.parts.specs import registry
    from devices.specs import DRIVERS, LIBRARIES, missing

    known = registry()
    lacking = {spec.extra for spec in known.parts.values() if spec.missing() and spec.installable()}
    lacking |= {LIBRARIES[driver][1] for driver in DRIVERS if missing(driver)}
    blocked = [spec.id for spec in known.parts.values() if spec.missing()]
    blocked += [driver for driver in DRIVERS if missing(driver)]
    count = f"{len(known.parts)} drivers for parts of a rig, {len(DRIVERS)} for whole rigs"
    commands = "; ".join(f"`{install_command(extra)}`" for extra in sorted(lacking))
    first = Finding("devices", Verdict.OK, count)
    if blocked:  # no lack: most people need none of them
        found = f"{count}; {', '.join(blocked)} lack their library"
        first = Finding("devices", Verdict.OK, found, f"If you need them: {commands}")
    way_out = "Repair or uninstall that package; the other drivers are not affected"
    broken = [
        Finding(f"plug-in {name}", Verdict.LIMITED, f"it cannot be loaded: {why}", way_out)
        for name, why in known.broken.items()
    ]
    return [first, *broken]
