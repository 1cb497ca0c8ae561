"""How each workspace is brought into a state worth a picture, by its own buttons, with the data of the project.

Each showcase is a generator: it does something, yields a `Wait`, goes on when that holds; it yields `PICTURE` at the
moment that should be kept. Used by `shots`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from widgets.augment.page import AugmentPage
from widgets.collect.page import CollectPage
from widgets.collect.session import Phase
from widgets.context import WindowContext
from widgets.deploy.page import DeployPage
from widgets.deploy.session import Phase as DeployPhase
from widgets.page import Page
from widgets.review.page import ReviewPage
from widgets.train.page import TrainPage

CONTACT_N = 3.0
ATTEMPTS = 6
EPISODES = 3
STEPS = 120
START_S, WORK_S = 240.0, 600.0


@dataclass(frozen=True)
class Wait:
    """Wait until `condition()` holds; `what` says what was awaited if it does not within `timeout_s`."""

    condition: Callable[[], bool]
    what: str
    timeout_s: float = START_S


@dataclass(frozen=True)
class Pause:
    """Let the window live for a while: what is on its way arrives, toasts and animations settle."""

    seconds: float


class Picture:
    """Take the picture now."""


Step = Wait | Pause | Picture
Steps = Iterator[Step]


def collect(page: CollectPage) -> Steps:
    """Let the scripted operator wipe, and take the picture while the finger presses; then give the rig back."""
    session, views = page.session, page.views
    session.set_operator("script")
    page.bar.operator.setCurrentIndex(page.bar.operator.findData("script"))
    page.bar.plan.setValue(EPISODES)
    session.connect_rig()
    yield Wait(lambda: session.phase is Phase.SCRIPT, "the scripted operator to start")
    yield Wait(lambda: all(view.seq >= 0 for view in views.cameras.values()), "a picture of both cameras")
    yield Wait(lambda: (views.live.force_n or 0.0) > CONTACT_N, "contact")
    yield Pause(1.2)
    yield Picture()
    yield Wait(
        lambda: session.numbers.get("kept", 0) > 0 or session.phase is Phase.OFF, "a kept episode", WORK_S
    )
    session.disconnect_rig()
    yield Wait(lambda: session.phase is Phase.OFF, "the rig to be given back", WORK_S)


def review(page: ReviewPage) -> Steps:
    """Open the newest success and go to its middle."""
    chosen = page.list
    yield Wait(lambda: chosen.current() is not None or _select(page, 0), "the list of episodes")
    row = 0
    while (item := chosen.current()) is not None and item.outcome != "success" and _select(page, row + 1):
        row += 1
    yield Pause(1.5)
    page.player.seek((page.player.start_ns + page.player.end_ns) // 2)
    yield Pause(1.5)
    yield Picture()


def _select(page: ReviewPage, row: int) -> bool:
    before = page.list.current()
    page.list.select_row(row)
    return page.list.current() is not None and page.list.current() != before


def augment(page: AugmentPage) -> Steps:
    """Augment a little; the picture shows the perturbed paths with what was kept and what failed."""
    page.settings.attempts.setValue(ATTEMPTS)
    yield Wait(page.start.isEnabled, "demonstrations to augment")
    page.start.click()
    yield Wait(lambda: page.job is not None, "augmentation to start")
    yield Wait(lambda: page.job is None, "augmentation to end", WORK_S)
    yield Pause(1.0)
    yield Picture()


def train(page: TrainPage) -> Steps:
    """Train some steps if the project has no run yet; the picture shows the curves."""
    yield Pause(1.0)
    if not page.context.project.runs.is_dir() or not any(page.context.project.runs.iterdir()):
        page.settings.steps.setValue(STEPS)
        yield Wait(page.start.isEnabled, "episodes to train on")
        page.start.click()
        yield Wait(lambda: page.job is not None, "training to start")
        yield Wait(lambda: page.job is None, "training to end", WORK_S)
    yield Pause(1.0)
    yield Picture()


def deploy(page: DeployPage) -> Steps:
    """Let the newest policy drive, take the picture while its plan is drawn and the finger presses, then stop it."""
    session = page.session
    yield Wait(page.go.isEnabled, "a checkpoint that fits the rig")
    alone = page.settings.enable.findData("headless")
    if alone >= 0:  # nobody sits at this window; only a simulated rig offers this
        page.settings.enable.setCurrentIndex(alone)
    page.go.click()
    yield Wait(lambda: session.phase is DeployPhase.DRIVING, "the policy to drive")
    yield Wait(lambda: len(session.plan) > 0, "a plan")
    yield Pause(4.0)
    yield Picture()
    session.stop()
    yield Wait(lambda: session.phase is DeployPhase.IDLE, "the policy to end", WORK_S)


def still(_page: Page) -> Steps:
    """Show the page as it is."""
    yield Pause(1.0)
    yield Picture()


def steps_of(page: Page) -> Steps:
    """Return the showcase of a page."""
    if isinstance(page, CollectPage):
        return collect(page)
    if isinstance(page, ReviewPage):
        return review(page)
    if isinstance(page, AugmentPage):
        return augment(page)
    if isinstance(page, TrainPage):
        return train(page)
    if isinstance(page, DeployPage):
        return deploy(page)
    return still(page)


def has_demonstrations(context: WindowContext) -> bool:
    """Tell whether the project has an episode already."""
    return any(context.project.demonstrations.rglob("*.h5"))
