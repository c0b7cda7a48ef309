"""The training scene: robot, object and floor with the sensors that rewards need."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from assets.scene import OBJECT_BODY, scene_spec, set_gains

Floats = NDArray[np.floating]

_SENSOR = mujoco.mjtSensor
_FRAME_SENSORS = (
    ("pos", _SENSOR.mjSENS_FRAMEPOS, 3),
    ("quat", _SENSOR.mjSENS_FRAMEQUAT, 4),
    ("lin_vel", _SENSOR.mjSENS_FRAMELINVEL, 3),
    ("ang_vel", _SENSOR.mjSENS_FRAMEANGVEL, 3),
)
_FOUND, _FORCE = 1, 2
_NET_FORCE = 3


@dataclasses.dataclass(frozen=True)
class Scene:
    """A compiled model and where its sensors lie in `sensordata`.

    | slice | shape after reshape | unit | frame |
    |---|---|---|---|
    | pos, quat | (B, 3), (B, 4) | m, wxyz | world; B tracked bodies |
    | lin_vel, ang_vel | (B, 3), (B, 3) | m/s, rad/s | world, at the body's origin |
    | touch | (R, 4) | count, N | contact bodies against the object: found, force |
    | allowed, keep_off | (·, 4) | | bodies that may, and that should not, touch it |
    | robot_touch | (1, 4) | | whole robot against the object |
    | feet | (F, 4) | | each foot against the floor |

    A contact name may stand for several bodies: those of name c begin at row
    `first_touch[c]` of touch.
    """

    model: mujoco.MjModel
    robot: RobotSpec
    object: ObjectSpec
    contact_names: tuple[str, ...]
    feet: tuple[str, ...]
    slices: dict[str, slice]
    first_touch: NDArray[np.intp]

    @property
    def num_joints(self) -> int:
        """Number of actuated joints, J."""
        return self.robot.num_joints

    def view(self, sensors: Floats, name: str) -> Floats:
        """A named block of `sensors (N, S)`, reshaped to `(N, rows, width)`."""
        widths = {"pos": 3, "quat": 4, "lin_vel": 3, "ang_vel": 3}
        block = sensors[:, self.slices[name]]
        return block.reshape(len(sensors), -1, widths.get(name, 4))


def build_scene(
    robot: RobotSpec,
    obj: ObjectSpec,
    contact_names: tuple[str, ...],
    *,
    joined: Mapping[str, tuple[str, ...]] | None = None,
    allowed: tuple[str, ...] = (),
    keep_off: tuple[str, ...] = (),
    slides: bool = False,
) -> Scene:
    """Compile the scene; raises ValueError if the robot lacks a contact's body.

    `joined` names bodies that count as a contact name's own, beside the robot's;
    `slides` is `scene_spec`'s.
    """
    unknown = [name for name in contact_names if name not in robot.contact_bodies]
    if unknown:
        known = ", ".join(robot.contact_bodies)
        msg = f"{robot.name} has no contact body '{unknown[0]}'; it has {known}"
        raise ValueError(msg)
    touching = [
        (robot.contact_bodies[name], *(joined or {}).get(name, ()))
        for name in contact_names
    ]
    spec = scene_spec(robot, obj, slides=slides)
    slices: dict[str, slice] = {}
    end = 0
    for name, kind, width in _FRAME_SENSORS:
        for body in robot.tracked_bodies:
            spec.add_sensor(
                name=f"{name}_{body}",
                type=kind,
                objtype=mujoco.mjtObj.mjOBJ_XBODY,
                objname=body,
            )
        slices[name] = slice(end, end + width * len(robot.tracked_bodies))
        end = slices[name].stop
    feet = tuple(b for n, b in robot.contact_bodies.items() if n.endswith("foot"))
    body_type, subtree = mujoco.mjtObj.mjOBJ_BODY, mujoco.mjtObj.mjOBJ_XBODY
    for group, bodies, objtype, against in (
        ("touch", [b for own in touching for b in own], body_type, OBJECT_BODY),
        ("allowed", allowed, body_type, OBJECT_BODY),
        ("keep_off", keep_off, body_type, OBJECT_BODY),
        ("robot_touch", [robot.root_body], subtree, OBJECT_BODY),
        ("feet", feet, body_type, "floor"),
    ):
        for body in bodies:
            _add_contact(spec, f"{group}_{body}", objtype, body, against)
        slices[group] = slice(end, end + 4 * len(bodies))
        end = slices[group].stop
    model = spec.compile()
    set_gains(model, robot)
    counts = [len(bodies) for bodies in touching]
    first = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
    return Scene(model, robot, obj, contact_names, feet, slices, first)


def _add_contact(
    spec: mujoco.MjSpec, name: str, objtype: mujoco.mjtObj, body: str, against: str
) -> None:
    """One row: number of contacts, and the net force [N] in the world frame."""
    floor = against == "floor"
    reference = mujoco.mjtObj.mjOBJ_GEOM if floor else mujoco.mjtObj.mjOBJ_BODY
    spec.add_sensor(
        name=name,
        type=_SENSOR.mjSENS_CONTACT,
        objtype=objtype,
        objname=body,
        reftype=reference,
        refname=against,
        intprm=[_FOUND | _FORCE, _NET_FORCE, 1],
    )
