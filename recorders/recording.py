"""The recorder's main-thread half: takes start and stop, messages go to the writer, the parent hears how it goes."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.core.clock import NS_PER_S
from app.core.errors import RecordingError, TouchstoneError, WireError
from app.core.link.child import VERSION, ChildLink
from app.core.wire.client import DeviceClient
from app.core.wire.codec import decode_array
from app.core.wire.messages import SampleHeader
from recorders.commit import Committed
from recorders.files import episode_path, journal_path
from recorders.journal import JournalWriter
from recorders.queueing import QueuedSample
from recorders.records import OUTCOMES, TAKE_SCHEMA_VERSION, StopRecord, TakeRecord
from recorders.room import Room
from recorders.samples import check_message, sample_in
from recorders.take import TICK, Phase, Take
from recorders.writing import TakeWriter

STATE_S = 0.25
FIRST_SAMPLE_S = 30.0
SILENCE_S = 10.0
STOP_PATIENCE_S = 30.0
CREDITS = 50
RECEIVE_MS = 10
RECEIVE_LIMIT_S = 0.1
MAX_TOLD = 50
INTENTS = "take_start, take_stop, take_drop, sample"


class Recorder:
    """Records takes of one device server into one folder whose lock is held by the caller.

    Attributes:
        files: Paths of the episodes that were committed.
        last_error: Why the newest take failed, or None.
    """

    def __init__(
        self,
        folder: Path,
        client: DeviceClient,
        link: ChildLink,
        floor_bytes: int,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.folder, self.client, self.link = folder, client, link
        self.room, self.silence_s = Room(folder, floor_bytes), silence_s
        self.holder = f"recorder:{folder.resolve()}"
        self.files: list[str] = []
        self.last_error: TouchstoneError | None = None
        self._take: Take | None = None
        self._writer: TakeWriter | None = None
        self._last_final: dict[str, Any] = {}
        self._next_state = 0.0
        self._heard = self._started = self._stop_asked = 0.0
        self._told: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether a take is waited for, recorded or saved."""
        return self._take is not None

    def hear(self, intent: dict[str, Any]) -> None:
        """Do what the parent asks; errors are told, never raised."""
        name = intent.get("name")
        try:
            if name == "take_start":
                self._start(str(intent.get("take", "")), dict(intent.get("meta") or {}))
            elif name == "take_stop":
                self._stop(intent)
            elif name == "take_drop":
                self._drop()
            elif name == "sample":
                self._add(intent)
            else:
                self.link.notice(f"record: intent {name!r} is unknown. Valid: {INTENTS}.", "warning")
        except TouchstoneError as error:
            if name == "take_start":
                self._fail(str(intent.get("take", "")), error)
            else:
                self.link.notice(error.sentence(), "error")

    def turn(self) -> None:
        """Do one turn of the loop: receive, watch, tell. Call it as long as `busy`."""
        take, writer = self._take, self._writer
        if take is None or writer is None:
            return
        if take.phase is Phase.SAVING:
            self._follow_saving(take, writer)
            return
        self._receive(take, writer)
        self._drain_replies(take)
        if writer.error is not None:
            self._finish(take, writer)
            return
        self._watch(take, writer)
        if take.is_over(self._now(take)):
            self._save(take, writer)
        elif take.phase is Phase.RECORDING and "recording" not in self._told:
            self._told.add("recording")
            self._tell(take, writer)
        elif time.monotonic() >= self._next_state:
            self._tell(take, writer)

    def settle(self) -> None:
        """Turn until the present take is saved or failed, whatever the parent says."""
        while self.busy:
            self.turn()
            self.link.poll()

    def close(self, why: str) -> None:
        """End a running take with what it has, and wait until it is committed."""
        if self._take is not None and self._take.phase is not Phase.SAVING and self._writer is not None:
            self._take.request_stop("failure", 0, {}, f"The take was cut short: {why}.")
            self._save(self._take, self._writer)
        self.settle()

    # starting and stopping

    def _start(self, uuid: str, meta: dict[str, Any]) -> None:
        if self._take is not None:
            raise RecordingError(
                f"take {uuid}", f"take {self._take.uuid} is not finished", way_out="Stop that first"
            )
        if not uuid or "/" in uuid or uuid.startswith("."):
            raise RecordingError(f"take {uuid!r}", "this cannot be the name of a file")
        if episode_path(self.folder, uuid).exists():
            raise RecordingError(
                f"take {uuid}", "there is an episode of this name", way_out="Give each take its own uuid"
            )
        self.room.check_start()
        info = self.client.describe()
        if info.lockstep:
            self.client.call("credits_on", holder=self.holder, count=CREDITS)
        else:
            clock = self.client.synchronise()
            meta = {**meta, "recorder_clock": {"offset_ns": clock.offset_ns, "bound_ns": clock.bound_ns}}
        try:
            self.client.subscribe()
            created = datetime.now(UTC).astimezone().isoformat(timespec="milliseconds")
            record = TakeRecord(TAKE_SCHEMA_VERSION, uuid, created, meta, info, VERSION)
            writer = TakeWriter(self.folder, JournalWriter(journal_path(self.folder, uuid), record))
        except TouchstoneError:
            self._let_go(info.lockstep)
            raise
        self.last_error = None
        self._told.clear()
        self._take, self._writer = Take(uuid, info), writer
        self._heard = self._started = time.monotonic()
        writer.start()
        self._tell(self._take, writer)

    def _add(self, intent: dict[str, Any]) -> None:
        """Keep a message that comes by the parent, of a stream that the device server does not have.

        Raises:
            RecordingError: If the server has a stream of that name.
            WireError: If the message is malformed.
        """
        take, writer = self._take, self._writer
        if take is None or writer is None or take.phase is Phase.SAVING:
            return  # it belongs to no take
        header, data = sample_in(intent)
        topic = f"{header.device}/{header.signal}"
        if topic in take.specs:
            raise RecordingError(f"stream {topic}", "it is the device server's", way_out="Name it otherwise")
        self._keep_message(take, writer, topic, header, data)

    def _let_go(self, lockstep: bool) -> None:
        """Hear no more samples, and let the bench go on without us."""
        if self.client.streams is not None:
            self.client.streams.close()
            self.client.streams = None
        if lockstep:
            self.client.send("credits_off", holder=self.holder)

    def _stop(self, intent: dict[str, Any]) -> None:
        take = self._take
        if take is None:
            if not self._last_final:
                raise RecordingError("take_stop", "no take is running", way_out="Start one with take_start")
            self.link.send("state", **self._last_final)
            return
        outcome = intent.get("outcome")
        if outcome not in OUTCOMES:
            raise RecordingError(f"outcome {outcome!r}", "it is unknown", options=OUTCOMES)
        until_ns = int(intent.get("until_ns") or 0) or self._now(take)
        self._stop_asked = time.monotonic()
        take.request_stop(outcome, until_ns, dict(intent.get("meta") or {}))

    def _drop(self) -> None:
        """Forget the running take: it was stopped before anything happened in it."""
        take, writer = self._take, self._writer
        if take is None or writer is None or take.phase is Phase.SAVING:
            raise RecordingError("take_drop", "no take is running", way_out="Start one with take_start")
        take.phase, take.dropped_whole = Phase.SAVING, True
        self._let_go(take.info.lockstep)
        writer.drop()

    def _cut(self, take: Take, text: str) -> None:
        """End a take that cannot go on; what came so far is kept as a failure."""
        self.link.notice(text, "error")
        self._stop_asked = time.monotonic()
        take.request_stop("failure", self._now(take), take.stop.meta if take.stop else {}, text)

    def _save(self, take: Take, writer: TakeWriter) -> None:
        self._receive(take, writer, timeout_ms=0)
        stop = take.stop or StopRecord(TAKE_SCHEMA_VERSION, "failure", 0, 0, {})
        outcome, text = stop.outcome, stop.text
        if take.phase is Phase.WAITING:
            text = text or f"It was stopped while {', '.join(sorted(take.missing))} had delivered nothing."
            outcome = "failure" if outcome == "success" else outcome
        take.phase = Phase.SAVING
        self._let_go(take.info.lockstep)
        flags = take.flags(stop.end_ns)
        writer.finish(
            StopRecord(TAKE_SCHEMA_VERSION, outcome, take.start_ns, stop.end_ns, stop.meta, text, flags)
        )

    def _follow_saving(self, take: Take, writer: TakeWriter) -> None:
        """Tell `saving` once every sample is safe on the disk, and end the take once it is an episode."""
        if "saving" in self._told:
            writer.join(0.02)
        elif writer.sealed.wait(0.02):
            self._told.add("saving")
            self.link.send("state", name="saving", take=take.uuid)
        if writer.finished:
            self._finish(take, writer)

    def _finish(self, take: Take, writer: TakeWriter) -> None:
        writer.join()
        if take.phase is not Phase.SAVING:
            self._let_go(take.info.lockstep)
        kept = writer.committed
        if writer.error is not None:
            self._fail(take.uuid, writer.error)
        elif take.dropped_whole:
            self._end(name="dropped", take=take.uuid)
        elif kept is None:
            self._fail(take.uuid, RecordingError(f"take {take.uuid}", "it ended before its first sample"))
        else:
            self._keep(take, kept)

    def _keep(self, take: Take, kept: Committed) -> None:
        self.files.append(str(kept.path))
        body = {"take": take.uuid, "path": str(kept.path), "outcome": kept.outcome, "seconds": kept.seconds,
                "dropped": kept.dropped, "streams": kept.streams, "flags": take.doubts()}  # fmt: skip
        if take.info.lockstep and kept.dropped:
            lost = ", ".join(f"{topic} {count}" for topic, count in sorted(take.gaps().items()))
            error = RecordingError(
                f"take {take.uuid}", f"a lock-step run lost samples ({lost})", way_out="Discard it"
            )
            self._fail(take.uuid, error, **body)
            return
        self._end(name="saved", **body)

    def _fail(self, uuid: str, error: TouchstoneError, **more: Any) -> None:
        self.link.notice(error.sentence(), "error")
        body = {**more, "name": "failed", "take": uuid, "text": error.sentence()}
        if self._take is not None and self._take.uuid != uuid:
            self.link.send("state", **body)  # another take than the running one, which goes on
            return
        self.last_error = error
        self._end(**body)

    def _end(self, **body: Any) -> None:
        self._take = self._writer = None
        self._last_final = body
        self.link.send("state", **body)

    # while it runs

    def _now(self, take: Take) -> int:
        """Return the session time: the newest tick's in lock-step, the server's clock otherwise."""
        return take.tick_ns if take.info.lockstep else self.client.clock.now_ns()

    def _drain_replies(self, take: Take) -> None:
        for reply in self.client.replies() if take.info.lockstep else self.client.keep_time():
            if not reply.ok:
                self._tell_once(f"device server: {reply.error}")

    def _tell_once(self, text: str) -> None:
        if text not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(text)
            self.link.notice(text, "error")

    def _receive(self, take: Take, writer: TakeWriter, timeout_ms: int = RECEIVE_MS) -> None:
        credit = 0
        deadline = time.monotonic() + RECEIVE_LIMIT_S
        try:
            for topic, header, buffer in self.client.receive(timeout_ms):
                credit += self._take_in(take, writer, topic.decode(errors="replace"), header, buffer)
                if time.monotonic() > deadline:
                    break
        except WireError as error:
            self._tell_once(error.sentence())
        if credit and take.info.lockstep:
            self.client.send("credit", holder=self.holder, count=credit)

    def _take_in(
        self, take: Take, writer: TakeWriter, topic: str, header: SampleHeader, buffer: memoryview
    ) -> int:
        """Hand one message to the writer; returns the credits that it is worth."""
        self._heard = time.monotonic()
        try:
            check_message(header, len(buffer), take.specs.get(topic))
            if topic != f"{header.device}/{header.signal}":
                raise WireError(f"stream {topic[:130]!r}", "its header names another stream")
        except WireError as error:
            self._tell_once(error.sentence())
            return 0
        if not self._keep_message(take, writer, topic, header, buffer) or topic != TICK:
            return 0
        row = decode_array(header, buffer)[-1]
        return int(take.tick(int(row[0]), int(row[3])))

    def _keep_message(
        self, take: Take, writer: TakeWriter, topic: str, header: SampleHeader, buffer: memoryview
    ) -> bool:
        """Queue a well-formed message for the journal; returns whether the journal still takes any."""
        # received: on the session clock, which in lock-step stands still until the period's tick comes
        sample = QueuedSample(topic, header, buffer, max(self._now(take), header.t_ns[-1]))
        while not writer.put(sample):
            if writer.error is not None or writer.finished:
                return False
            self.link.poll()  # the disk is slow: wait, and let the parent know that we live
        if take.stop is None or header.t_ns[0] <= take.stop.end_ns:
            take.accept(topic, header, buffer)
        return True

    def _watch(self, take: Take, writer: TakeWriter) -> None:
        """End a take that cannot go on, and tell of streams that fell silent."""
        now = time.monotonic()
        if take.stop is not None:
            if now - self._stop_asked > STOP_PATIENCE_S:
                self._cut(take, "The take was closed before its last moment came: the bench does not go on.")
            return
        self.room.note(writer.size, now - self._started)
        if self._ends_for_room(take, writer):
            return
        if take.info.lockstep:
            self._tell_doubts(take)
        elif take.phase is Phase.WAITING and now - self._started > FIRST_SAMPLE_S:
            missing = ", ".join(sorted(take.missing))
            self._cut(
                take, f"stream {missing}: nothing came for {FIRST_SAMPLE_S:g} s, so the take was ended."
            )
        elif now - self._heard > self.silence_s:
            self._cut(
                take, f"No stream delivered anything for {self.silence_s:g} s: the device server is gone."
            )
        else:
            self._tell_doubts(take)

    def _ends_for_room(self, take: Take, writer: TakeWriter) -> bool:
        """End the take if the disk is nearly full or its folder is gone; returns whether it was."""
        try:
            full = self.room.is_nearly_full(writer.owed)
        except RecordingError as error:
            self._cut(take, error.sentence())
            return True
        if full:
            left = self.room.free() / 1e6
            self._cut(take, f"The disk is nearly full ({left:.0f} MB left), so the take was ended.")
        return full

    def _tell_doubts(self, take: Take) -> None:
        take.watch.newly_silent(self._now(take) if take.info.lockstep else 0)
        for flag in take.watch.flags[take.told :]:
            take.told += 1
            self._next_state = 0.0
            self.link.notice(
                f"{flag.text} The take is marked; discard it if you need this stream.", "warning"
            )

    def _tell(self, take: Take, writer: TakeWriter) -> None:
        self._next_state = time.monotonic() + STATE_S
        if take.phase is Phase.WAITING:
            self.link.send("state", name="waiting", take=take.uuid, missing=sorted(take.missing))
            return
        seconds = max(0, self._now(take) - take.start_ns) / NS_PER_S
        try:
            left = self.room.seconds_left(writer.owed)
        except RecordingError:
            return  # the next look at the disk ends the take
        if warning := self.room.warning(left):
            self.link.notice(warning, "warning")
        self.link.send(
            "state", name="recording", take=take.uuid, seconds=seconds, bytes=writer.size, dropped=take.dropped,
            disk_free_s=left, gaps=take.gaps(),
            flags=take.doubts(),
        )  # fmt: skip
