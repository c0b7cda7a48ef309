"""`Task`: a skill to learn, as a table of objects, labels, terms and noise."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from assets.interactions import Interaction
from assets.objects import ObjectSpec
from envs.rewards.stack import Term
from envs.success import Criterion
from envs.terminations import Termination


@dataclasses.dataclass(frozen=True)
class ResetNoise:
    """Half widths of uniform noise on the state of an episode's first frame.

    SUGAR has 0.1 m, 0.1 rad and 0.1 rad a joint, for 10⁹ steps; half of that places a
    robot as well as an operator does, and leaves feet that tilt no further than they
    can stand on.

    | field | unit | on |
    |---|---|---|
    | root_xy, root_z | m | root position |
    | root_rot | rad | root roll, pitch and yaw |
    | joint | rad | every joint |
    | object_xy | m | object position on the floor |
    | object_yaw | rad | object heading |
    """

    root_xy: float = 0.05
    root_z: float = 0.01
    root_rot: float = 0.03
    joint: float = 0.05
    object_xy: float = 0.0
    object_yaw: float = 0.0


@dataclasses.dataclass(frozen=True)
class Task:
    """Everything that makes one skill: the rest is shared by all.

    `what` names the interaction: its object, and the labels that the contact term
    compares; `joined`, `allowed` and `keep_off` say which other bodies count as a
    label's, may touch, or should not (see `build_scene`); `success` judges an episode;
    `hold` the time [s] for which a clip's last frame is kept at its end; `control_hz`
    the policy's rate, of `substeps` physics steps each.
    """

    what: Interaction
    success: Criterion
    rewards: tuple[Term, ...]
    terminations: tuple[Termination, ...]
    reset_noise: ResetNoise
    joined: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    keep_off: tuple[str, ...] = ()
    hold: float = 1.0
    control_hz: float = 50.0
    substeps: int = 4

    @property
    def name(self) -> str:
        """Name of the task, as the command line has it."""
        return self.what.name

    @property
    def title(self) -> str:
        """Name of the task among Gymnasium's environments."""
        return self.what.title

    @property
    def object(self) -> ObjectSpec:
        """The object that is handled."""
        return self.what.object

    @property
    def contact_names(self) -> tuple[str, ...]:
        """Labels of the prior that the contact term compares."""
        return self.what.contacts

    @property
    def goal(self) -> bool:
        """Whether the object must come to a goal that the robot is told."""
        return self.what.goal

    @property
    def dt(self) -> float:
        """Control period [s]."""
        return 1.0 / self.control_hz
