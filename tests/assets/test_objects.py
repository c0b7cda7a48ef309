import mujoco
import numpy as np
import pytest

from assets.g1.spec import g1
from assets.interactions import INTERACTIONS, interaction
from assets.objects import BOTTLE, CHAIR, SEAT, SMALL_BOX
from assets.scene import OBJECT_BODY, compile_scene


@pytest.mark.parametrize("what", INTERACTIONS.values(), ids=lambda what: what.name)
def test_every_object_compiles_at_its_mass_inside_its_bounding_box(what):
    model = compile_scene(g1(), what.object)
    body = model.body(OBJECT_BODY)
    assert body.mass == pytest.approx(what.object.mass)
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for part in what.object.parts:
        half = np.asarray(part.size) / 2
        low, high = (
            np.minimum(low, part.pos_o - half),
            np.maximum(high, part.pos_o + half),
        )
    np.testing.assert_allclose(high, what.object.half_size)
    np.testing.assert_allclose(low, -np.asarray(what.object.half_size))
    assert set(what.contacts) <= set(g1().contact_bodies)


def test_a_chair_is_sat_on_at_half_its_height_with_its_back_behind():
    seat, back = CHAIR.parts[:2]
    top = seat.pos_o[2] + seat.size[2] / 2 + CHAIR.half_size[2]
    assert top == pytest.approx(SEAT * CHAIR.size[2])
    assert back.pos_o[0] < 0


@pytest.mark.parametrize("obj", [CHAIR, BOTTLE, SMALL_BOX], ids=lambda obj: obj.name)
def test_objects_rest_where_they_stand(obj):
    model = compile_scene(g1(), obj)
    data = mujoco.MjData(model)
    start = model.jnt_qposadr[model.joint("object_free").id]
    data.qpos[start : start + 3] = [2.0, 0.0, obj.half_size[2]]
    mujoco.mj_forward(model, data)
    for _ in range(200):
        mujoco.mj_step(model, data)
    moved = data.qpos[start : start + 3] - [2.0, 0.0, obj.half_size[2]]
    assert np.abs(moved).max() < 2e-3


def test_an_unknown_interaction_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown task 'juggle'.*carry-box"):
        interaction("juggle")
