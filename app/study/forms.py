"""From a form (`cpu`, `full`, `tiny`) to the plan: the methods, the controls, their command lines."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.core.errors import UsageError
from app.core.link.child import VERSION
from app.core.rig import load_rig
from app.study.plan import BEST, OUT, PLAN_SCHEMA_VERSION, Cell, Group, Plan, Stage

TASKS = ("wipe", "peel", "lift")
CONDITIONS = ("nominal", "before", "after")
DEMONSTRATION_SEED, ROLLOUT_SEED = 5000, 12_000  # the ones before record 0076 were 0 and 9000
CHUNK_TICKS = 32  # 0.64 s from plan to plan, as in the paper's runs
FAST_TICKS = 12  # 0.24 s
PLAN_DELAY_MS, SLOW_PLAN_MS = 100.0, 200.0
# CPU seconds of a pilot, rounded up: per demonstration, step with one camera (diffusion; rdp takes 0.2), rollout; to
# start is a guess
COLLECT_S, STEP_S, ROLLOUT_S, START_S = 1.8, 0.3, 3.0, 15.0
SLOWER = {"lift": 2.0}  # collecting and rollouts of a task, beside wipe: two arms in one simulation


class Form(msgspec.Struct, frozen=True):
    """How large a study is."""

    tasks: tuple[str, ...]
    conditions: tuple[str, ...]
    demonstrations: int
    steps: int
    training_seeds: tuple[int, ...]
    rollouts: int
    control_rollouts: int
    cameras: tuple[str, ...] = ()
    methods: tuple[str, ...] | None = None
    controls: bool = True


FORMS = {  # tiny says nothing of policies: it shows that everything runs
    "cpu": Form(("wipe",), CONDITIONS, 60, 1500, (0, 1, 2), 10, 20, ("scene",)),
    "full": Form(TASKS, CONDITIONS, 100, 30_000, (0, 1, 2), 20, 20, ("scene", "wrist")),
    "tiny": Form(
        ("wipe",),
        ("nominal",),
        2,
        4,
        (0,),
        1,
        1,
        methods=("diffusion with touch embedding", "rdp with touch"),
        controls=False,
    ),
}


class Method(msgspec.Struct, frozen=True):
    """A row of the table: a policy with its inputs, or a script; with what is changed for a control."""

    name: str
    train: tuple[str, ...] = ()
    deploy: tuple[str, ...] = ()
    absent: str = ""

    @property
    def model(self) -> str:
        """Name of the trained model, the same for all rows that share it."""
        return "-".join(word.lstrip("-") for word in self.train)


POSE_RELATIVE = ("--set", "action_frame=relative_pose")
COMMAND_RELATIVE = ("--set", "action_frame=relative_command")
ABSOLUTE = ("--set", "action_frame=absolute")
BLIND = ("--policy", "diffusion", "--touch", "none")
FELT = ("--policy", "diffusion", "--touch", "field")
BLIND_DIFFUSION, FELT_DIFFUSION = (*BLIND, *POSE_RELATIVE), (*FELT, *POSE_RELATIVE)
FIELD_RDP = ("--policy", "rdp", "--touch", "field")
WRENCH_RDP = ("--policy", "rdp", "--touch", "wrench")
SLOW = ("--plan-every", str(CHUNK_TICKS), "--plan-delay", f"{PLAN_DELAY_MS:g}")
FAST = ("--plan-every", str(FAST_TICKS), "--plan-delay", f"{PLAN_DELAY_MS:g}")
LATE = ("--plan-every", str(CHUNK_TICKS), "--plan-delay", f"{SLOW_PLAN_MS:g}")

METHODS = (
    Method("diffusion without touch", BLIND_DIFFUSION, SLOW),
    Method("diffusion with touch embedding", FELT_DIFFUSION, SLOW),
    Method("rdp with touch", FIELD_RDP, SLOW),
    Method("rdp with wrench", WRENCH_RDP, SLOW),
)
BASELINES, REACTIVE = (
    tuple(method.name for method in METHODS[:2]),
    tuple(method.name for method in METHODS[2:]),
)
CONTROLS = (
    Method("blind script", deploy=("--baseline", "blind")),
    Method("force script", deploy=("--baseline", "script")),
    Method("open-loop replay", deploy=("--baseline", "replay", "--episode", BEST)),
    Method("diffusion without touch, replanned every 0.24 s", BLIND_DIFFUSION, FAST),
    Method("diffusion with touch embedding, replanned every 0.24 s", FELT_DIFFUSION, FAST),
    Method("rdp with touch, replanned every 0.24 s", FIELD_RDP, FAST),
    Method("diffusion with touch embedding, plans 200 ms late", FELT_DIFFUSION, LATE),
    Method("rdp with touch, plans 200 ms late", FIELD_RDP, LATE),
    Method("rdp with touch, touch frozen for 0.96 s", FIELD_RDP, (*SLOW, "--tamper", "touch=freeze:960")),
    Method("rdp with touch, touch 40 ms late", FIELD_RDP, (*SLOW, "--tamper", "touch=delay:40")),
    Method("rdp with touch, touch 100 ms late", FIELD_RDP, (*SLOW, "--tamper", "touch=delay:100")),
    Method("diffusion without touch, increments", BLIND, SLOW),
    Method("diffusion without touch, command-relative actions", (*BLIND, *COMMAND_RELATIVE), SLOW),
    Method("diffusion with touch embedding, increments", FELT, SLOW),
    Method("diffusion with touch embedding, command-relative actions", (*FELT, *COMMAND_RELATIVE), SLOW),
    Method("diffusion with touch embedding, absolute actions as in the paper", (*FELT, *ABSOLUTE), SLOW),
)
RULES = (
    "All methods get the same demonstrations, cameras, steps, batch and training seeds.",
    "Every policy has the default settings of `train`; none was tuned on the rollout seeds, of either kind.",
    (
        "Actions are those that did better in a pilot on other seeds (help: study.md): diffusion has poses relative "
        "to the measured one, and rdp increments. The other frames of diffusion are controls; the paper's is absolute."
    ),
    "Demonstrations, training and rollouts use seeds that do not overlap.",
    f"A policy plans anew every {CHUNK_TICKS} ticks of 20 ms, unless its row says otherwise.",
    f"In lock-step a plan is used {PLAN_DELAY_MS:g} ms after its observation, unless its row says otherwise.",
    "A cell is all rollouts of all its training seeds; its interval is the 95 % percentile bootstrap of the mean.",
    "The better baseline is chosen anew in each resample of a ratio, which favours the baseline.",
    "The result is reported whichever way it falls; cells that were not run are marked.",
)


class Builder:
    """Collects stages and cells of one study."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.stages: dict[str, Stage] = {}
        self.cells: list[Cell] = []

    def add(self, task: str, group: Group, method: Method, conditions: Sequence[str]) -> None:
        """Add a method under some conditions, with all it needs."""
        form, control = self.form, group == "control"
        seeds = form.training_seeds[:1] if control else form.training_seeds
        for condition in conditions:
            names = () if method.absent else tuple(
                self._deploy(task, method, condition, seed, form.control_rollouts if control else form.rollouts)
                for seed in (seeds if method.train else (0,))
            )  # fmt: skip
            self.cells.append(Cell(task, group, method.name, condition, names, method.absent))

    def _deploy(self, task: str, method: Method, condition: str, seed: int, rollouts: int) -> str:
        collect = self._collect(task)
        name = _file_name(f"deploy {task} {method.name} {condition} {seed}")
        folder, need = f"rollouts/{name}", collect
        run: tuple[str, ...] = ()
        if method.train:
            need = self._train(task, method, seed)
            run = (f"{OUT}/{self.stages[need].folder}",)
        words = tuple(f"{BEST}{collect}}}" if word == BEST else word for word in method.deploy)
        common = (
            "--rig", f"sim/{task}", "--episodes", str(rollouts), "--seed", str(ROLLOUT_SEED), "--condition", condition,
            "--fast", "--data", f"{OUT}/{folder}",
        )  # fmt: skip
        needs = (need,) if method.train or BEST in method.deploy else ()
        expected = START_S + ROLLOUT_S * SLOWER.get(task, 1.0) * rollouts
        if name not in self.stages:
            self.stages[name] = Stage(name, "deploy", (*run, *common, *words), folder, needs, expected)
        return name

    def _train(self, task: str, method: Method, seed: int) -> str:
        collect, form = self._collect(task), self.form
        name = _file_name(f"train {task} {method.model} {seed}")
        seen = ("--cameras", ",".join(form.cameras)) if form.cameras else ()
        words = (
            f"{OUT}/{self.stages[collect].folder}", *method.train, "--steps", str(form.steps), "--seed", str(seed),
            "--out", f"{OUT}/runs/{name}", *seen,
        )  # fmt: skip
        if name not in self.stages:
            self.stages[name] = Stage(
                name, "train", words, f"runs/{name}", (collect,), START_S + STEP_S * form.steps
            )
        return name

    def _collect(self, task: str) -> str:
        name = _file_name(f"collect {task}")
        words = (
            "--rig", f"sim/{task}", "--operator", "script", "--episodes", str(self.form.demonstrations),
            "--seed", str(DEMONSTRATION_SEED), "--condition", "mixed", "--fast",
            "--data", f"{OUT}/demonstrations/{task}",
        )  # fmt: skip
        if name not in self.stages:
            expected = START_S + COLLECT_S * SLOWER.get(task, 1.0) * self.form.demonstrations
            self.stages[name] = Stage(name, "collect", words, f"demonstrations/{task}", (), expected)
        return name


def _file_name(words: str) -> str:
    return "-".join("".join(sign if sign.isalnum() or sign in ".-" else " " for sign in words).split())


def in_order(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Return stages by training seed, so that an interrupted study has whole columns of one seed."""
    rank = {"collect": 0, "train": 1, "deploy": 1}
    return tuple(sorted(stages, key=lambda stage: (rank[stage.role], _seed(stage))))


def _seed(stage: Stage) -> int:
    return int(stage.name.rpartition("-")[2]) if stage.role != "collect" else 0


def build_plan(name: str, tasks: Sequence[str] = ()) -> Plan:
    """Return the plan of a form.

    Args:
        tasks: Only these tasks; all of the form when empty.

    Raises:
        UsageError: If a task is unknown, or has no rig.
    """
    form = FORMS[name]
    chosen = tuple(tasks) or form.tasks
    if unknown := sorted(set(chosen) - set(TASKS)):
        raise UsageError("--tasks", f"there is no task {unknown[0]!r}", options=TASKS)
    builder = Builder(form)
    for task in chosen:
        load_rig(f"sim/{task}")
        for method in METHODS:
            if form.methods is not None and method.name not in form.methods:
                continue
            builder.add(task, "table", method, form.conditions)
        for method in CONTROLS if form.controls else ():
            builder.add(task, "control", method, [here for here in form.conditions if here != "before"])
    return Plan(
        schema_version=PLAN_SCHEMA_VERSION, form=name, software=VERSION, tasks=chosen, conditions=form.conditions,
        demonstrations=form.demonstrations, demonstration_seed=DEMONSTRATION_SEED, training_steps=form.steps,
        training_seeds=form.training_seeds, rollouts=form.rollouts, rollout_seed=ROLLOUT_SEED,
        control_rollouts=form.control_rollouts, cameras=form.cameras, rules=RULES,
        stages=in_order(list(builder.stages.values())), cells=tuple(builder.cells),
    )  # fmt: skip
