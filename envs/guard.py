"""What exploded: the state before, kept so that it can be looked at and replayed.

`python -m envs.guard FILE` steps a kept state again and says which joint went first.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.g1.spec import g1
from envs.task import Task
from envs.tasks import task_by_name
from envs.terminations import FASTEST
from envs.variants import task_scene

Floats = NDArray[np.floating]

LIMIT = 20


@dataclasses.dataclass(frozen=True)
class Blast:
    """A state one control period before it exploded, and what was asked of it.

    | field | shape | unit |
    |---|---|---|
    | qpos, qvel | (nq,), (nv,) | simulator state |
    | ctrl | (J,) | rad, joint targets |
    | row | () | row of the reference |
    | size | (3,) | m, of the object |
    """

    task: str
    qpos: Floats
    qvel: Floats
    ctrl: Floats
    row: int
    size: Floats

    def save(self, path: Path) -> None:
        """Write as .npz."""
        np.savez(path, **dataclasses.asdict(self))

    @classmethod
    def load(cls, path: Path) -> Blast:
        """Read what `save` wrote; ValueError names a file that is none."""
        try:
            with np.load(path, allow_pickle=False) as file:
                values = {f.name: file[f.name] for f in dataclasses.fields(cls)}
        except Exception as error:
            msg = f"{path}: not a kept state ({error})"
            raise ValueError(msg) from error
        return cls(task=str(values.pop("task")), row=int(values.pop("row")), **values)


class Guard:
    """Keeps the first states of a run that exploded, one file each."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder, self.limit = folder, limit
        self.seen = 0

    def keep(
        self,
        task: Task,
        ids: NDArray[np.integer],
        state: tuple[Floats, Floats],
        ctrl: Floats,
        rows: NDArray[np.integer],
        sizes: Floats,
    ) -> None:
        """Keep simulations `ids` of `state` (qpos `(N, nq)`, qvel `(N, nv)`).

        `sizes (N, 3)` [m] are those of their objects.
        """
        for i in ids:
            if self.seen < self.limit:
                self.folder.mkdir(parents=True, exist_ok=True)
                blast = Blast(
                    task.name,
                    *(state[0][i], state[1][i], np.array(ctrl[i])),
                    row=int(rows[i]),
                    size=sizes[i],
                )
                blast.save(self.folder / f"{self.seen:03d}.npz")
            self.seen += 1


def replay(blast: Blast) -> str:
    """Step the state through one control period in a scene that nothing was drawn for.

    Returns one line.
    """
    task, robot = task_by_name(blast.task), g1()
    x, y, z = blast.size.tolist()
    thing = dataclasses.replace(task.object, size=(x, y, z))
    model = task_scene(task, robot, thing).model
    data = mujoco.MjData(model)
    data.qpos, data.qvel, data.ctrl = blast.qpos, blast.qvel, blast.ctrl
    for substep in range(task.substeps):
        mujoco.mj_step(model, data)
        speed = np.nan_to_num(np.abs(data.qvel), nan=np.inf)
        worst = int(speed.argmax())
        if speed[worst] > FASTEST:
            joint = model.joint(int(model.dof_jntid[worst])).name
            depth = min((c.dist for c in data.contact), default=0.0)
            return (
                f"row {blast.row}: {joint} at {speed[worst]:.3g} after substep "
                f"{substep + 1}; deepest contact {-1000.0 * depth:.1f} mm"
            )
    return f"row {blast.row}: does not explode in the unchanged scene"


def main(paths: list[str]) -> None:
    """Replay every file named."""
    for path in paths:
        print(f"{path}: {replay(Blast.load(Path(path)))}")


if __name__ == "__main__":
    main(sys.argv[1:])
