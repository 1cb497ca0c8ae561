"""Runs the stages of a plan as child processes, a few at a time, until all are done or the time is up."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import TouchstoneError
from app.core.link.child import ChildLink
from app.core.link.hub import Child, Hub
from app.study.keep import Outcome, is_finished_run, program_digest, read_all, store
from app.study.plan import BEST, OUT, Plan, Stage, StudyError

POLL_MS = 200
COUNTS = {"collect": "kept", "deploy": "episodes"}


@dataclass
class Job:
    """A stage whose process runs."""

    stage: Stage
    child: Child
    begun: float


class Runner:
    """Works through a plan.

    Args:
        jobs: Processes at a time.
        seconds: What may be spent; None for no limit. When it is used up, the running stages are asked to stop:
            trainings go on from their checkpoint the next time, collecting and rollouts begin again.
    """

    def __init__(
        self, folder: Path, plan: Plan, hub: Hub, link: ChildLink, jobs: int, seconds: float | None
    ) -> None:
        self.folder, self.plan, self.hub, self.link = folder, plan, hub, link
        self._jobs, self._until = jobs, None if seconds is None else time.monotonic() + seconds
        self._program = program_digest()
        self.outcomes = {name: found for name, found in read_all(folder).items() if not found.error}
        self.failed: dict[str, str] = {}
        self.running: list[Job] = []

    @property
    def left(self) -> list[Stage]:
        """Stages that are not finished."""
        return [stage for stage in self.plan.stages if stage.name not in self.outcomes]

    @property
    def seconds_left(self) -> float:
        """Expected time of what is left, with all jobs at work."""
        return sum(stage.seconds for stage in self.left) / self._jobs

    def run(self) -> None:
        """Run until nothing can be started any more, the time is up, or the parent asks to stop."""
        self.link.progress(text=self._where(), done=len(self.outcomes), stages=len(self.plan.stages))
        while True:
            if self._over():
                self._interrupt()
                return
            while len(self.running) < self._jobs and (stage := self._next()) is not None:
                self._start(stage)
            if not self.running:
                return
            self.hub.poll(POLL_MS)
            self.link.poll()
            for job in [job for job in self.running if not job.child.running]:
                self._finish(job)

    def _over(self) -> bool:
        return self.link.stopping or (self._until is not None and time.monotonic() >= self._until)

    def _next(self) -> Stage | None:
        busy = {job.stage.name for job in self.running}
        for stage in self.left:
            ready = all(need in self.outcomes for need in stage.needs)
            if ready and stage.name not in busy and stage.name not in self.failed:
                return stage
        return None

    def _start(self, stage: Stage) -> None:
        words = self._prepared(stage)
        self.running.append(Job(stage, self.hub.start(stage.role, *words), time.monotonic()))

    def _prepared(self, stage: Stage) -> list[str]:
        """Return the words of a stage, with what an interrupted one left behind resumed or removed."""
        folder = self.folder / stage.folder
        if stage.role == "train" and is_finished_run(folder) is False:
            return ["--resume", "--out", str(folder)]
        shutil.rmtree(folder, ignore_errors=True)
        return [self._filled(word) for word in stage.words]

    def _filled(self, word: str) -> str:
        if word.startswith(BEST):
            found = self.outcomes[word.removeprefix(BEST).rstrip("}")].result
            return str(max(zip(found["kept_scores"], found["files"], strict=True))[1])
        return word.replace(OUT, str(self.folder))

    def _finish(self, job: Job) -> None:
        """Store what a stage gave."""
        self.hub.poll(0)
        stage, seconds = job.stage, time.monotonic() - job.begun
        try:
            outcome = Outcome(stage.name, self._result(job), round(seconds, 1), self._program)
            self.outcomes[stage.name] = outcome
        except TouchstoneError as error:
            self.failed[stage.name] = error.sentence()
            outcome = Outcome(stage.name, {}, round(seconds, 1), self._program, error.sentence())
            self.link.notice(f"{stage.name} failed: {error.sentence()}", "warning")
        store(self.folder, outcome)
        self._forget(job)
        self.link.progress(
            text=f"{stage.name}: {seconds:.0f} s. {self._where()}", done=len(self.outcomes),
            stages=len(self.plan.stages), stage=stage.name, seconds=round(seconds, 1),
        )  # fmt: skip

    def _result(self, job: Job) -> dict[str, object]:
        """Return a stage's JSON keys.

        Raises:
            ProcessError: If its process failed.
            StudyError: If it gave less than was asked for.
        """
        result = job.child.last_json()
        if job.child.process.returncode != 0 or result is None:
            raise self.hub.death_of(job.child)
        if not is_whole(job.stage, result):
            raise StudyError(
                f"stage {job.stage.name}", "it ended before it was done", way_out="Run the study again"
            )
        return result

    def _interrupt(self) -> None:
        """Ask what runs to stop; what was finished nevertheless counts."""
        for job in self.running:
            self.hub.send(job.child, "stop", why="the study's time is up")
        for job in list(self.running):
            self.hub.wind_up(job.child)
            result = job.child.last_json()
            if job.child.process.returncode == 0 and result is not None and is_whole(job.stage, result):
                self._finish(job)
            else:
                self._forget(job)

    def _forget(self, job: Job) -> None:
        self.running.remove(job)
        self.hub.stop(job.child)

    def _where(self) -> str:
        return f"{len(self.outcomes)} of {len(self.plan.stages)} stages, about {self.seconds_left / 60.0:.0f} min left"


def is_whole(stage: Stage, result: dict[str, object]) -> bool:
    """Return whether a stage gave all that it was asked for."""
    if stage.role == "train":
        return bool(result.get("finished"))
    asked = int(stage.words[stage.words.index("--episodes") + 1])
    return result.get(COUNTS[stage.role]) == asked and not result.get("interrupted")
