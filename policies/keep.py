"""What of a run is worth giving away: the refiner, its figures, and a card.

Checkpoints and priors stay behind: they are large, and a checkpoint is pickled. Who has
clips goes on from the refiner with `sugarmill train --init`.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from perception.files import write_text
from policies.card import init_command, refiner_card
from policies.clips import about_priors
from policies.run_dir import RunDir, load_priors, write_json

KEPT = ("refiner", "training")
"""Beginnings of the sections of a run's metrics that are about its refiner."""


def keep_refiner(source: Path, out: Path, videos: str = "") -> Path:
    """Copy the refiner of the run at `source` to `out`, with its card; returns `out`.

    `videos` says for the card what kind of videos the priors were made from. Raises
    ValueError if the run lacks a network or was never evaluated.
    """
    run, kept = RunDir(source), RunDir(out)
    config = _portable(run.read_config())
    for path in (run.refiner, run.critic):
        if not path.is_file():
            msg = f"{source}: holds no {path.name}; continue it once with --resume"
            raise ValueError(msg)
    metrics = json.loads(run.metrics.read_text()) if run.metrics.is_file() else {}
    if "refiner" not in metrics:
        msg = f"{source}: was not evaluated; run `sugarmill evaluate {source}` first"
        raise ValueError(msg)
    metrics = {k: v for k, v in metrics.items() if k.startswith(KEPT)}
    if run.priors.is_dir():
        metrics["priors"] = about_priors(load_priors(run.priors), videos)
    command = init_command(config["task"], config["settings"], out)
    training = {**metrics.get("training", {}), "init": config["init"]}
    metrics["training"] = {**training, "continue": command}
    out.mkdir(parents=True, exist_ok=True)
    for path in (run.refiner, run.critic):
        shutil.copyfile(path, out / path.name)
    write_json(kept.config, config)
    write_json(kept.metrics, metrics)
    write_card(kept)
    return out


def write_card(kept: RunDir) -> None:
    """Write the card of a kept refiner anew, from its configuration and figures."""
    config, metrics = kept.read_config(), json.loads(kept.metrics.read_text())
    write_text(kept.card, refiner_card(config, metrics))


def _portable(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration without paths of this machine."""
    init = config.get("init")
    return {**config, "init": Path(init).name if init else None}
