"""`Canvas`: pictures of a MuJoCo model without a display."""

from __future__ import annotations

import ctypes
import importlib
import os

import mujoco
import numpy as np
from numpy.typing import NDArray


class Canvas:
    """An off-screen picture of fixed size; `MUJOCO_GL` may pick egl or osmesa.

    Otherwise it takes EGL where that is installed, else OSMesa, whatever was imported
    before. Raises RuntimeError in one line when no picture can be made.
    """

    def __init__(self, model: mujoco.MjModel, size: tuple[int, int]) -> None:
        self.size = size
        self._gl = _open_gl(size)
        self._gl.make_current()
        self._model = model
        self._scene = mujoco.MjvScene(model, 2000)
        self._option = mujoco.MjvOption()
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_150)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)

    def draw(
        self, data: mujoco.MjData, camera: str | mujoco.MjvCamera
    ) -> NDArray[np.uint8]:
        """The picture `(height, width, 3)` RGB from a camera: the model's, or free."""
        view = self._fixed(camera) if isinstance(camera, str) else camera
        every = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(
            self._model, data, self._option, None, view, every, self._scene
        )
        self._gl.make_current()
        area = mujoco.MjrRect(0, 0, *self.size)
        mujoco.mjr_render(area, self._scene, self._context)
        picture = np.empty((self.size[1], self.size[0], 3), np.uint8)
        mujoco.mjr_readPixels(picture, None, area, self._context)
        return np.ascontiguousarray(picture[::-1])

    def _fixed(self, name: str) -> mujoco.MjvCamera:
        view = mujoco.MjvCamera()
        view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        view.fixedcamid = self._model.camera(name).id
        return view

    def close(self) -> None:
        """Free the graphics memory."""
        self._context.free()
        self._gl.free()

    def __enter__(self) -> Canvas:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_gl(size: tuple[int, int]):  # noqa: ANN202 - each backend has its own class
    backend = os.environ.get("MUJOCO_GL", "").lower()
    if backend not in ("egl", "osmesa"):
        backend = "egl" if _loads("libEGL.so.1") else "osmesa"
    try:
        return importlib.import_module(f"mujoco.{backend}").GLContext(*size)
    except Exception as error:
        msg = (
            f"no off-screen graphics: {backend} failed ({error}); install libegl1 "
            "and libgl1-mesa-dri, or set MUJOCO_GL=osmesa with libosmesa6"
        )
        raise RuntimeError(" ".join(msg.split())) from error


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
