"""Drawn scenes: an object of one colour on grey, exact poses, arms beside it."""

import copy
import functools

import cv2
import numpy as np

from assets import rotations
from assets.objects import BOTTLE, CHAIR, LIFT_BOX, ObjectSpec
from perception.camera import Floor, world_from_floor
from perception.objects.colour import KeyFrames
from perception.objects.shape import hull_points
from perception.objects.silhouette import Pose, Silhouette
from perception.person.skeleton import (
    L_ELBOW,
    L_HIP,
    L_WRIST,
    PALM_M,
    R_ELBOW,
    R_HIP,
    R_WRIST,
)

FPS = 10.0
SIZE = (480, 360)
K = np.array([[380.0, 0, 180], [0, 380, 240], [0, 0, 1]])
UP = np.array([0.0, -0.97, -0.24])
T_WORLD_TO_CAM = world_from_floor(
    Floor(UP / np.linalg.norm(UP), 1.4), np.array([0.2, 0.4, 3.2]), -np.eye(3)[2]
)
BALL = ObjectSpec("ball", "sphere", (0.24, 0.24, 0.24), 0.4)
SPECS = {spec.shape: spec for spec in (LIFT_BOX, BOTTLE, CHAIR, BALL)}
LYING = np.array([np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0])


def view_of(spec):
    return Silhouette(hull_points(spec), K, T_WORLD_TO_CAM)


def standing(spec, x=0.35, y=0.05, yaw=0.3):
    return Pose(np.array([x, y, spec.size[2] / 2]), rotations.from_yaw(yaw))


def cover(spec, pose, times=8):
    """How much of each pixel `(h, w)` the object covers, from 0 to 1."""
    large = view_of(spec).with_camera(K * np.array([[times], [times], [1.0]]))
    mask = large.mask(pose, (SIZE[0] * times, SIZE[1] * times))
    area = cv2.INTER_AREA
    return cv2.resize(mask, SIZE[::-1], interpolation=area).astype(float) / 255.0


def draw(spec, pose, colour=(40, 50, 200), seed=0):
    """A picture of the object: soft edges, noise."""
    rng = np.random.default_rng(seed)
    mask = cover(spec, pose)[..., None]
    image = (1 - mask) * np.array([110, 112, 108]) + mask * np.array(colour)
    image = cv2.GaussianBlur(image, (3, 3), 0.6)
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def film(spec, poses):
    """Key frames of the object at `poses`."""
    images = np.stack([draw(spec, pose, seed=k) for k, pose in enumerate(poses)])
    return KeyFrames(np.arange(len(poses)), images, K)


def person(frames):
    """Joints `(T, 14, 3)` of somebody far above, who hides nothing."""
    joints = np.zeros((frames, 14, 3))
    joints[..., 2] = 3.0
    joints[:, L_HIP, 1], joints[:, R_HIP, 1] = 0.1, -0.1
    return joints


def reach(joints, poses, half_y, away):
    """Put both palms beside the object, `away (T,)` metres above its middle."""
    pos = np.stack([pose.pos_w for pose in poses])
    for wrist, elbow, side in ((L_WRIST, L_ELBOW, 1), (R_WRIST, R_ELBOW, -1)):
        palm = pos + np.array([0.0, side * (half_y + 0.015), 0.0])
        palm[:, 2] += away
        joints[:, wrist] = palm - [PALM_M, 0, 0]
        joints[:, elbow] = palm - [PALM_M + 0.25, 0, 0]
    return joints


def lift(frames=60, spec=LIFT_BOX):
    """An object that rises from frame 30 on, and the arms that lift it."""
    return copy.deepcopy(_lift(frames, spec))


@functools.cache
def _lift(frames, spec):
    rise = 0.5 * np.clip((np.arange(frames) - 30) / 12, 0, 1)
    first = standing(spec, yaw=0.2)
    poses = [Pose(first.pos_w + np.array([0, 0, dz]), first.quat_w) for dz in rise]
    above = 0.7 * np.clip((22 - np.arange(frames)) / 10, 0, 1)
    joints = reach(person(frames), poses, spec.size[1] / 2, above)
    return film(spec, poses), joints, poses
