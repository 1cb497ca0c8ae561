"""Wrong usage of the command line: exit status 2, one sentence, and with `--json` an object that says the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import main
from app.core.roles import ROLES

WRONG = (
    ("episodes",),
    ("collect", "--nonsense"),
    ("collect", "--episodes", "two"),
    ("collect", "--episodes", "0"),
    ("serve", "--bind", "tcp://127.0.0.1:5001,tcp://127.0.0.1:5002"),
    ("no-such-role",),
    ("bench", "no-such-bench"),
)


@pytest.mark.parametrize("words", WRONG)
def test_wrong_usage_exits_2_and_says_so_to_programs(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([*words, "--json"]) == 2
    told = capsys.readouterr()
    lines = told.out.strip().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["error"]
    assert "Traceback" not in told.err


def test_without_json_standard_output_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["episodes"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("collct",), "Did you mean collect?"),
        (("zzz",), "Valid: window, serve, collect,"),
        (("bench", "windw"), "Did you mean window?"),
        (("collect", "--epsodes", "3"), "Did you mean --episodes?"),
        (("collect", "--episodes", "two"), "python main.py collect --help"),
    ],
)
def test_wrong_usage_names_the_nearest_valid_word_and_the_way_to_the_help(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(list(words)) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "--help` for all it takes." in told
    assert len(told.strip().splitlines()) == 1


def test_help_lists_each_role_that_is_typed_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    for name, (_, about) in ROLES.items():
        alone = [line for line in lines if line.split()[:1] == [name] and about in line]
        assert len(alone) == (0 if "(started by" in about or "(typed as" in about else 1), name
    assert any("started by these" in line and "device" in line for line in lines)


def test_help_of_a_role_tells_defaults_also_zero(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["augment", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    for words in (
        "gives the same result (default: 0)",
        "(default: sim/wipe)",
        "size of a pulse along the board (default: 12.0)",
    ):
        assert words in told


def test_a_run_that_is_not_there_is_told_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("app.deploy.process.runs_folder", lambda: tmp_path)
    (tmp_path / "rdp-one").mkdir()
    assert main.main(["deploy", str(tmp_path / "rdp-two")]) == 2
    said = capsys.readouterr().err
    assert "rdp-two: there is no such folder." in said
    assert f"Valid: {tmp_path / 'rdp-one'}." in said
    assert main.main(["deploy"]) == 2
    assert "Valid: RUN, --baseline script," in capsys.readouterr().err
