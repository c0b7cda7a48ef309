"""One simulation of a task as a Gymnasium environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.canvas import Canvas
from assets.g1.spec import g1
from envs.batch_env import BatchEnv
from envs.render import motion_camera
from envs.state_pool import PoolSettings
from envs.tasks import task_by_name
from perception.prior import Prior

Floats = NDArray[np.floating]

PRIORS = Path(__file__).parents[1] / "assets" / "priors"


class TaskEnv(gymnasium.Env[Floats, Floats]):
    """A task along its priors, always from the first frame of a clip.

    Observations and actions are those of `BatchEnv`, which it wraps with one
    simulation; `priors` is a folder, by default the one that ships for the task.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012

    def __init__(
        self,
        task: str,
        priors: Path | None = None,
        render_mode: str | None = None,
    ) -> None:
        folder = priors or PRIORS / task.replace("-", "_")
        clips = [Prior.load(path) for path in sorted(folder.glob("*.prior.npz"))]
        start_only = PoolSettings(start_share=1.0, seed_reference=False)
        self.env = BatchEnv(
            task_by_name(task), g1(), clips, 1, threads=1, pool=start_only
        )
        self.observation_space = self.env.observation_space
        self.action_space = self.env.action_space
        self.render_mode = render_mode
        self._canvas: Canvas | None = None
        self._data: mujoco.MjData | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Start at a clip's first frame with the task's reset noise."""
        super().reset(seed=seed, options=options)
        if seed is not None:
            self.env.seed(seed)
            self.env.pool.next_clip = 0
        return self.env.reset()[0], {}

    def step(self, action: Floats) -> tuple[Floats, float, bool, bool, dict[str, Any]]:
        """Advance one control period."""
        self.env.step_async(np.asarray(action)[None])
        obs, reward, done, infos = self.env.step_wait()
        info = infos[0]
        last = info.pop("terminal_observation", obs[0])
        truncated = bool(info.pop("TimeLimit.truncated", False))
        return last, float(reward[0]), bool(done[0]) and not truncated, truncated, info

    def render(self) -> NDArray[np.uint8] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The scene now, `(360, 480, 3)` RGB, or None without a render mode."""
        if self.render_mode is None:
            return None
        model = self.env.variants.model(int(self.env.clip[0]))
        if self._data is None or self._data.model is not model:
            self.close()
            self._canvas, self._data = Canvas(model, (480, 360)), mujoco.MjData(model)
        assert self._canvas is not None and self._data is not None
        self._data.qpos = self.env.batch.qpos[0]
        mujoco.mj_forward(model, self._data)
        camera = motion_camera(self._data.qpos[None], 130.0)
        return self._canvas.draw(self._data, camera)

    def close(self) -> None:
        """Free the graphics memory."""
        if self._canvas is not None:
            self._canvas.close()
            self._canvas = None
