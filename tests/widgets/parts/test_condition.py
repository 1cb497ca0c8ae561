"""The condition of a task in Collect and Deploy: offered by rigs that have any, told to the roles, remembered."""

from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from widgets.collect.page import CollectPage
from widgets.deploy.page import DeployPage
from widgets.parts.condition import ConditionField
from widgets.session import Session

Open = Callable[..., Session]


def test_it_becomes_an_argument_and_is_remembered(qtbot: QtBot, open_window: Open) -> None:
    session = open_window()
    session.window.open_page(4)
    deploy, collect = session.window.page, session.window.pages[0]
    assert isinstance(deploy, DeployPage)
    assert isinstance(collect, CollectPage)
    settings = deploy.settings
    assert settings.words()[-2:] == ["--condition", "mixed"]
    settings.condition.choose("after")
    assert settings.words()[-2:] == ["--condition", "after"]
    told = deploy.save_state()
    settings.condition.choose("nominal")
    deploy.restore_state(told)
    assert settings.condition.chosen() == "after"

    field = collect.bar.condition
    assert [field.itemText(index) for index in range(4)] == ["Mixed", "Nominal", "Before", "After"]
    field.choose("before")
    field.activated.emit(field.currentIndex())
    assert collect.session.condition == "before"
    assert collect.save_state()["condition"] == "before"


def test_a_rig_without_conditions_has_no_field(qtbot: QtBot) -> None:
    field = ConditionField(())
    qtbot.addWidget(field)
    assert field.chosen() == ""
    field.choose("after")
    assert field.chosen() == ""
