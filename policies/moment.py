"""The moment at which a checkpoint was taken: resumed runs go on with the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO

from envs.batch_env import BatchEnv
from envs.snapshot import fits, resume, snapshot


class Moment:
    """Simulations, what PPO saw last, and every random generator."""

    def __init__(self, env: BatchEnv, model: PPO) -> None:
        self.env, self.model = env, model

    def state(self) -> dict[str, NDArray]:
        """Arrays that a checkpoint must keep."""
        model: Any = self.model
        _, keys, position, gauss, cached = np.random.get_state()
        state = {
            **snapshot(self.env),
            "obs": model._last_obs,
            "starts": model._last_episode_starts,
            "torch_rng": torch.get_rng_state().numpy(),
            "numpy_keys": keys,
            "numpy_rest": np.array([position, gauss, cached], float),
        }
        if model.device.type == "cuda":
            state["cuda_rng"] = torch.cuda.get_rng_state(model.device).numpy()
        return state

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take up what `state` returned; with other simulations all start anew."""
        model: Any = self.model
        if "obs" not in state or not fits(self.env, state):
            return
        resume(self.env, state)
        model._last_obs, model._last_episode_starts = state["obs"], state["starts"]
        torch.set_rng_state(torch.from_numpy(state["torch_rng"]))
        if "cuda_rng" in state and model.device.type == "cuda":
            torch.cuda.set_rng_state(torch.from_numpy(state["cuda_rng"]), model.device)
        position, gauss, cached = state["numpy_rest"].tolist()
        keys = state["numpy_keys"]
        np.random.set_state(("MT19937", keys, int(position), int(gauss), cached))
