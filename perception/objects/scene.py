"""What a camera sees without person and object, to tell what is not the object."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from perception.objects.colour import Codes, KeyFrames, fine_codes, tinted
from perception.objects.hiding import person_mask
from perception.objects.silhouette import Pose, Silhouette

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

EARLY = 5
"""Key frames at the clip's begin that show the scene."""
ALIKE = 9.0
"""Distance of colours up to which a pixel shows what it showed at first."""
AROUND_PX = 9
"""Pixels around object and person that are not known either."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """Colours `(h, w, 3)` (`colour.tinted`) at first, and where they are `known`."""

    colours: NDArray[np.float32]
    known: Bools

    def shows(self, codes: Codes, part: tuple[slice, slice]) -> Bools:
        """Pixels of `codes`, the picture's `part`, that show the scene itself."""
        off = np.linalg.norm(tinted(codes) - self.colours[part], axis=-1)
        return (off < ALIKE) & self.known[part]


def learn_scene(
    keys: KeyFrames, view: Silhouette, bodies_w: Floats, rest: Pose
) -> Scene:
    """The scene from the first key frames, in which the object is at `rest`.

    `bodies_w (N, 17, 3)` [m] are `hiding.body_points` at the key frames.
    """
    first = range(min(EARLY, len(keys.images)))
    colours = np.median([tinted(fine_codes(keys.images[k])) for k in first], axis=0)
    size = (keys.images.shape[1], keys.images.shape[2])
    taken = view.mask(rest, size) > 0
    for k in first:
        taken |= person_mask(bodies_w[k], view.K, view.T_world_to_cam, size)
    grown = cv2.dilate(taken.astype(np.uint8), np.ones((AROUND_PX, AROUND_PX)))
    return Scene(colours.astype(np.float32), grown == 0)
