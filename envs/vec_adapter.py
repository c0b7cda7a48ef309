"""What Stable-Baselines3 asks of a `VecEnv` whose simulations share one object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env.base_vec_env import VecEnv


class SharedVecEnv(VecEnv):
    """A `VecEnv` whose simulations are rows: attributes are the object's own."""

    rng: np.random.Generator
    render_mode: str | None = None

    def close(self) -> None:
        """Nothing to release: the simulations go with the object."""

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed whatever is drawn for all simulations."""
        self.rng = np.random.default_rng(seed)
        return [seed] * self.num_envs

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute, once per simulation."""
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set the attribute for all simulations."""
        del indices
        setattr(self, attr_name, value)

    def env_method(
        self,
        method_name: str,
        *args: Any,
        indices: Any = None,
        **kwargs: Any,
    ) -> list[Any]:
        """Call a method once."""
        del indices
        return [getattr(self, method_name)(*args, **kwargs)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Simulations are not wrapped one by one."""
        return [False] * len(list(self._get_indices(indices)))
