"""Contact labels by a vision-language model: what a crop looks more like.

For those who have CLIP weights. Each body's surroundings are cut out of the key
frames and compared with two sentences, one of touching and one of being near without
touching; the label is hysteresis on the share of the first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from perception.camera import project, transform
from perception.contacts import Handling, body_points
from perception.handled import grow, without_blips
from perception.objects.colour import KeyFrames
from perception.prior import CONTACT_NAMES

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

MODEL = "ViT-B-32"
CROP_M = 0.5
ENTER, LEAVE = 0.6, 0.45
MIN_SECONDS = 0.15
BATCH = 32
PROMPTS = (
    "a photo of a person's {} touching a {}",
    "a photo of a person's {} near a {}, not touching it",
)
_BODIES = {
    "left_hand": "hand",
    "right_hand": "hand",
    "left_foot": "foot",
    "right_foot": "foot",
    "pelvis": "bottom",
}
_SHAPES = {"box": "box", "cylinder": "bottle", "sphere": "ball", "chair": "chair"}


class ImageTextModel(Protocol):
    """What compares pictures with sentences."""

    size: int

    def pictures(self, images: NDArray[np.uint8]) -> Floats:
        """Features `(N, D)` of RGB pictures `(N, size, size, 3)`."""
        ...

    def sentences(self, texts: list[str]) -> Floats:
        """Features `(N, D)` of sentences."""
        ...


class ZeroShotLabeller:
    """Labels from pictures: which of two sentences a crop looks more like."""

    name = "zero-shot"

    def __init__(
        self,
        model: ImageTextModel,
        keys: KeyFrames,
        T_world_to_cam: Floats,
        scale: float = 100.0,
    ) -> None:
        self.model, self.keys = model, keys
        self.T_world_to_cam, self.scale = T_world_to_cam, scale

    def label(self, clip: Handling) -> Bools:
        """Labels `(T, C)` in `CONTACT_NAMES` order."""
        labels = np.zeros((len(clip.joints_w), len(CONTACT_NAMES)), bool)
        points_w = body_points(clip.joints_w)[self.keys.index]
        frames = np.arange(len(labels))
        short = max(1, round(MIN_SECONDS * clip.fps))
        for body in clip.bodies:
            column = CONTACT_NAMES.index(body)
            words = _BODIES[body], _SHAPES[clip.spec.shape]
            share = self._touching(points_w[:, column], words)
            full = np.interp(frames, self.keys.index, share)
            held = grow(full > ENTER, full > LEAVE)
            labels[:, column] = without_blips(held, short)
        return labels

    def _touching(self, points_w: Floats, words: tuple[str, str]) -> Floats:
        """How much more each crop looks like the first sentence `(N,)`, 0 to 1."""
        texts = _unit(self.model.sentences([p.format(*words) for p in PROMPTS]))
        crops = self._crops(points_w)
        looks = [
            _unit(self.model.pictures(crops[i : i + BATCH])) @ texts.T
            for i in range(0, len(crops), BATCH)
        ]
        logits = self.scale * np.concatenate(looks)
        return 1.0 / (1.0 + np.exp(logits[:, 1] - logits[:, 0]))

    def _crops(self, points_w: Floats) -> NDArray[np.uint8]:
        """Squares `(N, size, size, 3)` RGB around points `(N, 3)`, grey outside."""
        points_c = transform(self.T_world_to_cam, points_w)
        pixels = project(self.keys.K, points_c)
        half = CROP_M / 2 * self.keys.K[0, 0] / np.maximum(points_c[:, 2], 0.3)
        size, out = self.model.size, []
        for image, (x, y), h in zip(self.keys.images, pixels, half, strict=True):
            zoom = 2 * h / size
            moved = np.array([[zoom, 0, x - h], [0, zoom, y - h]], float)
            crop = cv2.warpAffine(
                image,
                moved,
                (size, size),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=(128, 128, 128),
            )
            out.append(crop[:, :, ::-1])
        return np.stack(out).astype(np.uint8)


def load_model(weights: Path | None = None, name: str = MODEL) -> ImageTextModel:
    """An open_clip model with weights from a `.safetensors` file.

    Without `weights`, the cache is looked into. Raises ValueError that says what is
    missing and where it was looked for.
    """
    path = weights or cached_weights(name)
    if not path.is_file():
        msg = (
            f"{path}: no weights for open_clip's {name}; name a .safetensors file, or "
            "put it there, or label contacts by motion"
        )
        raise ValueError(msg)
    if path.suffix != ".safetensors":
        msg = f"{path}: expected a .safetensors file; other formats can run code"
        raise ValueError(msg)
    open_clip = _open_clip()
    if name not in open_clip.list_models():
        msg = f"open_clip knows no model '{name}'; see open_clip.list_models()"
        raise ValueError(msg)
    from safetensors.torch import load_file

    model = open_clip.create_model(name)
    try:
        model.load_state_dict(load_file(path))
    except Exception as error:
        first = str(error).splitlines()[0]
        msg = f"{path}: not the weights of open_clip's {name} ({first})"
        raise ValueError(msg) from error
    return OpenClip(model, open_clip.get_tokenizer(name))


def cached_weights(name: str) -> Path:
    """Where weights are looked for when nobody names a file."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(cache).expanduser() / "sugarmill" / "open_clip" / f"{name}.safetensors"


class OpenClip:
    """A model of open_clip, on the processor."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model.eval(), tokenizer
        size = model.visual.image_size
        self.size = int(size[0] if isinstance(size, (tuple, list)) else size)
        mean = getattr(model.visual, "image_mean", None)
        spread = getattr(model.visual, "image_std", None)
        self._mean = np.array(mean or (0.4815, 0.4578, 0.4082), np.float32)
        self._std = np.array(spread or (0.2686, 0.2613, 0.2758), np.float32)

    def pictures(self, images: NDArray[np.uint8]) -> Floats:
        """Features `(N, D)` of RGB pictures `(N, size, size, 3)`."""
        import torch

        values = (images.astype(np.float32) / 255.0 - self._mean) / self._std
        with torch.inference_mode():
            batch = torch.from_numpy(values.transpose(0, 3, 1, 2).copy())
            return self._model.encode_image(batch).numpy()

    def sentences(self, texts: list[str]) -> Floats:
        """Features `(N, D)` of sentences."""
        import torch

        with torch.inference_mode():
            return self._model.encode_text(self._tokenizer(texts)).numpy()


def _open_clip() -> Any:
    """The package, which needs torch and torchvision of one build."""
    try:
        import open_clip
    except (ImportError, RuntimeError) as error:
        msg = (
            f"open_clip cannot be imported ({' '.join(str(error).split())}); install "
            "torch and torchvision from the same index, then try again"
        )
        raise ValueError(msg) from error
    return open_clip


def _unit(features: Floats) -> Floats:
    norm = np.linalg.norm(features, axis=-1, keepdims=True)
    return features / np.maximum(norm, 1e-9)
