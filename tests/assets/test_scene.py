import mujoco
import numpy as np
import pytest

from assets.g1.spec import g1
from assets.objects import KICK_BOX
from assets.scene import OBJECT_JOINT, compile_scene

SPEED, GRAVITY = 2.5, 9.81


def slid(direction, *, slides):
    """How far the box slides [m] from 2.5 m/s, and at what angle [rad] it ends."""
    model = compile_scene(g1(), KICK_BOX, slides=slides)
    data = mujoco.MjData(model)
    joint = model.joint(OBJECT_JOINT)
    place, speed = joint.qposadr[0], joint.dofadr[0]
    data.qpos[:3] = (-9.0, 0.0, 0.8)
    mujoco.mj_step(model, data, 100)
    first = data.qpos[place : place + 2].copy()
    data.qvel[speed : speed + 2] = SPEED * np.array(
        [np.cos(direction), np.sin(direction)]
    )
    mujoco.mj_step(model, data, 300)
    assert np.linalg.norm(data.qvel[speed : speed + 3]) < 0.05
    way = data.qpos[place : place + 2] - first
    return np.linalg.norm(way), np.arctan2(way[1], way[0])


@pytest.mark.parametrize("degrees", [0.0, 22.0, 45.0, 70.0])
def test_what_slides_goes_as_far_and_straight_in_every_direction(degrees):
    way, angle = slid(np.radians(degrees), slides=True)
    assert way == pytest.approx(SPEED**2 / (2 * KICK_BOX.friction * GRAVITY), rel=0.03)
    assert np.degrees(angle) == pytest.approx(degrees, abs=1.0)


def test_a_pyramid_of_friction_does_not():
    assert slid(np.pi / 4, slides=False)[0] > 1.3 * slid(0.0, slides=False)[0]


def test_a_step_hangs_on_state_and_targets_alone():
    model = compile_scene(g1(), KICK_BOX)
    speeds = []
    for before in (0.0, 50.0):
        data = mujoco.MjData(model)
        data.qpos[2] = 0.74
        data.qvel[:] = 0.5
        data.qacc_warmstart[:] = before
        mujoco.mj_step(model, data)
        assert data.ncon > 0
        speeds.append(data.qvel.copy())
    assert np.array_equal(*speeds)
