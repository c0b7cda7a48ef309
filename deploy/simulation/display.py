"""Joints and frames of a simulated robot for RViz, sent while somebody listens."""

from __future__ import annotations

from typing import Any

from cyclonedds.domain import DomainParticipant

from assets.robot import RobotSpec
from deploy.dds import transport
from deploy.dds.poses import stamp_now
from deploy.dds.ros_messages import (
    Header_,
    JointState_,
    Quaternion_,
    TFMessage_,
    Transform_,
    TransformStamped_,
    Vector3_,
)
from deploy.simulation.sim_core import SimCore

WORLD = "world"


class Display:
    """`/joint_states` and `/tf` of a `SimCore`, once in `every` calls."""

    def __init__(
        self, member: DomainParticipant, core: SimCore, robot: RobotSpec, every: int
    ) -> None:
        self._core, self._every, self._count = core, every, 0
        self._names: Any = list(robot.joint_names)
        shown = transport.STREAM_QOS
        self._joints = transport.writer(
            member, transport.JOINT_STATES, JointState_, shown
        )
        self._frames = transport.writer(member, transport.TF, TFMessage_, shown)

    def show(self) -> None:
        """Send what is due to those who listen."""
        self._count += 1
        if self._count % self._every:
            return
        if self._joints.get_matched_subscriptions():
            self._joints.write(self._joint_state())
        if self._frames.get_matched_subscriptions():
            self._frames.write(self._transforms())

    def _joint_state(self) -> JointState_:
        state = self._core.state
        return JointState_(
            Header_(stamp_now()),
            self._names,
            state.joint_pos.tolist(),
            state.joint_vel.tolist(),
        )

    def _transforms(self) -> TFMessage_:
        """Every body as a child of the world."""
        header = Header_(stamp_now(), WORLD)
        sent: Any = []  # the binding's own type of sequences is no list to a checker
        for name, pos, quat in self._core.frames():
            w, x, y, z = quat.tolist()
            place = Transform_(Vector3_(*pos.tolist()), Quaternion_(x, y, z, w))
            sent.append(TransformStamped_(header, name, place))
        return TFMessage_(sent)
