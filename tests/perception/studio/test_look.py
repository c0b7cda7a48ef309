"""Textures, rooms and passers-by: what surrounds a performance."""

import dataclasses

import mujoco
import numpy as np
import pytest

from assets.actor.actor import Actor, make_spec
from assets.actor.posing import landmarks
from assets.canvas import Canvas
from assets.objects import BOTTLE, CHAIR, LIFT_BOX
from perception.studio import render
from perception.studio.film import pictures
from perception.studio.passer_by import walk_past
from perception.studio.room import draw_room
from perception.studio.scene import resized
from perception.studio.surfaces import cover
from perception.studio.viewpoint import CAMERA, aim, look_at

SMALL = (160, 120)


@pytest.mark.parametrize("shape", ["box", "cylinder"])
@pytest.mark.parametrize("eye", [(2, 1, 1), (-2, 1, -1), (1, -2, 1), (-1, -1, -2.0)])
def test_a_texel_is_where_its_point_is_on_the_surface(shape, eye):
    """Paint every point in a colour that says where it is, and look."""
    spec = mujoco.MjSpec()
    spec.visual.headlight.ambient = [1.0] * 3
    spec.visual.headlight.diffuse = spec.visual.headlight.specular = [0.0] * 3
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 320, 320
    spec.add_material(name="m")
    cover(spec, "m", shape, lambda unit: 0.5 + 0.4 * unit)
    kind = {"box": "mjGEOM_BOX", "cylinder": "mjGEOM_CYLINDER"}[shape]
    half = {"box": [0.3, 0.2, 0.5], "cylinder": [0.3, 0.5, 0.0]}[shape]
    extents = np.array({"box": half, "cylinder": [0.3, 0.3, 0.5]}[shape])
    spec.worldbody.add_geom(
        name="g", type=getattr(mujoco.mjtGeom, kind), size=half, material="m"
    )
    spec.worldbody.add_camera(name=CAMERA)
    model = spec.compile()
    data = mujoco.MjData(model)
    camera = look_at(np.array(eye), np.zeros(3), 40.0, (320, 320))
    aim(model, camera)
    mujoco.mj_forward(model, data)
    with Canvas(model, (320, 320)) as canvas:
        picture = canvas.draw(data, CAMERA)
    checked = 0
    for x in range(20, 320, 30):
        for y in range(20, 320, 30):
            hit = surface_point(model, data, camera, x + 0.5, y + 0.5)
            if hit is not None:
                expected, seen = 0.5 + 0.4 * hit / extents, picture[y, x] / 1.0
                hue = expected / expected.sum()
                np.testing.assert_allclose(seen / seen.sum(), hue, atol=0.03)
                checked += 1
    assert checked > 8


def surface_point(model, data, camera, x, y):
    T = camera.T_world_to_cam[0]
    ray = T[:3, :3].T @ np.linalg.inv(camera.K) @ [x, y, 1.0]
    eye = -T[:3, :3].T @ T[:3, 3]
    geom = np.zeros(1, np.int32)
    distance = mujoco.mj_ray(model, data, eye, ray, None, 1, -1, geom)
    return None if distance < 0 else eye + distance * ray


def test_other_sizes_keep_the_shape():
    for item in (LIFT_BOX, BOTTLE, CHAIR):
        sizes = {resized(item, np.random.default_rng(i)).size for i in range(5)}
        assert len(sizes) == 5
        for size in sizes:
            assert np.abs(np.array(size) / item.size - 1).max() < 0.09
            assert item.shape != "cylinder" or size[0] == size[1]


def test_the_size_is_drawn_only_where_asked():
    usual = render.make_clip("lift-box", 6, 0, SMALL)
    other = render.make_clip("lift-box", 6, 0, SMALL, vary_object=True)
    assert usual.item == LIFT_BOX
    assert other.item.size != LIFT_BOX.size
    assert str(other.item.size[0]) in other.scene_entry()
    assert usual.actor == other.actor


def test_a_passer_by_walks_behind_everything_and_comes_in_after_a_second():
    points = np.random.default_rng(0).uniform([0, -0.4, 0], [2, 0.4, 1.8], (50, 3))
    eye = np.array([1.0, 4.0, 1.5])
    camera = look_at(eye, np.array([1.0, 0.0, 0.9]), 65.0, (640, 480))
    for seed in range(6):
        rng = np.random.default_rng(seed)
        room = draw_room(points, eye, True, rng)
        qpos = walk_past(Actor(), room, camera, 150, 30.0, rng)
        towards = np.array([np.cos(room.yaw), np.sin(room.yaw)])
        behind = (qpos[:, :2] - room.centre_w) @ towards
        assert behind.max() < -room.depth - 0.5
        assert behind.min() > -room.back
        model = make_spec(Actor()).compile()
        joints = landmarks(model, qpos)
        off_centre = np.abs(camera.project(joints) / camera.size - 0.5)
        inside = np.asarray((off_centre < 0.5).all(axis=-1))
        assert not inside[:28].any()
        assert inside.any()
        data = mujoco.MjData(model)
        for q in qpos[::7]:
            data.qpos[:] = q
            mujoco.mj_kinematics(model, data)
            assert data.geom_xpos[:, 2].min() > 0.0


def test_somebody_passes_in_a_few_clips_and_some_cameras_are_held(monkeypatch):
    clips = [render.make_clip("lift-box", seed, 0, SMALL) for seed in range(12)]
    held = [len(clip.camera.T_world_to_cam) > 1 for clip in clips]
    assert 2 <= sum(held) <= 10
    assert sum(clip.take.extra is not None for clip in clips) <= 5
    monkeypatch.setattr(render, "PASSED_BY", 1.0)
    busy = render.make_clip("lift-box", 1, 0, SMALL)
    extra, model = busy.take.extra, busy.take.model
    assert extra is not None
    assert extra.shape == (busy.motion.num_frames, busy.motion.qpos.shape[1])
    assert model.nq == 2 * extra.shape[1]
    assert model.body("passer_pelvis").id > model.body("pelvis").id


def test_blur_smears_what_moves_and_leaves_the_rest():
    clip = render.make_clip("lift-box", 6, 0, (320, 240))
    still = look_at(
        np.array([2.5, 1.5, 1.2]), np.array([0.3, 0, 0.8]), 60.0, (320, 240)
    )
    pixels = still.project(clip.truth().joints_w)
    frame = int(
        np.linalg.norm(np.gradient(pixels, axis=0), axis=-1).max(axis=1).argmax()
    )
    sharp, blurred = (
        next(
            picture.astype(int)
            for index, picture in enumerate(
                pictures(
                    dataclasses.replace(
                        clip.take, camera=still, extra=None, exposure=exposure
                    ),
                    clip.motion,
                )
            )
            if index == frame
        )
        for exposure in (0.01, 1.0)
    )
    changed = np.abs(sharp - blurred).max(axis=-1) > 3
    assert 0.002 < changed.mean() < 0.2
    assert not changed[:30].any()
