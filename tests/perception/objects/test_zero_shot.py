from typing import Any

import numpy as np
import pytest

from assets import rotations
from assets.objects import LIFT_BOX
from perception.contacts import ContactLabeller, Handling, MotionLabeller
from perception.objects.zero_shot import (
    OpenClip,
    ZeroShotLabeller,
    load_model,
)
from perception.prior import CONTACT_NAMES
from tests.perception.objects.stage import T_WORLD_TO_CAM, lift


class Redness:
    """Sees how red a picture is, and that touching is red."""

    size = 16

    def pictures(self, images):
        red = images[..., 0].astype(float) - images[..., 1]
        amount = np.minimum(red.mean(axis=(1, 2)) / 60.0, 1.0)
        return np.stack([amount, 1.0 - amount], axis=1)

    def sentences(self, texts):
        return np.array([[0.0, 1.0] if "not" in t else [1.0, 0.0] for t in texts])


def handling(joints, poses, bodies=CONTACT_NAMES[:2]):
    pos = np.stack([pose.pos_w for pose in poses])
    quat = np.tile(rotations.IDENTITY, (len(poses), 1))
    return Handling(joints, LIFT_BOX, pos, quat, 10.0, bodies)


def test_hands_touch_where_their_crops_look_like_touching():
    keys, joints, poses = lift()
    labeller: ContactLabeller = ZeroShotLabeller(Redness(), keys, T_WORLD_TO_CAM, 4.0)
    labels = labeller.label(handling(joints, poses))
    assert labels.shape == (60, len(CONTACT_NAMES))
    assert labels[40:, :2].all()
    assert not labels[:10, :2].any()
    assert not labels[:, 2:].any()


def test_only_the_named_bodies_are_labelled():
    keys, joints, poses = lift()
    labeller = ZeroShotLabeller(Redness(), keys, T_WORLD_TO_CAM, 4.0)
    labels = labeller.label(handling(joints, poses, ("right_hand",)))
    assert labels[:, 1].any()
    assert not labels[:, [0, 2, 3, 4]].any()


def test_both_labellers_keep_one_protocol():
    _, joints, poses = lift()
    labeller: ContactLabeller = MotionLabeller()
    assert labeller.label(handling(joints, poses))[45:, :2].all()


def test_a_random_open_clip_model_gives_labels_of_the_right_shape():
    try:
        import open_clip
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"open_clip cannot be imported: {error}")
    vision: dict[str, Any] = {"image_size": 32, "patch_size": 16, "width": 32}
    text: dict[str, Any] = {"context_length": 77, "vocab_size": 49408, "width": 32}
    model = open_clip.CLIP(
        embed_dim=16,
        vision_cfg=open_clip.CLIPVisionCfg(**vision, layers=1, head_width=16),
        text_cfg=open_clip.CLIPTextCfg(**text, heads=2, layers=1),
    )
    keys, joints, poses = lift()
    seen = OpenClip(model, open_clip.get_tokenizer("ViT-B-32"))
    labels = ZeroShotLabeller(seen, keys, T_WORLD_TO_CAM).label(handling(joints, poses))
    assert labels.shape == (60, len(CONTACT_NAMES))
    assert labels.dtype == bool


def test_missing_weights_say_where_they_were_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ValueError, match="no weights for open_clip's ViT-B-32") as told:
        load_model()
    assert str(tmp_path) in str(told.value)


def test_weights_that_could_run_code_are_refused(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(b"x")
    with pytest.raises(ValueError, match="safetensors"):
        load_model(path)
