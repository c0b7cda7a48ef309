import dataclasses

import mujoco
import numpy as np
import pytest

from assets import rotations
from assets.actor.actor import LANDMARKS, Actor, make_spec
from assets.actor.posing import Pose, centre_of_mass, landmarks, solve
from perception.track import JOINTS


def standing(model, frames=1):
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    still = np.tile(rotations.IDENTITY, (frames, 1))
    pairs = np.tile(rotations.IDENTITY, (frames, 2, 1))

    def sites(name):
        both = np.array([data.site(f"{side}_{name}").xpos for side in "lr"])
        return np.tile(both, (frames, 1, 1))

    return Pose(
        pelvis_pos_w=np.tile(data.body("pelvis").xpos - [0, 0, 0.05], (frames, 1)),
        pelvis_quat_w=still,
        chest_quat_w=still,
        head_quat_w=still,
        ankle_pos_w=sites("ankle"),
        foot_quat_w=pairs,
        palm_pos_w=sites("palm") + np.array([0.1, 0.0, 0.1]),
        hand_quat_w=pairs,
        knee_w=np.tile([1.0, 0.0, 0.0], (frames, 2, 1)),
        elbow_w=np.tile([-1.0, 0.0, 0.0], (frames, 2, 1)),
    )


@pytest.fixture(scope="module")
def model():
    return make_spec(Actor()).compile()


def test_landmarks_follow_the_track():
    assert LANDMARKS == JOINTS


@pytest.mark.parametrize("height", [1.55, 1.75, 1.95])
@pytest.mark.parametrize("build", [0.85, 1.2])
def test_stands_on_the_floor_at_its_height(height, build):
    model = make_spec(Actor(height=height, build=build)).compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    soles = [data.geom(f"{side}_sole") for side in "lr"]
    bottom = min(sole.xpos[2] - model.geom(sole.name).size[2] for sole in soles)
    hair = model.geom("hair")
    top = data.geom("hair").xpos[2] + hair.size[2]
    assert bottom == pytest.approx(0.0, abs=2e-3)
    assert top == pytest.approx(height, rel=0.02)


def test_left_is_left_and_the_face_looks_ahead(model):
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for name in ("hip", "knee", "ankle", "toe", "shoulder", "elbow", "wrist"):
        left, right = (data.site(f"{side}_{name}").xpos for side in "lr")
        assert left[1] > 0.0 > right[1]
        np.testing.assert_allclose(left * [1, -1, 1], right, atol=1e-12)
    assert data.geom("nose").xpos[0] > data.geom("skull").xpos[0] + 0.05
    assert data.geom("hair_back").xpos[0] < data.geom("skull").xpos[0]
    assert data.site("l_toe").xpos[0] > data.site("l_ankle").xpos[0] + 0.1


def test_solve_reaches_its_targets(model):
    pose = standing(model)
    solution = solve(model, pose)
    assert (solution.stretch < 1.0).all()
    data = mujoco.MjData(model)
    data.qpos[:] = solution.qpos[0]
    mujoco.mj_kinematics(model, data)
    for index, side in enumerate("lr"):
        palm, ankle = data.site(f"{side}_palm").xpos, data.site(f"{side}_ankle").xpos
        np.testing.assert_allclose(palm, pose.palm_pos_w[0, index], atol=1e-9)
        np.testing.assert_allclose(ankle, pose.ankle_pos_w[0, index], atol=1e-9)
        hand = data.body(f"{side}_hand").xquat
        assert rotations.angle(hand, pose.hand_quat_w[0, index]) < 1e-6
        assert (
            data.joint(f"{side}_knee").qpos[0]
            > 0.0
            > data.joint(f"{side}_elbow").qpos[0]
        )


def test_solve_keeps_bone_lengths_out_of_reach(model):
    pose = standing(model)
    far = dataclasses.replace(pose, palm_pos_w=pose.palm_pos_w + np.array([2, 0, 0]))
    solution = solve(model, far)
    assert (solution.stretch[:, :2] > 1.0).all()
    joints = landmarks(model, solution.qpos)[0]
    upper = np.linalg.norm(joints[10] - joints[8])
    assert upper == pytest.approx(0.30, abs=1e-6)


def test_solve_is_the_same_under_a_turn_of_the_world(model):
    pose = standing(model)
    turn = rotations.from_yaw(0.7)
    turned = Pose(
        **{
            field.name: (
                rotations.multiply if "quat" in field.name else rotations.rotate
            )(turn, getattr(pose, field.name))
            for field in dataclasses.fields(pose)
        }
    )
    before = landmarks(model, solve(model, pose).qpos)
    after = landmarks(model, solve(model, turned).qpos)
    np.testing.assert_allclose(rotations.rotate(turn, before), after, atol=1e-9)


def test_centre_of_mass_lies_inside_the_trunk(model):
    com = centre_of_mass(model, solve(model, standing(model)).qpos)[0]
    assert abs(com[0]) < 0.05
    assert abs(com[1]) < 1e-6
    assert 0.85 < com[2] < 1.1


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"height": 3.0}, "height"),
        ({"build": 0.1}, "build"),
        ({"hair": (2, 0, 0)}, "hair"),
    ],
)
def test_impossible_people_are_refused(changes, word):
    with pytest.raises(ValueError, match=word):
        make_spec(Actor(**changes))
