"""Small clips and motions that the perception tests are made of."""

import os
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from perception.person.pose import LANDMARKS, MEDIAPIPE_INDEX, Landmarks
from perception.person.skeleton import bone_lengths, chain, landmark_matrix

FACING = {  # bone directions of a person who faces the camera, in its frame
    (0, 1): (-1, 0, 0),
    (0, 2): (0, 1, -0.05),
    (1, 3): (0, 1, -0.05),
    (2, 4): (0, 1, 0.05),
    (3, 5): (0, 1, 0.05),
    (4, 6): (0, 0.5, -0.87),
    (5, 7): (0, 0.5, -0.87),
    (8, 9): (-1, 0, 0),
    (8, 10): (0.2, 1, 0),
    (9, 11): (-0.2, 1, 0),
    (10, 12): (0.1, 1, -0.3),
    (11, 13): (-0.1, 1, -0.3),
    (0, 8): (0.17, -1, 0),
    (1, 9): (-0.17, -1, 0),
}


def ffmpeg(*arguments: object) -> None:
    exe = imageio_ffmpeg.get_ffmpeg_exe()
    command = [exe, "-v", "quiet", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def pattern(path: Path, seconds: float = 2.0, rate: int = 15, *options: object) -> Path:
    """A test picture with nobody in it."""
    source = f"testsrc=duration={seconds}:size=320x240:rate={rate}"
    ffmpeg("-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", *options, path)
    return path


def real_clip(name: str) -> Path:
    """A clip of the development folder; skips the test where there is none."""
    here = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("SUGARMILL_CLIPS") or here.parent / "shared" / "clips")
    path = folder / name
    if not path.exists():
        pytest.skip(f"{path} is absent; set SUGARMILL_CLIPS to the folder of clips")
    return path


def standing_person(height_m: float, frames: int, K: np.ndarray) -> tuple:
    """A person who bows a little, 3 m away: joints in the camera and landmarks."""
    lengths, _ = bone_lengths(height_m)
    directions = np.tile(np.array(list(FACING.values()), float), (frames, 1, 1))
    bow = 0.3 * np.sin(np.linspace(0, 2 * np.pi, frames)) ** 2
    directions[:, -2:, 2] -= bow[:, None]
    joints = chain(directions, lengths) + np.array([0.1, 0.1, 3.0])
    marks = landmark_matrix() @ joints
    pixels = marks[..., :2] / marks[..., 2:] * [K[0, 0], K[1, 1]] + K[:2, 2]
    index = list(MEDIAPIPE_INDEX)
    clip = Landmarks(
        np.ones(frames, bool),
        np.zeros((frames, LANDMARKS, 2)),
        np.zeros((frames, LANDMARKS, 3)),
        np.ones((frames, LANDMARKS)),
    )
    clip.pixels[:, index] = pixels
    clip.points_c[:, index] = joints - joints[:, :2].mean(axis=1, keepdims=True)
    return joints, clip
