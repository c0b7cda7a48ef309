"""Priors that overlap with their object, as raw motion capture does.

Retargeting puts palms on the object's faces and keeps limbs off it. Here it aims at a
thinner object and keeps nothing off, so hands end `DEPTH` inside the true one.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from assets.g1.spec import g1
from assets.robot import RobotSpec
from perception.prior import Prior
from perception.retargeting.body import measure_body
from perception.retargeting.clearance import Clearance, Floats
from perception.retargeting.demonstration import read_demonstration
from perception.retargeting.kinematics import Kinematics
from perception.retargeting.retarget import assemble, make_plan, perform
from perception.retargeting.scene import compile_scene
from perception.retargeting.weights import weights_of
from perception.track import Track

DEPTH = 0.04
"""Overlap [m] on each side: what a motion-captured carry had whose hands were moved
onto the box by inverse kinematics alone."""


class NoClearance(Clearance):
    """Keeps nothing apart."""

    def rows(self, motion: Kinematics, size: int) -> tuple[Floats, Floats]:
        """No rows at all."""
        count = len(motion.pos)
        return np.zeros((count, 0, size)), np.zeros((count, 0))


def raw_prior(track: Track, like: Prior, robot: RobotSpec) -> Prior:
    """The prior of a track, made as `like` was but into the object."""
    x, y, z = like.object.size
    thin = dataclasses.replace(like.object, size=(x - 2 * DEPTH, y - 2 * DEPTH, z))
    demo = read_demonstration(track, thin, like.task)
    scene = compile_scene(robot, thin)
    body = measure_body(scene)
    plan = make_plan(demo, scene, body)
    contacts = demo.interaction.contacts
    weights = weights_of(demo.interaction.name)
    qpos = perform(scene, plan, body, NoClearance(scene, contacts), weights)
    source = {**like.source, "depenetrated": False}
    prior = assemble(scene, plan, qpos, demo, name=like.name, source=source)
    return dataclasses.replace(prior, object=like.object)


def raw_priors(priors: Path, out: Path, task: str) -> Path:
    """Make a task's priors again from the tracks beside them; returns `out`.

    What `out` has already is kept. Raises ValueError naming a track that is missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(priors.glob("*.prior.npz")):
        target = out / path.name
        prior = Prior.load(path)
        if target.is_file() or prior.task != task:
            continue
        track = path.with_name(path.name.replace(".prior.", ".track."))
        if not track.is_file():
            msg = f"{track}: not there, but without it no prior can be made again; "
            raise ValueError(msg + "use a folder that `sugarmill priors` wrote")
        if min(prior.object.size[:2]) <= 3 * DEPTH:
            msg = f"{path}: {prior.object.size} m is too thin to overlap by {DEPTH:g} m"
            raise ValueError(msg)
        raw_prior(Track.load(track), prior, g1()).save(target)
    return out
