"""A second G1 model: `python -m assets.g1.other_shapes` writes `other_shapes.xml`.

The same joints, bodies and inertias as `g1.xml`, with collision shapes and solver
settings of its own: a skill that depends on the first model's feet or hands shows it
here (`sugarmill evaluate BUNDLE --robot-xml assets/g1/other_shapes.xml`).
"""

from __future__ import annotations

from pathlib import Path

import mujoco

SOURCE = Path(__file__).with_name("g1.xml")
FILE = Path(__file__).with_name("other_shapes.xml")

NOTE = """<!-- Made by `python -m assets.g1.other_shapes` from g1.xml. Do not edit.

     Feet are two capsules each instead of four spheres, hands ellipsoids instead of
     boxes; 400 Hz instead of 200, an elliptic cone, more solver iterations. -->
"""

_SIDES = ("left", "right")
_FOOT_RADIUS, _FOOT_HALF_WIDTH = 0.012, 0.022
_HEEL, _TOE, _SOLE = -0.045, 0.115, -0.035
"""Ends of a foot's capsules, and the height of the sole [m], in the ankle's frame."""


def other_shapes(source: Path = SOURCE) -> mujoco.MjSpec:
    """The model of `source` with other feet, hands, timestep, cone and solver."""
    spec = mujoco.MjSpec.from_file(str(source))
    for side in _SIDES:
        _change_foot(spec, side)
        _change_hand(spec, side)
    option = spec.option
    option.timestep = 0.0025
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.iterations, option.ls_iterations = 30, 30
    option.jacobian = mujoco.mjtJacobian.mjJAC_AUTO
    option.disableflags = 0
    option.impratio = 2.0
    spec.modelname = "g1_other_shapes"
    return spec


def write(path: Path = FILE) -> Path:
    """Write the model as MJCF; returns its path."""
    spec = other_shapes()
    spec.compile()
    path.write_text(NOTE + spec.to_xml(), encoding="utf-8")
    return path


def _change_foot(spec: mujoco.MjSpec, side: str) -> None:
    """Two rails along the sole in place of its four corners."""
    for corner in range(1, 5):
        spec.delete(spec.geom(f"{side}_foot{corner}_collision"))
    z = _SOLE + _FOOT_RADIUS
    for name, y in (("inner", -_FOOT_HALF_WIDTH), ("outer", _FOOT_HALF_WIDTH)):
        spec.body(f"{side}_ankle_roll_link").add_geom(
            spec.find_default("foot"),
            name=f"{side}_foot_{name}_collision",
            type=mujoco.mjtGeom.mjGEOM_CAPSULE,
            fromto=[_HEEL, y, z, _TOE, y, z],
            size=[_FOOT_RADIUS, 0.0, 0.0],
        )


def _change_hand(spec: mujoco.MjSpec, side: str) -> None:
    """A flat ellipsoid in place of the box, as thick in the middle of the palm."""
    hand = spec.geom(f"{side}_hand_collision")
    hand.type = mujoco.mjtGeom.mjGEOM_ELLIPSOID
    hand.size = [1.15 * hand.size[0], hand.size[1], 1.15 * hand.size[2]]


if __name__ == "__main__":
    print(write())
