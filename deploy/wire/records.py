"""LowCmd and LowState as packed records: fast to send, receive and check.

A record has the C layout over which the robot computes its checksum. On the wire
(plain CDR, little-endian) it differs in one place only: the first motor's mode follows
its predecessor without padding. The records stand in for the classes of
`deploy.dds.messages` at a DDS topic: same type, same bytes, a twentieth of the time.
ROS 2 takes and gives the same bytes as raw messages.
"""

from __future__ import annotations

import zlib
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

MOTORS = 35
"""Motor slots in LowCmd and LowState; a G1 with 29 joints leaves the last six zero."""

Self = TypeVar("Self", bound="_Record")

_MOTOR_CMD = np.dtype(
    [
        ("mode", "u1"),
        *[(name, "<f4") for name in ("q", "dq", "tau", "kp", "kd")],
        ("reserve", "<u4"),
    ],
    align=True,
)
_LOW_CMD = np.dtype(
    [
        ("mode_pr", "u1"),
        ("mode_machine", "u1"),
        ("motor_cmd", _MOTOR_CMD, MOTORS),
        ("reserve", "<u4", 4),
        ("crc", "<u4"),
    ],
    align=True,
)
_IMU_STATE = np.dtype(
    [
        ("quaternion", "<f4", 4),
        ("gyroscope", "<f4", 3),
        ("accelerometer", "<f4", 3),
        ("rpy", "<f4", 3),
        ("temperature", "<i2"),
    ],
    align=True,
)
_MOTOR_STATE = np.dtype(
    [
        ("mode", "u1"),
        *[(name, "<f4") for name in ("q", "dq", "ddq", "tau_est")],
        ("temperature", "<i2", 2),
        ("vol", "<f4"),
        ("sensor", "<u4", 2),
        ("motorstate", "<u4"),
        ("reserve", "<u4", 4),
    ],
    align=True,
)
_LOW_STATE = np.dtype(
    [
        ("version", "<u4", 2),
        ("mode_pr", "u1"),
        ("mode_machine", "u1"),
        ("tick", "<u4"),
        ("imu_state", _IMU_STATE),
        ("motor_state", _MOTOR_STATE, MOTORS),
        ("wireless_remote", "u1", 40),
        ("reserve", "<u4", 4),
        ("crc", "<u4"),
    ],
    align=True,
)

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_CDR, _CDR2 = b"\x00\x01\x00\x00", b"\x00\x07\x00\x00"


def crc32_mpeg2(packed: bytes) -> int:
    """CRC-32/MPEG-2 over little-endian 32-bit words, most significant bit first.

    zlib's CRC is the same polynomial with bits mirrored and the result inverted.
    """
    words = np.frombuffer(packed, "<u4").byteswap().tobytes()
    mirrored = zlib.crc32(words.translate(_REVERSED)) ^ 0xFFFFFFFF
    big_endian = mirrored.to_bytes(4, "little").translate(_REVERSED)
    return int.from_bytes(big_endian, "big")


class _Record:
    """A message held as one numpy record, with CycloneDDS's codec methods.

    `deploy.dds.messages` gives each class the DDS type that it stands in for.
    """

    __idl__: ClassVar[Any]
    __idl_typename__: ClassVar[str]
    dtype: ClassVar[np.dtype]
    gap: ClassVar[int]
    """Where CDR leaves out the C layout's padding: before the first motor."""
    meaningful: ClassVar[NDArray[np.uint8]]

    def __init__(self) -> None:
        self.record = np.zeros((), self.dtype)

    def checksum(self) -> int:
        """The CRC over everything before the field `crc`."""
        return crc32_mpeg2(self.record.tobytes()[:-4])

    def seal(self: Self) -> Self:
        """Write the checksum into the record and return it."""
        self.record["crc"] = self.checksum()
        return self

    def is_sealed(self) -> bool:
        """Whether the checksum in the record is the right one."""
        return int(self.record["crc"]) == self.checksum()

    def serialize(self, use_version_2: bool | None = None) -> bytes:
        """CDR bytes; XCDR1 and XCDR2 agree, for nothing here is wider than 4 bytes."""
        raw, gap = self.record.tobytes(), self.gap
        body = raw[:gap] + raw[gap + 2 : gap + 3] + b"\x00" + raw[gap + 6 :]
        return (_CDR2 if use_version_2 else _CDR) + body

    @classmethod
    def deserialize(cls: type[Self], data: bytes) -> Self:
        """Read CDR bytes; ValueError on another encoding or length."""
        found, expected = len(data), cls.dtype.itemsize
        if found != expected or data[:2] not in (_CDR[:2], _CDR2[:2]):
            msg = (
                f"{cls.__name__}: {found} bytes with head {data[:2].hex()}, "
                f"expected {expected} with 0001 or 0007"
            )
            raise ValueError(msg)
        gap, body = cls.gap, data[4:]
        raw = body[:gap] + b"\0\0" + body[gap : gap + 1] + b"\0\0\0" + body[gap + 2 :]
        message = cls()
        buffer = np.frombuffer(raw, np.uint8) & cls.meaningful
        message.record = buffer.view(cls.dtype)[0]
        return message


def _meaningful(dtype: np.dtype) -> NDArray[np.uint8]:
    """A mask over `dtype`'s bytes: 0xFF for fields, zero for padding."""
    mask = np.zeros(dtype.itemsize, np.uint8)
    if dtype.fields is None:
        mask[:] = 0xFF
        return mask
    for field, offset, *_ in dtype.fields.values():
        base, count = field.base, int(np.prod(field.shape, dtype=int))
        inner = np.tile(_meaningful(base), count)
        mask[offset : offset + len(inner)] = inner
    return mask


class LowCmd(_Record):
    """`unitree_hg` LowCmd as a record: see `messages.LowCmd_` for the fields."""

    dtype, gap = _LOW_CMD, 2
    meaningful = _meaningful(_LOW_CMD)


class LowState(_Record):
    """`unitree_hg` LowState as a record: see `messages.LowState_` for the fields."""

    dtype, gap = _LOW_STATE, 70
    meaningful = _meaningful(_LOW_STATE)
