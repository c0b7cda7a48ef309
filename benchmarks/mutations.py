"""Ways to spoil a video: bytes, containers, pictures, times. Same seed, same files."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

Mutation = Callable[["Source", np.random.Generator, Path], None]

SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm")
WORDS = {
    "html": b"<!doctype html><title>video</title><p>moved</p>",
    "elf": b"\x7fELF\x02\x01\x01" + bytes(200),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\n",
    "wav": b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\x00\x00\x00",
    "nul": bytes(5000),
    "script": b"#!/bin/sh\nexit 0\n",
}


class Source:
    """A good, small clip: as MP4 bytes, and for ffmpeg to encode again."""

    def __init__(self, clip: Path, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.mp4"
        small = ("-vf", "scale=-2:320", "-r", 15, "-g", 15, "-movflags", "faststart")
        encode(clip, self.path, *small)
        self.data = self.path.read_bytes()


def encode(source: Path, out: Path, *options: object) -> None:
    """Run the encoder on one file; what it cannot encode leaves an empty file."""
    exe = imageio_ffmpeg.get_ffmpeg_exe()
    single = ("-threads", "1", "-flags:v", "+bitexact", "-fflags", "+bitexact")
    words = [exe, "-v", "quiet", "-y", "-i", source, *options, *single, out]
    subprocess.run([str(word) for word in words], check=False)
    out.touch()


def _bytes(change: Callable[[bytearray, np.random.Generator], bytes]) -> Mutation:
    """A mutation of the file's bytes."""

    def mutate(source: Source, rng: np.random.Generator, out: Path) -> None:
        out.write_bytes(change(bytearray(source.data), rng))

    return mutate


def _encoded(*choices: tuple[object, ...], suffix: str = ".mp4") -> Mutation:
    """A mutation by encoding again, with one of several choices of options."""

    def mutate(source: Source, rng: np.random.Generator, out: Path) -> None:
        options = choices[rng.integers(len(choices))]
        made = out.with_name(f"made_{out.stem}{suffix}")
        encode(source.path, made, *options)
        made.replace(out)

    return mutate


def _flip(data: bytearray, rng: np.random.Generator) -> bytes:
    count = int(10 ** rng.uniform(0, 3.5))
    for place in rng.integers(0, len(data), count):
        data[place] ^= int(rng.integers(1, 256))
    return bytes(data)


def _flip_header(data: bytearray, rng: np.random.Generator) -> bytes:
    for place in rng.integers(0, 3000, int(rng.integers(1, 12))):
        data[place] ^= int(rng.integers(1, 256))
    return bytes(data)


def _cut(data: bytearray, rng: np.random.Generator) -> bytes:
    return bytes(data[: int(len(data) * rng.uniform(0.01, 0.95))])


def _behead(data: bytearray, rng: np.random.Generator) -> bytes:
    return bytes(data[int(10 ** rng.uniform(0, 4)) :])


def _blank(data: bytearray, rng: np.random.Generator) -> bytes:
    start, length = rng.integers(len(data)), int(10 ** rng.uniform(1, 4.3))
    data[start : start + length] = bytes(len(data[start : start + length]))
    return bytes(data)


def _shuffle(data: bytearray, rng: np.random.Generator) -> bytes:
    size = int(10 ** rng.uniform(1.5, 4))
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(blocks[i] for i in rng.permutation(len(blocks)))


def _twice(data: bytearray, rng: np.random.Generator) -> bytes:
    return bytes(data[rng.integers(len(data)) :] + data)


def _noise(data: bytearray, rng: np.random.Generator) -> bytes:
    kept = int(rng.integers(4, 64))
    return bytes(data[:kept]) + rng.bytes(int(10 ** rng.uniform(0, 5)))


def _number(atom: bytes, offset: int, size: int) -> Mutation:
    """Put a wild number into an MP4 atom's field, wherever the atom stands."""

    def change(data: bytearray, rng: np.random.Generator) -> bytes:
        wild = [0, 1, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), 2 ** (8 * size - 2)]
        value = int(rng.choice(np.array([*wild, int(rng.integers(2**16))], object)))
        value %= 2 ** (8 * size)
        place = data.find(atom)
        while place >= 0:
            start = place + 4 + offset
            data[start : start + size] = value.to_bytes(size, "big")
            place = data.find(atom, place + 4)
        return bytes(data)

    return _bytes(change)


def _huge(data: bytearray, rng: np.random.Generator) -> bytes:
    """Claim a picture of up to 65535 pixels a side where the container tells it."""
    side = int(rng.choice([16384, 32767, 65535]))
    for atom, offset, size in ((b"avc1", 24, 2), (b"tkhd", 76, 4)):
        place = data.find(atom)
        for field in (0, size):
            start = place + 4 + offset + field
            value = side if size == 2 else side << 16
            data[start : start + size] = value.to_bytes(size, "big")
    return bytes(data)


def _swapped(source: Source, rng: np.random.Generator, out: Path) -> None:
    """The head of one container before the body of another."""
    other = out.with_name(f"made_{out.stem}{rng.choice(['.avi', '.mkv', '.mov'])}")
    encode(source.path, other, "-c", "copy")
    data, place = other.read_bytes(), int(10 ** rng.uniform(1, 3.5))
    pair = [(data, source.data), (source.data, data)][rng.integers(2)]
    out.write_bytes(pair[0][:place] + pair[1][place:])
    other.unlink()


def _flipped_container(source: Source, rng: np.random.Generator, out: Path) -> None:
    """Another container and codec, with bytes flipped."""
    ways = [
        (".avi", "-c:v", "mjpeg", "-q:v", 8),
        (".mkv", "-c:v", "ffv1"),
        (".webm", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", 8),
        (".avi", "-c:v", "mpeg4"),
        (".mov", "-c:v", "copy"),
    ]
    suffix, *options = ways[rng.integers(len(ways))]
    made = out.with_name(f"made_{out.stem}{suffix}")
    encode(source.path, made, *options)
    data = bytearray(made.read_bytes()) or bytearray(1)
    out.write_bytes(_flip(data, rng))
    made.unlink()


def _picture(source: Source, rng: np.random.Generator, out: Path) -> None:
    """A picture that is called a video."""
    capture = cv2.VideoCapture(str(source.path))
    frame = capture.read()[1]
    capture.release()
    kind = str(rng.choice([".png", ".jpg", ".bmp", ".tiff", ".webp"]))
    out.write_bytes(cv2.imencode(kind, frame)[1].tobytes())


def _words(source: Source, rng: np.random.Generator, out: Path) -> None:
    """Something else altogether."""
    kind = str(rng.choice([*WORDS, "zip"]))
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as archive:
            info = zipfile.ZipInfo("video.mp4")
            archive.writestr(info, source.data)
    else:
        out.write_bytes(WORDS[kind])


def _nothing(source: Source, rng: np.random.Generator, out: Path) -> None:
    """No byte, or a few."""
    del source
    out.write_bytes(rng.bytes(int(rng.choice([0, 0, 1, 7, 64]))))


def _sizes_change(source: Source, rng: np.random.Generator, out: Path) -> None:
    """A raw stream whose picture changes its size on the way."""
    parts = []
    for number in range(3):
        part = out.with_name(f"made_{out.stem}_{number}.h264")
        width, height = (int(v) // 2 * 2 for v in rng.integers(64, 640, 2))
        encode(source.path, part, "-t", 1.5, "-vf", f"scale={width}:{height}")
        parts.append(part.read_bytes())
        part.unlink()
    out.write_bytes(b"".join(parts))


_UNEVEN = "setpts='(N+{}*random(1))/15/TB'"
MUTATIONS: dict[str, Mutation] = {
    "bytes flipped": _bytes(_flip),
    "header flipped": _bytes(_flip_header),
    "cut": _bytes(_cut),
    "beheaded": _bytes(_behead),
    "blanked": _bytes(_blank),
    "shuffled": _bytes(_shuffle),
    "twice": _bytes(_twice),
    "noise": _bytes(_noise),
    "huge picture claimed": _bytes(_huge),
    "wild time scale": _number(b"mdhd", 12, 4),
    "wild sample count": _number(b"stsz", 8, 4),
    "wild chunk offsets": _number(b"stco", 8, 4),
    "headers swapped": _swapped,
    "other container, flipped": _flipped_container,
    "picture renamed": _picture,
    "no video": _words,
    "nothing": _nothing,
    "sizes change": _sizes_change,
    "1 frame/s": _encoded(("-r", 1), ("-r", 2), ("-r", "1/10")),
    "240 frames/s": _encoded(("-r", 240), ("-r", 1000), ("-r", 120)),
    "rotated": _encoded(*[("-vf", f"transpose={turn}") for turn in range(4)]),
    "grey": _encoded(("-pix_fmt", "gray"), ("-vf", "hue=s=0")),
    "10 and 16 bits": _encoded(
        ("-c:v", "ffv1", "-pix_fmt", "gray16le"),
        ("-c:v", "ffv1", "-pix_fmt", "yuv420p16le"),
        ("-c:v", "libx264", "-pix_fmt", "yuv420p10le"),
        ("-c:v", "png", "-pix_fmt", "rgb48be", "-r", 5),
        suffix=".mkv",
    ),
    "odd sizes": _encoded(
        *[
            ("-vf", f"scale={w}:{h}", "-pix_fmt", "yuv444p")
            for w, h in ((241, 319), (65, 999), (999, 65), (1, 1), (3, 321), (63, 63))
        ]
    ),
    "sound only": _encoded(
        ("-f", "lavfi", "-i", "sine=duration=2", "-map", "1:a", "-c:a", "aac")
    ),
    "variable rate": _encoded(
        *[("-vf", _UNEVEN.format(n), "-fps_mode", "vfr") for n in (0.9, 3, 9)],
        suffix=".mkv",
    ),
    "too short": _encoded(("-t", 0.3), ("-frames:v", 1), ("-t", 0.9)),
    "nobody": _encoded(
        ("-vf", "eq=brightness=-1"),
        ("-vf", "noise=alls=100:allf=t,boxblur=20"),
        ("-vf", "negate,boxblur=30"),
    ),
    "still": _encoded(("-vf", "loop=loop=60:size=1:start=0,trim=end_frame=60")),
    "upside down, backwards": _encoded(("-vf", "vflip"), ("-vf", "reverse")),
}


def write_mutations(
    clips: list[Path], folder: Path, count: int, seed: int
) -> list[str]:
    """Write `count` spoilt videos into `folder`; returns the kind of each, in order.

    Kinds take turns; file N is called `mutated_N` with one of five suffixes.
    """
    sources = [Source(clip, folder, f"source_{i}") for i, clip in enumerate(clips)]
    kinds = []
    for number in range(count):
        kind = list(MUTATIONS)[number % len(MUTATIONS)]
        rng = np.random.default_rng([seed, number])
        source = sources[rng.integers(len(sources))]
        suffix = SUFFIXES[0] if rng.random() < 0.6 else str(rng.choice(SUFFIXES))
        MUTATIONS[kind](source, rng, folder / f"mutated_{number:03d}{suffix}")
        kinds.append(kind)
    for source in sources:
        source.path.unlink()
    return kinds
