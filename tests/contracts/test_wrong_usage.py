"""Wrong usage of the command line: exit status 2, one sentence, and with `--json` an object that says the same."""

from __future__ import annotations

import json

import pytest

import main

WRONG = (
    ("episodes",),
    ("collect", "--nonsense"),
    ("collect", "--episodes", "two"),
    ("collect", "--episodes", "0"),
    ("serve", "--bind", "tcp://127.0.0.1:5001,tcp://127.0.0.1:5002"),
    ("no-such-role",),
)


@pytest.mark.parametrize("words", WRONG)
def test_wrong_usage_exits_2_and_says_so_to_programs(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main.main([*words, "--json"])
    except SystemExit as leave:
        status = int(str(leave.code))
    told = capsys.readouterr()
    assert status == 2
    lines = told.out.strip().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["error"]
    assert "Traceback" not in told.err


def test_without_json_standard_output_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["episodes"])
    assert capsys.readouterr().out == ""
