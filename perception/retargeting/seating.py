"""Sitting down: to the chair, about, down with the weight over the feet, then back."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import SEAT
from perception.prior import CONTACT_NAMES
from perception.retargeting.approach import approach
from perception.retargeting.body import Body
from perception.retargeting.demonstration import Demonstration
from perception.retargeting.footsteps import Move, offset, plan_gait
from perception.retargeting.plan import STANDING, Plan, half_stance, stand_up
from perception.retargeting.scene import RobotScene
from perception.smoothing import min_jerk

Floats = NDArray[np.float64]

IN = 0.11
"""From the seat's front edge back to the pelvis [m]: the robot's thighs are short."""
FEET_AHEAD = 0.17
"""From the pelvis on the seat to the ankles [m]."""
HEEL = 0.03
"""Ahead of the heel [m], where the weight is as the pelvis touches."""
LOWER = 75
"""Frames in which the pelvis goes down or up, at least."""
LEAN_BACK = 40
"""Frames in which the weight goes from the feet to the seat."""
HOLD = 50
SHARE = 0.7
"""How far the weight goes from the feet to the seat."""
PRESS = 0.004


def plan_sitting(demo: Demonstration, scene: RobotScene, body: Body) -> Plan:
    """Targets for walking to a chair, turning and sitting down on it."""
    quat = demo.object_quat[: max(demo.start, 5)]
    ahead = rotations.to_matrix(quat)[:, :2, 0].mean(axis=0)
    heading = float(np.arctan2(ahead[1], ahead[0]))
    chair = np.array([*demo.rest[:2], heading])
    depth, _, height = scene.object.size
    seat = depth / 2 - IN
    place = np.array([*offset(chair, seat + FEET_AHEAD, 0.0), heading])
    moves, arrived = approach(demo, place)
    down = len(moves)
    still, end = place[None], min(demo.end, demo.num_frames)
    moves += [
        Move((arrived, demo.start), still, max(demo.start - arrived, LOWER)),
        Move((demo.start, end - 1), still, max(end - demo.start, LEAN_BACK + HOLD)),
    ]
    if end < demo.num_frames:
        length = max(demo.num_frames - end, LOWER + HOLD)
        moves.append(Move((end, demo.num_frames - 1), still, length))
    gait = plan_gait(moves, body, half_stance(demo, body))
    plan = stand_up(demo, scene, body, gait)
    frames = np.arange(gait.num_frames)
    start, stop = gait.spans[down + 1]
    low = min_jerk((frames - start) / LOWER + 1.0)
    back = min_jerk((frames - start) / LEAN_BACK)
    if stop < gait.num_frames:
        low *= 1.0 - min_jerk((frames - stop) / LOWER)
        back *= 1.0 - min_jerk((frames - stop) / LEAN_BACK + 1.0)
    sat = offset(chair, seat, 0.0)
    pelvis = plan.pelvis_pos_w.copy()
    pelvis[:, :2] += low[:, None] * (sat - pelvis[:, :2])
    standing = STANDING * scene.robot.default_height
    seated = SEAT * height + body.seat_drop - PRESS
    pelvis[:, 2] = standing + low * (seated - standing)
    weight = plan.pelvis_weight.copy()
    weight[:, :2] = (low**2)[:, None]
    heel = offset(place, body.heel + HEEL, 0.0)
    zmp = gait.zmp + low[:, None] * (heel - gait.zmp)
    zmp = zmp + back[:, None] * SHARE * (sat - zmp)
    contact = plan.contact.copy()
    contact[start:stop, CONTACT_NAMES.index("pelvis")] = True
    box = np.array([*demo.rest[:2], height / 2])
    turned = rotations.from_yaw(np.full(len(frames), heading))
    return dataclasses.replace(
        plan,
        pelvis_pos_w=pelvis,
        pelvis_weight=weight,
        zmp_w=zmp,
        com_w=zmp,
        contact=contact,
        object_pos_w=np.tile(box, (len(frames), 1)),
        object_quat_w=np.asarray(turned, dtype=np.float64),
    )
