import mujoco
import numpy as np
import pytest

from assets.g1.spec import g1
from assets.robot import RobotSpec


@pytest.fixture(scope="module")
def model():
    return mujoco.MjModel.from_xml_path(str(g1().mjcf))


def test_joint_order_is_the_models(model):
    names = [model.joint(i).name for i in range(1, model.njnt)]
    assert tuple(names) == g1().joint_names
    assert [model.actuator(i).name for i in range(model.nu)] == names


def test_total_mass_is_the_published_one(model):
    assert model.body_mass.sum() == pytest.approx(33.3411, abs=1e-3)


@pytest.mark.parametrize(
    ("field", "values", "rel"),
    [
        ("lower", lambda m: m.jnt_range[1:, 0], 1e-6),
        ("upper", lambda m: m.jnt_range[1:, 1], 1e-6),
        ("effort", lambda m: m.actuator_forcerange[:, 1], 1e-6),
        ("armature", lambda m: m.dof_armature[6:], 1e-6),
        ("kp", lambda m: m.actuator_gainprm[:, 0], 1e-4),
        ("kd", lambda m: -m.actuator_biasprm[:, 2], 1e-4),
        ("default_pos", lambda m: m.key_qpos[0, 7:], 1e-6),
    ],
)
def test_constants_match_the_compiled_model(model, field, values, rel):
    np.testing.assert_allclose(g1().array(field), values(model), rtol=rel, atol=1e-9)


def test_named_bodies_and_sites_exist(model):
    spec = g1()
    for body in (
        spec.root_body,
        spec.anchor_body,
        *spec.tracked_bodies,
        *spec.end_effectors,
        *spec.contact_bodies.values(),
    ):
        assert model.body(body).id > 0
    for site in spec.palm_sites:
        assert model.site(site).id >= 0


def test_feet_touch_the_floor_in_the_default_pose(model):
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    mujoco.mj_forward(model, data)
    soles = [
        data.geom_xpos[i, 2] - model.geom_size[i, 0]
        for i in range(model.ngeom)
        if "foot" in model.geom(i).name
    ]
    assert len(soles) == 8
    assert abs(min(soles)) < 0.02


def test_spec_round_trips_through_json(tmp_path):
    g1().save(tmp_path / "g1.json")
    assert RobotSpec.load(tmp_path / "g1.json") == g1()


def test_a_default_outside_its_range_is_named():
    import dataclasses

    bad = dataclasses.replace(g1(), default_pos=(9.0, *g1().default_pos[1:]))
    with pytest.raises(ValueError, match="left_hip_pitch_joint"):
        bad.validate()
