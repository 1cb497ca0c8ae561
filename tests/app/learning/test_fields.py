"""The settings of a policy as fields: all of them, with help, changed and told back."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import UsageError
from app.learning.fields import KINDS, differences, fields_of, parse_changes, with_changes


@pytest.mark.parametrize("policy", list(KINDS))
def test_every_setting_is_a_field_with_help_whose_default_is_no_change(policy: str) -> None:
    fields = fields_of(policy)
    assert len({field.name for field in fields}) == len(fields) > 30
    assert [field.name for field in fields if not field.help] == []
    defaults = {field.name: field.default for field in fields}
    assert with_changes(KINDS[policy](), policy, defaults) == KINDS[policy]()
    assert differences(KINDS[policy](), policy) == {}


def test_changes_are_made_and_told_back() -> None:
    words = ["network.width=64", "touch.field=false", "optimiser.planner_rate=2e-4", "cameras.names=a, b"]
    config: Any = with_changes(KINDS["flow"](), "flow", parse_changes(words))
    assert (config.network.width, config.touch.field, config.cameras.names) == (64, False, ("a", "b"))
    assert differences(config, "flow") == {
        "optimiser.planner_rate": "0.0002", "network.width": "64", "touch.field": "false", "cameras.names": "a,b"
    }  # fmt: skip
    assert with_changes(KINDS["flow"](), "flow", differences(config, "flow")) == config


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("network.wdith=3", r"no such setting. Valid: .*network.width"),
        ("network.width=wide", r"'wide' will not do"),
        ("cameras.encoder=vit", r"Valid: compact, resnet18"),
        ("network.width", "no NAME=VALUE"),
    ],
)
def test_what_is_no_setting_is_refused_with_the_valid_ones(word: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        with_changes(KINDS["flow"](), "flow", parse_changes([word]))
