"""Control along a prior before anything is learnt; a policy adds its action to it."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from envs.balance import Balance, stands
from envs.quantities import Motion
from envs.reach import Reach, reach_offset
from envs.reference import Reference

Floats = NDArray[np.floating]
Ids = NDArray[np.integer]


@dataclasses.dataclass(frozen=True)
class PriorControl:
    """The prior's next joints and feed-forward, and the springs switched on."""

    reference: Reference
    balance: Balance | None = None
    reach: Reach | None = None

    def targets(
        self, clip: Ids, time: Ids, state: tuple[Floats, Floats], now: Motion
    ) -> Floats:
        """Joint targets `(N, J)` [rad] at frames `time (N,)` of clips `clip (N,)`.

        `state` is qpos `(N, nq)` and qvel `(N, nv)`, `now` what was measured there.
        """
        ref, frames = self.reference, self.reference.frames
        row, coming = ref.rows(clip, time), ref.rows(clip, time, 1)
        found = frames.joint_pos[coming] + frames.offset[coming]
        if self.balance is not None:
            wrench = self.balance.wrench(*state, (ref.qpos[row], ref.qvel[row]))
            table = ref.balance[row, stands(now.feet_force, ref.standing[row])]
            found += np.einsum("njk,nk->nj", table, wrench.astype(np.float32))
        if self.reach is not None:
            found += reach_offset(self.reach, ref.reach, row, now)
        return found
