import os
import subprocess
import sys

DRAW = """
import mujoco
from assets.canvas import Canvas
model = mujoco.MjModel.from_xml_string(
    '<mujoco><worldbody><light pos="0 0 3"/><camera name="c" pos="0 0 3"/>'
    '<geom type="box" size="1 1 1" rgba="1 0 0 1"/></worldbody></mujoco>')
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with Canvas(model, (40, 30)) as canvas:
    picture = canvas.draw(data, "c")
assert picture.shape == (30, 40, 3), picture.shape
assert picture[15, 20, 0] > 2 * picture[15, 20, 1], picture[15, 20]
"""


def run(code, **changes):
    """A fresh interpreter: the graphics backend is chosen once in a process."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MUJOCO_GL", "DISPLAY")}
    kept.pop("PYOPENGL_PLATFORM", None)
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env={**kept, **changes}, capture_output=True, text=True, check=False
    )


def test_draws_without_display_or_settings():
    done = run(DRAW)
    assert done.returncode == 0, done.stderr


def test_says_in_one_line_what_is_missing():
    done = run(DRAW, MUJOCO_GL="egl", PYOPENGL_PLATFORM="osmesa")
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("RuntimeError: no off-screen graphics: egl failed")
    assert "libegl1" in last
