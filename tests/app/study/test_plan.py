"""The plan is settled before anything runs, and a folder keeps it."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import pytest

from app.core.errors import UsageError
from app.deploy import process as deploy
from app.learning import train, trial
from app.session import collect
from app.study.forms import BASELINES, CONDITIONS, FORMS, build_plan
from app.study.plan import PLAN, PLAN_TEXT, Plan, StudyError, differences, settle
from app.study.report import hours, plan_text

JOBS = 2


@pytest.fixture
def plan() -> Plan:
    return build_plan("cpu")


def parser_of(add_arguments: object) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    assert callable(add_arguments)
    add_arguments(parser)
    return parser


def test_every_stage_has_words_that_its_role_understands(plan: Plan, tmp_path: Path) -> None:
    parsers = {"collect": parser_of(collect.add_arguments), "deploy": parser_of(deploy.add_arguments)}
    for stage in plan.stages:
        if stage.role in parsers:
            args = parsers[stage.role].parse_args(
                [word.replace("{out}", str(tmp_path)) for word in stage.words]
            )
            if stage.role == "deploy":
                if args.run is not None:
                    args.run.mkdir(parents=True, exist_ok=True)
                deploy.check(args)
                assert trial.read(args).changes == (args.run is not None)


def test_a_stage_comes_after_what_it_needs(plan: Plan) -> None:
    names = [stage.name for stage in plan.stages]
    assert len(set(names)) == len(names)
    assert len({stage.folder for stage in plan.stages}) == len(names)
    for index, stage in enumerate(plan.stages):
        assert set(stage.needs) <= set(names[:index])


def test_cells_hold_twenty_rollouts_of_seeds_that_nothing_was_learned_from(plan: Plan) -> None:
    for cell in plan.cells:
        count = plan.rollouts if cell.group == "table" else plan.control_rollouts
        assert cell.absent or len(cell.stages) * count >= 20
    assert plan.rollout_seed > plan.demonstration_seed + 2 * plan.demonstrations
    main = [cell for cell in plan.cells if cell.group == "table"]
    assert {cell.condition for cell in main} == {"nominal", "before", "after"}
    assert len({cell.method for cell in main}) == 4
    assert all(len(cell.stages) == len(plan.training_seeds) == 3 for cell in main)


def test_all_methods_are_trained_alike(plan: Plan) -> None:
    trained = [stage for stage in plan.stages if stage.role == "train"]
    rest = set()
    for stage in trained:
        words = list(stage.words)
        for option in ("--policy", "--touch", "--seed", "--out", *(["--set"] if "--set" in words else [])):
            place = words.index(option)
            del words[place : place + 2]
        rest.add(tuple(words))
    assert len(rest) == 1, "only policy, touch, seed and the frame of the actions may differ"


def test_both_baselines_have_their_best_frame_in_the_table_and_the_others_beside_it(plan: Plan) -> None:
    """Everything in the plan can be run, and the frames are trained, not only deployed."""
    assert not any(cell.absent for cell in plan.cells)
    parser = parser_of(train.add_arguments)
    for name in BASELINES:
        frames = []
        for more in ("", ", increments", ", command-relative actions"):
            cells = [cell for cell in plan.cells if cell.method == name + more]
            assert [cell.condition for cell in cells] == (["nominal", "after"] if more else list(CONDITIONS))
            model = next(need for cell in cells for stage in cell.stages for need in plan.stage(stage).needs)
            chosen = train.policy_settings(parser.parse_args(list(plan.stage(model).words)))
            assert chosen.cameras.names == ("scene",)
            frames.append(chosen.action_frame)
        assert frames == ["relative_pose", "increment", "relative_command"]


def test_the_cpu_form_fits_three_hours_on_two_cores(plan: Plan) -> None:
    assert hours(plan.stages) / JOBS < 3.0


def test_lift_has_the_cells_of_the_other_tasks_on_its_own_rig() -> None:
    lift, wipe = (build_plan("full", [task]) for task in ("lift", "wipe"))
    shape = [(cell.group, cell.method, cell.condition, len(cell.stages)) for cell in wipe.cells]
    assert [(cell.group, cell.method, cell.condition, len(cell.stages)) for cell in lift.cells] == shape
    assert not any(cell.absent for cell in lift.cells)
    rigs = {stage.words[stage.words.index("--rig") + 1] for stage in lift.stages if "--rig" in stage.words}
    assert rigs == {"sim/lift"}
    assert hours(lift.stages) > hours(wipe.stages)
    assert "(lift: 2 times both)" in plan_text(lift, JOBS)
    assert "times both" not in plan_text(wipe, JOBS)


def test_plan_comes_back_from_its_file(tmp_path: Path, plan: Plan) -> None:
    text = plan_text(plan, JOBS)
    settle(tmp_path / "study", plan, text)
    assert msgspec.json.decode((tmp_path / "study" / PLAN).read_bytes(), type=Plan) == plan
    assert (tmp_path / "study" / PLAN_TEXT).read_text() == text
    settle(tmp_path / "study", plan, "not written again")
    assert (tmp_path / "study" / PLAN_TEXT).read_text() == text


def test_another_plan_is_refused_and_what_differs_is_said(tmp_path: Path, plan: Plan) -> None:
    settle(tmp_path, plan, "")
    other = msgspec.structs.replace(plan, training_steps=plan.training_steps + 1)
    with pytest.raises(StudyError, match=r"training_steps: 1500 there, 1501 asked for"):
        settle(tmp_path, other, "")
    with pytest.raises(StudyError, match="form: 'cpu' there, 'tiny' asked for"):
        settle(tmp_path, build_plan("tiny"), "")


def test_a_broken_plan_is_refused(tmp_path: Path, plan: Plan) -> None:
    (tmp_path / PLAN).write_text('{"form": ')
    with pytest.raises(StudyError, match="cannot be read"):
        settle(tmp_path, plan, "")


def test_differences_name_the_place() -> None:
    assert differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}) == ["a[1].b: 3 there, 2 asked for"]
    assert differences({"a": 1}, {"a": 1}) == []
    assert differences(("x", "y"), ("x", "z"), "rules") == ["rules[1]: 'z' there, 'y' asked for"]
    assert differences({"a": [1]}, {"a": [1, 2]}) == ["a: 2 there, 1 asked for"]


def test_unknown_tasks_are_named() -> None:
    with pytest.raises(UsageError, match="wype"):
        build_plan("cpu", ["wype"])
    assert FORMS["cpu"].tasks == ("wipe",)
