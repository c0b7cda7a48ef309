"""A robot and its object in MuJoCo, driven by the same joint commands as a real one."""

from __future__ import annotations

import dataclasses
from collections import deque

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.interactions import interaction
from assets.robot import RobotSpec
from assets.scene import OBJECT_BODY, OBJECT_JOINT, compile_scene
from deploy.backend import GoalPose, JointCommand, RobotState
from envs.observations import gravity_in_body
from envs.reset import noisy_starts
from envs.task import ResetNoise
from envs.tasks import task_by_name
from policies.contract import Contract

Floats = NDArray[np.float64]

STILL = ResetNoise(root_xy=0.0, root_z=0.0, root_rot=0.0, joint=0.0)


@dataclasses.dataclass(frozen=True)
class World:
    """How the simulated world differs from the one that the policy was trained in.

    | field | unit | meaning |
    |---|---|---|
    | start | | noise on the first frame; see ResetNoise |
    | latency | s | from a command's arrival to its effect |
    | drop | – | share of commands that are lost |
    | joint_noise, speed_noise | rad, rad/s | standard deviation of what is reported |
    | object_noise | m | standard deviation of the reported object position |
    | object_mass, friction | – | factors on the object's mass and all friction |
    """

    start: ResetNoise = STILL
    latency: float = 0.0
    drop: float = 0.0
    joint_noise: float = 0.0
    speed_noise: float = 0.0
    object_noise: float = 0.0
    object_mass: float = 1.0
    friction: float = 1.0


def training_world(contract: Contract) -> World:
    """The world of training and evaluation: the task's reset noise, nothing else."""
    return World(start=task_by_name(contract.task).reset_noise)


class SimulatedRobot:
    """Physics of one robot and object, at the start that a contract describes.

    The PD loop runs inside the integrator, as on the training side: gains go to the
    actuators, `kd dq + tau` to their constant term, and MuJoCo clips the sum to the
    effort limits. Time stands still until `step`.
    """

    def __init__(
        self, contract: Contract, robot: RobotSpec, world: World, seed: int
    ) -> None:
        self.robot = robot
        self.world = world
        slides = interaction(contract.task).slides
        self.model = compile_scene(robot, contract.object, slides=slides)
        self.data = mujoco.MjData(self.model)
        self._rng = np.random.default_rng(seed)
        self._pending: deque[tuple[float, JointCommand]] = deque()
        model = self.model
        self._motors = np.array([model.actuator(n).id for n in robot.joint_names])
        joints = [model.joint(name) for name in robot.joint_names]
        self._qpos = np.array([joint.qposadr[0] for joint in joints])
        self._dofs = np.array([joint.dofadr[0] for joint in joints])
        self._anchor = model.body(robot.anchor_body).id
        self._object = model.body(OBJECT_BODY).id
        self.goal = contract.goal
        model.body_mass[self._object] *= world.object_mass
        model.body_inertia[self._object] *= world.object_mass
        model.geom_friction[:, 0] *= world.friction
        mujoco.mj_setConst(model, self.data)
        self._object_qpos = int(model.joint(OBJECT_JOINT).qposadr[0])
        self._place(contract)

    @property
    def timestep(self) -> float:
        """Physics step [s]."""
        return self.model.opt.timestep

    @property
    def time(self) -> float:
        """Simulated time since the start [s]."""
        return self.data.time

    @property
    def qpos(self) -> Floats:
        """Copy of MuJoCo's positions: root, joints, object."""
        return self.data.qpos.copy()

    @property
    def root_height(self) -> float:
        """Height of the root body above the floor [m]."""
        return float(self.data.qpos[2])

    @property
    def upright(self) -> float:
        """Cosine of the root body's tilt; 1 is vertical."""
        return float(-gravity_in_body(self.data.qpos[3:7])[2])

    @property
    def object_height(self) -> float:
        """Height of the object's centre above the floor [m]."""
        return float(self.data.qpos[self._object_qpos + 2])

    def apply(self, command: JointCommand) -> None:
        """Take a command, which acts after the world's latency or gets lost."""
        if self._rng.random() < self.world.drop:
            return
        self._pending.append((self.time + self.world.latency, command))

    def step(self) -> None:
        """Advance physics by one timestep."""
        while self._pending and self._pending[0][0] <= self.time + 1e-9:
            self._actuate(self._pending.popleft()[1])
        mujoco.mj_step(self.model, self.data)

    def state(self, stamp: float) -> RobotState:
        """What the robot reports now, with the world's noise, stamped `stamp`."""
        mujoco.mj_kinematics(self.model, self.data)
        world, rng, data = self.world, self._rng, self.data
        pos, quat = rotations.relative(
            data.xpos[self._anchor],
            data.xquat[self._anchor],
            data.xpos[self._object],
            data.xquat[self._object],
        )
        j = self.robot.num_joints
        return RobotState(
            stamp=stamp,
            joint_pos=data.qpos[self._qpos] + world.joint_noise * rng.normal(size=j),
            joint_vel=data.qvel[self._dofs] + world.speed_noise * rng.normal(size=j),
            imu_quat_w=data.qpos[3:7].copy(),
            imu_gyro_b=data.qvel[3:6].copy(),
            object_pos_b=pos + world.object_noise * rng.normal(size=3),
            object_quat_b=np.asarray(quat, dtype=float),
            object_stamp=stamp,
            goal=self._goal_seen(stamp),
        )

    def _goal_seen(self, stamp: float) -> GoalPose | None:
        """The goal, which stays where it is, in the anchor's frame."""
        if self.goal is None:
            return None
        place = self.data.xpos[self._anchor], self.data.xquat[self._anchor]
        goal = np.array(self.goal.pos_w), np.array(self.goal.quat_w)
        pos, quat = rotations.relative(*place, *goal)
        return GoalPose(np.asarray(pos, float), np.asarray(quat, float), stamp)

    def torque(self) -> Floats:
        """Torque of each motor `(J,)` [N·m] over the last step."""
        return self.data.actuator_force[self._motors].copy()

    def proper_acceleration(self) -> Floats:
        """Root acceleration less gravity `(3,)` [m/s²] in the root's frame."""
        acceleration = self.data.qacc[:3] - self.model.opt.gravity
        turned = rotations.rotate_inverse(self.data.qpos[3:7], acceleration)
        return np.asarray(turned, dtype=float)

    def _actuate(self, command: JointCommand) -> None:
        model, motors = self.model, self._motors
        model.actuator_gainprm[motors, 0] = command.kp
        model.actuator_biasprm[motors, 0] = command.tau + command.kd * command.dq
        model.actuator_biasprm[motors, 1] = -command.kp
        model.actuator_biasprm[motors, 2] = -command.kd
        self.data.ctrl[motors] = command.q

    def _place(self, contract: Contract) -> None:
        """Put robot and object where the task begins, with the world's start noise."""
        start, qpos = contract.start, self.data.qpos
        first = np.concatenate(
            [
                [0.0, 0.0, start.root_height],
                start.root_quat_w,
                start.joint_pos,
                start.object_pos_w,
                start.object_quat_w,
            ]
        )
        limits = np.stack([self.robot.array("lower"), self.robot.array("upper")])
        noise = self.world.start
        qpos[:] = noisy_starts(first[None], noise, limits, self._rng)[0]
        self.data.ctrl[self._motors] = qpos[self._qpos]
        mujoco.mj_forward(self.model, self.data)
