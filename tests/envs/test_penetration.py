import numpy as np
import pytest

from envs.penetration import object_depth


def test_an_object_that_is_pushed_into_a_hand_is_that_much_deeper(scene, lift_prior):
    from envs.reference import generalized_motion

    qpos, _ = generalized_motion(scene.model, lift_prior)
    held = qpos[len(qpos) // 2][None].repeat(3, axis=0)
    held[1, -6] += 0.02
    held[2, -7] += 5.0
    depth = object_depth(scene.model, held)
    assert depth[1] == pytest.approx(depth[0] + 0.02, abs=0.004)
    assert depth[2] == 0.0


def test_the_floor_under_the_object_is_no_depth(scene, lift_prior):
    from envs.reference import generalized_motion

    qpos = generalized_motion(scene.model, lift_prior)[0][:1].copy()
    qpos[0, -5] -= 0.03
    assert object_depth(scene.model, qpos)[0] == 0.0


def test_clean_priors_are_shallow(scene, lift_prior):
    from envs.reference import generalized_motion

    depth = object_depth(scene.model, generalized_motion(scene.model, lift_prior)[0])
    assert 0.0 <= depth.min() <= depth.max() < 0.01
    assert np.isfinite(depth).all()
