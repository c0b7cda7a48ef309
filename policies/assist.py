"""Virtual assistance during training, fading as episodes complete."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from envs.assistance import Assistance
from policies.curve import Curve


class Assist(BaseCallback):
    """Lays the helping wrench before every control step of a rollout.

    While anything helps, completion counts for nothing but the fading: the curve's
    window begins anew when the help ends.
    """

    def __init__(self, assistance: Assistance, curve: Curve, goal: int) -> None:
        super().__init__()
        self.assistance, self.curve, self.goal = assistance, curve, goal

    def state(self) -> dict[str, NDArray]:
        """Arrays that a checkpoint must keep."""
        return {"strength": np.array(self.assistance.strength)}

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take up what `state` returned."""
        self.assistance.strength = float(state["strength"])
        self.curve.helped = self.assistance.strength > 0.0

    def _on_training_start(self) -> None:
        self.curve.helped = self.assistance.strength > 0.0

    def _on_rollout_start(self) -> None:
        if self.assistance.strength > 0.0:
            progress = self.num_timesteps / self.goal
            self.assistance.fade(self.curve.share_complete(), progress)
            if self.assistance.strength == 0.0:
                self.curve.restart_window()
                self.curve.helped = False
            self.assistance.apply()
        self.logger.record("train/assistance", self.assistance.strength)

    def _on_step(self) -> bool:
        if self.assistance.strength > 0.0:
            self.assistance.apply()
        return True
