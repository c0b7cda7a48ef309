"""A run's policy on video, rendered in a process of its own.

Graphics drivers can take their process with them, and no picture is worth a training
run: `film_run` starts this module as a program and lives on whatever comes of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from assets.g1.spec import g1
from assets.robot import RobotSpec
from envs.batch_env import BatchEnv
from envs.render import render_motion
from envs.state_pool import PoolSettings
from envs.tasks import task_by_name
from perception.encode import write_video
from perception.files import atomic
from policies.refiner import Agent, load_network
from policies.run_dir import RunDir, load_priors

TIME_LIMIT = 300.0
FPS = 25.0
SIZE = (480, 360)


def film_run(run: RunDir, robot: RobotSpec) -> bool:
    """Film the run's policy; a fault is one printed line and False."""
    root = str(Path(__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [sys.executable, "-m", "policies.film"]
    command += [str(run.path.resolve()), str(Path(robot.mjcf).resolve())]
    environment = {"MUJOCO_GL": "egl", **os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{run.film}: not filmed ({error})")
        return False
    if done.returncode != 0 or not run.film.is_file():
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        print(f"{run.film}: not filmed ({lines[-1]})")
        return False
    return True


def film(run: RunDir, robot: RobotSpec) -> int:
    """Render one deterministic episode from the first frame; returns its steps."""
    config = run.read_config()
    start = PoolSettings(start_share=1.0, seed_reference=False, write=False)
    env = BatchEnv(
        task_by_name(config["task"]),
        robot,
        load_priors(run.priors)[:1],
        1,
        threads=1,
        feedforward=config["settings"]["feedforward"],
        balance=config["settings"].get("balance", False),
        reach=config["settings"].get("reach", False),
        pool=start,
    )
    agent = Agent(load_network(run.refiner))
    obs, states = env.reset(), []
    for _ in range(int(env.reference.length[0])):
        states.append(np.array(env.batch.qpos[0]))
        env.step_async(agent(obs))
        obs, _, done, _ = env.step_wait()
        if done[0]:
            break
    stride = round(1.0 / (FPS * env.task.dt))
    frames = render_motion(env.variants.model(0), np.array(states[::stride]), size=SIZE)
    atomic(run.film, lambda partial: write_video(partial, frames, SIZE, FPS))
    return len(states)


if __name__ == "__main__":
    film(RunDir(Path(sys.argv[1])), g1(Path(sys.argv[2])))
