"""The workspace Deploy: choose a policy, let it drive, watch and stop it, see its score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from widgets.context import WindowContext
from widgets.deploy.audit_dialog import AuditDialog
from widgets.deploy.enabling import Consent, Enabling
from widgets.deploy.motion import Motion
from widgets.deploy.rollouts import Rollouts
from widgets.deploy.scores import ScorePlot
from widgets.deploy.session import OWNER, DeploySession, Phase
from widgets.deploy.settings import DeploySettings
from widgets.page import Page
from widgets.parts.key_button import KeyButton
from widgets.parts.library import Library
from widgets.parts.progress_line import ProgressLine
from widgets.parts.settings_form import side_by_side
from widgets.parts.text import label, row
from widgets.rig_session import RigPhase
from widgets.theme.tokens import State
from widgets.views.live_views import LiveViews

SCORES_HEIGHT = 44
LOOK_EVERY = 60  # ticks: about once a second
VIEWS_EVERY = 2  # the policy needs the processor more than the eye needs 60 pictures a second
WORDS = {
    Phase.IDLE: ("READY TO DEPLOY", "Go starts the rig and the policy."),
    Phase.CLAIMING: (
        "PREPARING",
        "The rig starts; the first time it takes a minute.",
    ),
    Phase.STARTING: ("LOADING", "The policy is loaded."),
    Phase.DRIVING: ("POLICY DRIVES", "Esc stops the arm and ends the series."),
    Phase.ENDING: ("ENDING", "The present rollout is saved."),
}


class DeployPage(Page):
    """Settings at the left; live views, rates and scores at the right."""

    title = "Deploy"
    icon = "deploy"
    watched = True
    key = 5
    key_help = (
        ("", "Deploy"),
        ("Ctrl+Return", "Go: the policy drives"),
        ("Esc", "Stop the arm and end the series; what was recorded stays"),
    )

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme = context.theme
        self.library = Library.of(context)
        self.session = DeploySession(context, self)
        self.enabling = Enabling(context.bridge, self)
        self.settings = DeploySettings(context)
        self.views, self.motion = LiveViews(context), Motion(context)
        self.scores, self.rollouts = ScorePlot(theme), Rollouts(context, self.library)
        self.audit = AuditDialog(context, self)
        self.summary, self.progress = label("", "muted"), ProgressLine(theme)
        self.go = KeyButton("Go", "Ctrl+Return", theme, "primary", "Ctrl ↵", "Let the policy drive")
        self.stop = KeyButton("Stop", "", theme, "danger", "Esc", "End motion and the series")
        self._ticks = 0
        self._build()
        self._connect()
        self.views.set_empty("No pictures: the rig is not connected. Go starts it.")
        self._show_state()

    def _build(self) -> None:
        scores = QVBoxLayout()
        self.scores.setMinimumHeight(SCORES_HEIGHT)  # on the smallest window the settings need the room
        scores.addLayout(row(label("Scores", "heading"), 1, self.summary))
        scores.addWidget(self.scores, 1)
        scores.addWidget(self.progress)
        self.stop.setMinimumHeight(self.context.theme.px("primary"))
        buttons = QHBoxLayout()
        buttons.addWidget(self.go, 2)
        buttons.addWidget(self.stop, 1)
        scores.addLayout(buttons)
        left = self.settings.column(scores)
        side_by_side(self, self.context, left, self._build_right())

    def _build_right(self) -> QWidget:
        theme = self.context.theme
        lower = QWidget()
        under = QVBoxLayout(lower)
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(theme.grid())
        under.addWidget(self.motion)
        under.addWidget(self.rollouts, 1)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(theme.grid())
        self._splitter.addWidget(self.views)
        self._splitter.addWidget(lower)
        self._splitter.setSizes([640, 200])
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 1)
        return self._splitter

    def _connect(self) -> None:
        rig = self.context.rig
        self.settings.changed.connect(self._show_state)
        self.settings.audit.clicked.connect(lambda: self.audit.open_for(self.settings.chosen()))
        self.go.clicked.connect(self._on_go)
        self.stop.pressed.connect(lambda: rig.software_stop("the Stop button of Deploy"))
        self.session.changed.connect(self._on_session)
        self.session.scored.connect(self._on_scored)
        self.session.told.connect(self.motion.show_told)
        self.session.recorded.connect(self._tell_status)
        self.session.ended.connect(self._on_ended)
        self.enabling.changed.connect(self._show_state)
        self.enabling.lost.connect(self._on_lost)
        self.context.bridge.ticked.connect(self._on_tick)
        rig.up.connect(self._on_rig)
        rig.down.connect(self._on_rig)
        rig.changed.connect(self.settings.look)
        rig.stopped.connect(self._on_stopped)

    def appear(self) -> None:
        """List runs and rollouts again."""
        self.settings.refresh()
        self.rollouts.refresh()
        self._show_state()

    def vanish(self) -> None:
        """Nobody watches: motion is not enabled any more."""
        self.enabling.drop("another workspace is open")

    def tell(self) -> None:
        """Say how things stand here."""
        self._show_state()

    def save_state(self) -> dict[str, object]:
        """Return number, seed and condition of the rollouts, and the splitters."""
        return {
            "episodes": self.settings.episodes.value(), "seed": self.settings.seed.value(),
            "condition": self.settings.condition.chosen(), "sizes": self._splitter.sizes(),
            "views": self.views.save_state(),
        }  # fmt: skip

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take over what was remembered."""
        settings = self.settings
        settings.episodes.setValue(int(state.get("episodes", settings.episodes.value())))
        settings.seed.setValue(int(state.get("seed", settings.seed.value())))
        settings.condition.choose(str(state.get("condition", "")))
        sizes = [int(size) for size in state.get("sizes", ())]
        if len(sizes) == 2 and all(sizes):
            self._splitter.setSizes(sizes)
        if "views" in state:
            self.views.restore_state(state["views"])

    def _on_go(self) -> None:
        run = self.settings.chosen()
        if run is not None and self.go.isEnabled():
            self.setFocus()
            settings = self.settings
            self.session.go(run.path, settings.words(), settings.episodes.value(), settings.by_window)

    def _on_stopped(self, _why: str) -> None:
        self.enabling.drop("")
        if self.session.busy:
            self.session.stop()

    def _on_lost(self, why: str) -> None:
        if why and self.session.busy:
            text = f"The policy was stopped: {why}. What was recorded stays; press Go to begin again."
            self.context.notifications.warning(text, "deploy")
            self.session.stop()

    def _on_session(self) -> None:
        session = self.session
        if session.phase is Phase.DRIVING and session.by_window and self.enabling.consent is Consent.OFF:
            self.enabling.press()  # Go was the person's consent
        if session.phase is Phase.IDLE:
            self.enabling.release()
        series = session.series
        self.scores.show_scores(series.scores, series.outcomes, series.total)
        self.summary.setText(self.scores.summary if series.total else "")
        if session.phase in (Phase.CLAIMING, Phase.STARTING):
            self.progress.begin(WORDS[session.phase][1])
        elif session.phase is Phase.DRIVING:
            done = len(series.scores) + series.interrupted
            self.progress.advance(
                done, series.total, f"Rollout {min(done + 1, series.total)} of {series.total}"
            )
        self.settings.look()

    def _on_scored(self, body: dict[str, Any]) -> None:
        self.rollouts.refresh()
        self.library.changed.emit(str(Path(body["path"]).parent.parent))

    def _on_ended(self, why: str) -> None:
        series = self.session.series
        told = (
            f"Score: {self.scores.summary}." if series.scores else "Ended before the first rollout was over."
        )
        if series.interrupted:
            told = f"{len(series.scores)} scored, {series.interrupted} cut off; all are kept."
        self.progress.rest(why or told)
        self.motion.rest()
        self.rollouts.refresh()

    def _on_rig(self, _why: str = "") -> None:
        self.views.attach(self.context.rig.info)
        self.settings.look()

    def _on_tick(self) -> None:
        if not self.isVisible():
            return
        self._ticks += 1
        if self._ticks % VIEWS_EVERY == 0:
            self.views.set_plan(self.session.plan)
            self.views.refresh()
        if self._ticks % 6 == 0:
            self.motion.refresh(self.session.phase is Phase.DRIVING)
        if self._ticks % LOOK_EVERY == 0 and not self.session.busy:
            self.settings.look()

    def _show_state(self) -> None:
        busy = self.session.busy
        self.go.allow("A policy drives already." if busy else self.settings.hindrance())
        self.stop.allow("" if busy else "Nothing drives.")
        self.settings.set_editable(not busy)
        owner = self.context.rig.owner
        if owner == OWNER or (
            self.isVisible() and not owner
        ):  # who moves the arm is shown on every workspace
            self._tell_status()

    def _tell_status(self) -> None:
        session = self.session
        words, hint = WORDS[session.phase]
        if session.phase is Phase.IDLE and self.settings.hindrance():
            words, hint = "NOTHING TO DEPLOY", self.settings.hindrance()
        elif session.phase is Phase.IDLE and self.context.rig.phase is RigPhase.UP:
            hint = "The rig is connected. Go lets the policy drive."
        state = State.MOVING if session.phase is Phase.DRIVING else State.IDLE
        self.context.status.reset(
            state=state, words=words, hint=hint, **(self._counts() if session.busy else {})
        )

    def _counts(self) -> dict[str, Any]:
        series = self.session.series
        return {
            "kept": len(series.scores), "plan": series.total, "seconds": series.seconds, "disk_s": series.disk_s,
            "dropped": sum(series.dropped.values()) if series.dropped else None,
        }  # fmt: skip
