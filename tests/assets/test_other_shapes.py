import mujoco
import numpy as np
import pytest

from assets.g1.other_shapes import FILE, NOTE, other_shapes
from assets.g1.spec import g1


@pytest.fixture(scope="module")
def models():
    return [mujoco.MjModel.from_xml_path(str(g1(path).mjcf)) for path in (None, FILE)]


def test_the_file_is_what_the_command_writes():
    spec = other_shapes()
    spec.compile()
    assert FILE.read_text(encoding="utf-8") == NOTE + spec.to_xml()


@pytest.mark.parametrize(
    "field",
    "body_mass body_inertia body_pos body_parentid jnt_range jnt_axis dof_armature "
    "actuator_forcerange actuator_gainprm".split(),
)
def test_all_but_shapes_and_solver_is_the_same(models, field):
    one, other = (getattr(model, field) for model in models)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_shapes_and_solver_are_not(models):
    one, other = models
    assert (one.opt.timestep, one.opt.cone) != (other.opt.timestep, other.opt.cone)
    assert one.opt.iterations != other.opt.iterations
    for name in ("left_hand_collision", "right_hand_collision"):
        assert one.geom(name).type != other.geom(name).type
    names = [other.geom(index).name for index in range(other.ngeom)]
    assert not any("foot1" in name for name in names)


def test_both_stand_at_the_same_height(models):
    """The lowest points of the soles are level, and in the same place."""
    lowest = []
    for model in models:
        data = mujoco.MjData(model)
        mujoco.mj_resetDataKeyframe(model, data, 0)
        mujoco.mj_forward(model, data)
        feet = [i for i in range(model.ngeom) if "_foot" in model.geom(i).name]
        lowest.append(min(data.geom_xpos[i, 2] - model.geom_size[i, 0] for i in feet))
    assert lowest[0] == pytest.approx(lowest[1], abs=0.002)
