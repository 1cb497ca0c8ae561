"""The doctor sees what is there, and gives every lack its way out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.doctor import child, machine, screen, software
from app.doctor.finding import Finding, Verdict, table
from app.setup import libraries, pins
from app.setup.libraries import SystemNeed
from app.setup.pins import ROOT, Pin, Pins


@pytest.mark.process
def test_role_on_this_machine() -> None:
    words = [sys.executable, "main.py", "doctor", "--json"]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    result = json.loads(answer.stdout.splitlines()[-1])
    assert result["problems"] == []  # set-up has run here
    assert result["ok"] is True
    assert answer.returncode == 0


@pytest.mark.process
def test_wrong_backend_is_a_finding_and_not_a_crash() -> None:
    finding = screen.draw("no-such-backend", "Nothing", Verdict.LIMITED, "Run `x`")
    assert finding.verdict is Verdict.LIMITED
    assert "no-such-backend" in finding.found
    assert finding.way_out == "Run `x`"


@pytest.mark.process
def test_no_backend_that_draws_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "BACKENDS", {"no-such": ("One", "one1"), "nor-such": ("Two", "two1")})
    *tried, verdict = screen.find_offscreen()
    assert [finding.way_out for finding in tried] == [
        "Run `sudo apt-get install one1`",
        "Run `sudo apt-get install two1`",
    ]
    assert verdict.verdict is Verdict.MISSING
    assert "One, Two" in verdict.found


@pytest.mark.process
def test_probe_that_is_killed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "app/doctor/probes").mkdir(parents=True)
    (tmp_path / "app/doctor/probes/crash.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    monkeypatch.setattr(child, "ROOT", tmp_path)
    with pytest.raises(child.ProbeFailed, match="it crashed \\(SIGSEGV\\)"):
        child.ask("crash")


@pytest.mark.process
def test_probe_that_hangs_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "app/doctor/probes").mkdir(parents=True)
    (tmp_path / "app/doctor/probes/hang.py").write_text("import signal\nsignal.pause()\n")
    monkeypatch.setattr(child, "ROOT", tmp_path)
    monkeypatch.setattr(child, "TIMEOUT_S", 0.5)
    with pytest.raises(child.ProbeFailed, match=r"no answer within 0\.5 s"):
        child.ask("hang")


def test_packages_that_are_absent_or_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Pins(Pin("torch", "0.1"), (Pin("no-such-package", "3.2"),), (Pin("no-such-tool", "1"),), ())
    monkeypatch.setattr(pins, "read_pins", lambda: wrong)
    finding = software.find_packages()
    assert finding.verdict is Verdict.MISSING
    assert "no-such-package==3.2 not installed" in finding.found
    assert "pinned is 0.1" in finding.found
    assert "make run" in finding.way_out
    (tools,) = software.find_tools()
    assert tools.verdict is Verdict.LIMITED
    assert "make test" in tools.way_out


def test_missing_library_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "LIBRARIES", (SystemNeed("libx.so.1", "libx1", "windows"),))
    finding = software.find_libraries()
    assert finding.verdict is Verdict.MISSING
    assert "libx.so.1 (windows)" in finding.found
    assert finding.way_out == "Run `sudo apt-get install libx1`"


def test_unsupported_python_is_said_before_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software.interpreter, "SUPPORTED", ((3, 99),))
    findings = software.look()
    assert findings[0].verdict is Verdict.MISSING
    assert "3.99 is needed" in findings[0].found
    assert "packages" not in [finding.thing for finding in findings]


def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.find_disk(tmp_path / "not" / "yet").verdict is not Verdict.MISSING
    (tmp_path / "file").touch()
    assert machine.find_disk(tmp_path / "file" / "below").verdict is Verdict.MISSING
    monkeypatch.setattr(machine, "NEEDED_BYTES", 10**18)
    monkeypatch.setattr(machine, "COMFORTABLE_BYTES", 10**19)
    full = machine.find_disk(tmp_path)
    assert full.verdict is Verdict.MISSING
    assert "--data" in full.way_out


def test_loopback_works_here() -> None:
    assert machine.find_loopback().verdict is Verdict.OK


def test_table_puts_the_way_out_below_its_lack() -> None:
    text = table([Finding("a", Verdict.OK, "fine"), Finding("long name", Verdict.MISSING, "gone", "Do it")])
    assert text.splitlines() == [
        "a          ok       fine",
        "long name  MISSING  gone",
        "                    → Do it",
    ]


@pytest.mark.gl
@pytest.mark.process
def test_qt_and_opengl_start_on_a_screen() -> None:
    assert screen.find_screen().verdict is Verdict.OK
    qt, opengl = screen.find_qt()
    assert qt.found == "starts on platform xcb"
    assert opengl.verdict is Verdict.OK
