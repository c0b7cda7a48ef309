import mujoco
import numpy as np
import pytest

from assets.arm7.spec import REACH, SHOULDER, arm7
from assets.g1.spec import g1
from assets.objects import LIFT_BOX
from assets.robot import RobotSpec
from assets.robots import ROBOTS, robot
from assets.scene import compile_scene


@pytest.fixture(scope="module")
def model():
    return mujoco.MjModel.from_xml_path(str(arm7().mjcf))


def test_joint_order_is_the_models(model):
    names = [model.joint(i).name for i in range(model.njnt)]
    assert tuple(names) == arm7().joint_names
    assert [model.actuator(i).name for i in range(model.nu)] == names


@pytest.mark.parametrize(
    ("field", "values", "rel"),
    [
        ("lower", lambda m: m.jnt_range[:, 0], 1e-9),
        ("upper", lambda m: m.jnt_range[:, 1], 1e-9),
        ("effort", lambda m: m.actuator_forcerange[:, 1], 1e-9),
        ("armature", lambda m: m.dof_armature, 1e-9),
        ("kp", lambda m: m.actuator_gainprm[:, 0], 1e-4),
        ("kd", lambda m: -m.actuator_biasprm[:, 2], 1e-4),
        ("default_pos", lambda m: m.key_qpos[0], 1e-6),
    ],
)
def test_constants_match_the_compiled_model(model, field, values, rel):
    np.testing.assert_allclose(arm7().array(field), values(model), rtol=rel, atol=1e-6)


def test_the_palm_is_where_the_published_kinematics_put_it(model):
    # Denavit-Hartenberg, after Craig: a, d [m], alpha of each joint, then the flange.
    rows = [
        (0.0, 0.333, 0.0),
        (0.0, 0.0, -np.pi / 2),
        (0.0, 0.316, np.pi / 2),
        (0.0825, 0.0, np.pi / 2),
        (-0.0825, 0.384, -np.pi / 2),
        (0.0, 0.0, np.pi / 2),
        (0.088, 0.0, np.pi / 2),
    ]
    rng = np.random.default_rng(0)
    data = mujoco.MjData(model)
    for _ in range(20):
        q = rng.uniform(arm7().array("lower"), arm7().array("upper"))
        pose = np.eye(4)
        for (a, d, alpha), angle in zip(rows, q, strict=True):
            c, s, ca, sa = np.cos(angle), np.sin(angle), np.cos(alpha), np.sin(alpha)
            pose = pose @ [
                [c, -s, 0, a],
                [s * ca, c * ca, -sa, -d * sa],
                [s * sa, c * sa, ca, d * ca],
                [0, 0, 0, 1],
            ]
        data.qpos[:] = q
        mujoco.mj_kinematics(model, data)
        flange = pose @ [0, 0, 0.107, 1]
        np.testing.assert_allclose(data.body("hand").xpos, flange[:3], atol=1e-9)
        look = data.site("right_palm").xmat.reshape(3, 3)[:, 2]
        np.testing.assert_allclose(look, pose[:3, 2], atol=1e-9)


def test_reach_is_the_published_one(model):
    data = mujoco.MjData(model)
    rng = np.random.default_rng(1)
    far = 0.0
    for _ in range(3000):
        data.qpos[:] = rng.uniform(arm7().array("lower"), arm7().array("upper"))
        mujoco.mj_kinematics(model, data)
        wrist = data.body("link7").xpos - [0, 0, SHOULDER]
        far = max(far, float(np.linalg.norm(wrist)))
    assert 0.85 * REACH < far <= REACH + 1e-6


def test_named_bodies_and_sites_exist(model):
    spec = arm7()
    for body in (*spec.tracked_bodies, *spec.contact_bodies.values(), spec.root_body):
        assert model.body(body).id > 0
    assert all(model.site(site).id >= 0 for site in spec.palm_sites)


def test_only_the_humanoid_stands(tmp_path):
    assert g1().stands
    assert not arm7().stands
    arm7().save(tmp_path / "arm.json")
    assert RobotSpec.load(tmp_path / "arm.json") == arm7()


def test_holding_the_default_pose_needs_less_than_the_motors_give(model):
    data = mujoco.MjData(model)
    data.qpos[:] = arm7().array("default_pos")
    mujoco.mj_inverse(model, data)
    assert (np.abs(data.qfrc_inverse) < 0.8 * arm7().array("effort")).all()


def test_it_holds_its_pose_in_a_scene_with_an_object():
    spec = arm7()
    model = compile_scene(spec, LIFT_BOX)
    data = mujoco.MjData(model)
    data.qpos[:7] = spec.default_pos
    data.qpos[7:10] = [2.0, 0.0, 0.25]
    for _ in range(400):
        data.ctrl[:] = spec.default_pos
        mujoco.mj_step(model, data)
    assert np.abs(data.qpos[:7] - spec.default_pos).max() < 0.15
    assert np.abs(data.qvel[:7]).max() < 0.01


def test_robots_go_by_name():
    assert {robot(name).name for name in ROBOTS} == {"unitree_g1", "arm7"}
    with pytest.raises(ValueError, match="unknown robot 'h1'; there are: g1, arm7"):
        robot("h1")
