"""What each worker of a Ray cluster does: open the data by path, take its part of each batch, go on from a checkpoint.

The state is the run's own folder, which rank 0 writes as a run on one machine does. After a failure Ray starts all
workers again, and they begin at its last checkpoint. Called by Ray in processes of its own.
"""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import torch

from app.learning import checkpoint
from app.learning.cluster.link import WorkerLink
from app.learning.config import RunConfig
from app.learning.data.dataset import join
from app.learning.data.sources import load_again, sources_of, with_pictures
from app.learning.run import TrainingRun
from app.learning.training.parts import Team


def train_worker(words: dict[str, Any]) -> None:
    """Train with the others until the run is finished or stopped.

    Args:
        words: `run`, its folder; `config`, the settings as JSON for a run that has no checkpoint yet; `save_every_s`.
    """
    torch.set_num_threads(1)
    ray = importlib.import_module("ray.train")
    context = ray.get_context()
    team = Team(context.get_world_rank(), context.get_world_size())
    run = Path(words["run"])
    begun = (run / checkpoint.TRAINER).is_file()
    config = checkpoint.read_config(run) if begun else msgspec.json.decode(words["config"], type=RunConfig)
    saved = checkpoint.read_trainer(run) if begun else {}
    team.agree(True)  # all have read before rank 0 writes
    episodes = load_again(config)
    series = join([episode.arrays for episode in episodes])
    with tempfile.TemporaryDirectory(prefix="touchstone-worker-") as scratch:
        own = run if team.leads else Path(scratch) / run.name
        own.mkdir(parents=True, exist_ok=True)
        series = with_pictures(series, sources_of(episodes), config.settings.cameras, own.absolute().parent)
        if begun and not team.leads:
            (own / checkpoint.LOSSES).write_bytes((run / checkpoint.LOSSES).read_bytes())
        training = TrainingRun(
            own, config, series, WorkerLink(run), True, saved, team, float(words["save_every_s"])
        )
        training.run()
        ray.report(msgspec.to_builtins(training.result()))
