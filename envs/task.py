"""`Task`: a skill to learn, as a table of objects, labels, terms and noise."""

from __future__ import annotations

import dataclasses

from assets.objects import ObjectSpec
from envs.rewards.stack import Term
from envs.terminations import Termination


@dataclasses.dataclass(frozen=True)
class ResetNoise:
    """Half widths of uniform noise on the state of an episode's first frame.

    | field | unit | on |
    |---|---|---|
    | root_xy, root_z | m | root position |
    | root_rot | rad | root roll, pitch and yaw |
    | joint | rad | every joint |
    | object_xy | m | object position on the floor |
    | object_yaw | rad | object heading |
    """

    root_xy: float = 0.1
    root_z: float = 0.01
    root_rot: float = 0.1
    joint: float = 0.1
    object_xy: float = 0.0
    object_yaw: float = 0.0


@dataclasses.dataclass(frozen=True)
class Task:
    """Everything that makes one skill: the rest is shared by all.

    `contact_names` are the prior's labels that the contact term compares;
    `hold` the time [s] for which a clip's last frame is kept at its end; `control_hz`
    the policy's rate, of `substeps` physics steps each.
    """

    name: str
    title: str
    object: ObjectSpec
    contact_names: tuple[str, ...]
    rewards: tuple[Term, ...]
    terminations: tuple[Termination, ...]
    reset_noise: ResetNoise
    hold: float = 1.0
    control_hz: float = 50.0
    substeps: int = 4

    @property
    def dt(self) -> float:
        """Control period [s]."""
        return 1.0 / self.control_hz
