"""Robot motions as other projects write them."""

import dataclasses

import numpy as np

from assets import rotations
from assets.g1.spec import g1
from perception.body_poses import body_poses, breadth_first


@dataclasses.dataclass(frozen=True)
class Robot:
    """A swaying robot: joints, root, and where its bodies are."""

    joints: np.ndarray
    root: np.ndarray
    quat: np.ndarray

    @property
    def bodies(self):
        return body_poses(g1(), self.joints, self.root, self.quat)


def robot_motion(seed=0, frames=60, *, yaw=0.4):
    rng = np.random.default_rng(seed)
    spec = g1()
    phase = np.linspace(0.0, 3.0, frames)[:, None]
    low, high = spec.array("lower"), spec.array("upper")
    room = np.minimum(high - spec.array("default_pos"), spec.array("default_pos") - low)
    sway = np.sin(phase * rng.uniform(1, 3, 29) + rng.uniform(0, 6, 29))
    joints = spec.array("default_pos") + 0.5 * np.minimum(room, 0.6) * sway
    root = np.concatenate([0.2 * phase, 0.1 * phase, 0.75 + 0.02 * np.sin(phase)], 1)
    tilt = rotations.exp(0.1 * np.sin(phase * [1.0, 2.0, 0.5]))
    quat = rotations.multiply(rotations.from_yaw(yaw + 0.2 * phase[:, 0]), tilt)
    return Robot(joints, root, np.asarray(rotations.normalize(quat)))


def mjlab_arrays(robot, *, order="mujoco", fps=50.0):
    """The arrays of `csv_to_npz.py`, in MuJoCo's or in Isaac Lab's order."""
    spec, bodies = g1(), robot.bodies
    joints, names = spec.joint_names, bodies.names
    if order == "isaac":
        joints, names = breadth_first(spec)
    column = [spec.joint_names.index(n) for n in joints]
    body = [bodies.names.index(n) for n in names]
    pos, quat = bodies.pos_w[:, body], bodies.quat_w[:, body]
    return {
        "fps": np.array([fps]),
        "joint_pos": robot.joints[:, column].astype(np.float32),
        "joint_vel": np.gradient(robot.joints[:, column], 1 / fps, axis=0),
        "body_pos_w": pos.astype(np.float32),
        "body_quat_w": quat.astype(np.float32),
        "body_lin_vel_w": np.gradient(pos, 1 / fps, axis=0),
        "body_ang_vel_w": np.zeros_like(pos),
    }


def csv_text(robot):
    table = [robot.root, np.roll(robot.quat, -1, axis=1), robot.joints]
    rows = np.concatenate(table, axis=1)
    return "\n".join(",".join(f"{v:.9f}" for v in row) for row in rows) + "\n"
