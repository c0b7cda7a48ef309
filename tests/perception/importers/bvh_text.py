"""BVH files of a known person, with where the joints really are."""

import numpy as np
from scipy.spatial.transform import Rotation

# Z up, metres, facing x: name -> (parent, offset)
TREE = {
    "hips": (None, (0.0, 0.0, 0.0)),
    "l_hip": ("hips", (0.0, 0.09, -0.05)),
    "l_knee": ("l_hip", (0.0, 0.0, -0.42)),
    "l_ankle": ("l_knee", (0.0, 0.0, -0.41)),
    "l_toe": ("l_ankle", (0.14, 0.0, -0.06)),
    "r_hip": ("hips", (0.0, -0.09, -0.05)),
    "r_knee": ("r_hip", (0.0, 0.0, -0.42)),
    "r_ankle": ("r_knee", (0.0, 0.0, -0.41)),
    "r_toe": ("r_ankle", (0.14, 0.0, -0.06)),
    "spine": ("hips", (0.0, 0.0, 0.25)),
    "l_collar": ("spine", (0.0, 0.05, 0.2)),
    "l_shoulder": ("l_collar", (0.0, 0.13, 0.02)),
    "l_elbow": ("l_shoulder", (0.0, 0.28, 0.0)),
    "l_wrist": ("l_elbow", (0.0, 0.25, 0.0)),
    "r_collar": ("spine", (0.0, -0.05, 0.2)),
    "r_shoulder": ("r_collar", (0.0, -0.13, 0.02)),
    "r_elbow": ("r_shoulder", (0.0, -0.28, 0.0)),
    "r_wrist": ("r_elbow", (0.0, -0.25, 0.0)),
}
SIDED = {
    "lafan1": ("Left", "Right", "UpLeg Leg Foot Toe Shoulder Arm ForeArm Hand"),
    "cmu": ("Left", "Right", "UpLeg Leg Foot ToeBase Shoulder Arm ForeArm Hand"),
    "xsens": ("Left", "Right", "Hip Knee Ankle Toe Collar Shoulder Elbow Wrist"),
    "biovision": ("Left", "Right", "UpLeg LowLeg Foot Toe Collar UpArm LowArm Hand"),
    "smpl": ("L_", "R_", "Hip Knee Ankle Foot Collar Shoulder Elbow Wrist"),
    "optitrack": ("L", "R", "Thigh Shin Foot Toe Shoulder UArm FArm Hand"),
    "poser": ("l", "r", "Thigh Shin Foot Toe Collar Shldr ForeArm Hand"),
}
OURS = "hip knee ankle toe collar shoulder elbow wrist".split()
AXES = {
    "z": np.eye(3),
    "y": np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    "-y": np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]]),
}


def person(seed=0, frames=40):
    """Random but upright: root positions, rotations per joint, joints' positions."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0.0, 2.0, frames)[:, None]
    turns, where = {}, {}
    for name in TREE:
        wide = 0.15 if name in ("hips", "spine") else 0.4
        sway = wide * np.sin(phase * rng.uniform(1, 4, 3) + rng.uniform(0, 6, 3))
        turns[name] = Rotation.from_rotvec(sway)
    turns["hips"] = Rotation.from_rotvec([0, 0, 0.7]) * turns["hips"]
    root = np.array([0.3, -0.2, 0.9]) + 0.1 * np.sin(phase * [1.0, 0.5, 0.3])
    world = {}
    for name, (parent, offset) in TREE.items():
        if parent is None:
            where[name], world[name] = root, turns[name]
            continue
        where[name] = where[parent] + world[parent].apply(offset)
        world[name] = world[parent] * turns[name]
    return root, turns, where


def rename(ours, style):
    """A joint's name in a style, such as `mixamorig:LeftUpLeg`."""
    prefix = "mixamorig:" if style == "mixamo" else ""
    left, right, words = SIDED["cmu" if style == "mixamo" else style]
    if "_" not in ours:
        return prefix + ours.capitalize()
    side, part = ours.split("_")
    return prefix + (left if side == "l" else right) + words.split()[OURS.index(part)]


def bvh_text(root, turns, *, style="lafan1", scale=100.0, up="y", fps=30.0):
    """The file's text; channel orders differ between joints."""
    axes = AXES[up]
    orders = ["ZXY", "ZYX", "XYZ", "YXZ"]
    lines, columns = ["HIERARCHY"], []

    def write(name, depth):
        parent, offset = TREE[name]
        pad = "  " * depth
        x, y, z = scale * (axes @ np.array(offset))
        order = orders[len(columns) % 4]
        lines.append(f"{pad}{'JOINT' if parent else 'ROOT'} {rename(name, style)}")
        lines.append(f"{pad}{{")
        lines.append(f"{pad}  OFFSET {x:.9f} {y:.9f} {z:.9f}")
        channels = [f"{axis}rotation" for axis in order]
        matrix = axes @ turns[name].as_matrix() @ axes.T
        angles = Rotation.from_matrix(matrix).as_euler(order, degrees=True)
        if parent is None:
            channels = ["Xposition", "Yposition", "Zposition", *channels]
            angles = np.concatenate([scale * root @ axes.T, angles], axis=1)
        lines.append(f"{pad}  CHANNELS {len(channels)} {' '.join(channels)}")
        columns.append(angles)
        children = [c for c, (p, _) in TREE.items() if p == name]
        for child in children:
            write(child, depth + 1)
        if not children:
            lines.extend([f"{pad}  End Site", f"{pad}  {{"])
            lines.extend([f"{pad}    OFFSET 0 0 0", f"{pad}  }}"])
        lines.append(f"{pad}}}")

    write("hips", 0)
    table = np.concatenate(columns, axis=1)
    lines += ["MOTION", f"Frames: {len(table)}", f"Frame Time: {1 / fps:.9f}"]
    lines += [" ".join(f"{v:.9f}" for v in row) for row in table]
    return "\n".join(lines) + "\n"
