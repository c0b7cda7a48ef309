import numpy as np
import pytest

from deploy.dds.messages import LowCmd_, LowState_
from deploy.wire.records import LowCmd, LowState, crc32_mpeg2

PAIRS = [(LowCmd, LowCmd_), (LowState, LowState_)]


def slow_crc(packed: bytes) -> int:
    crc = 0xFFFFFFFF
    for word in np.frombuffer(packed, "<u4").tolist():
        for bit in range(31, -1, -1):
            high = (crc >> 31) ^ ((word >> bit) & 1)
            crc = ((crc << 1) & 0xFFFFFFFF) ^ (0x04C11DB7 if high else 0)
    return crc


def random_message(kind, seed):
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, 120, kind.dtype.itemsize).astype(np.uint8)
    message = kind()
    message.record = (raw & kind.meaningful).view(kind.dtype)[0]
    return message


def golden(reserve=(0, 0, 0, 0)) -> LowCmd:
    message, i = LowCmd(), np.arange(29)
    message.record["mode_machine"] = 5
    motors = message.record["motor_cmd"][:29]
    motors["mode"], motors["q"], motors["dq"] = 1, 0.1 * i, -0.05 * i
    motors["tau"], motors["kp"], motors["kd"] = 0.5, 60.0, 1.0
    message.record["reserve"] = reserve
    return message


def test_golden_checksums():
    assert LowCmd().checksum() == 0xFE172F9F
    assert golden().checksum() == 0x5E8CB20E
    assert golden((1, 2, 3, 4)).checksum() == 0x9EFB733B


@pytest.mark.parametrize("seed", range(4))
def test_fast_checksum_is_the_bitwise_one(seed):
    packed = np.random.default_rng(seed).bytes(1000)
    assert crc32_mpeg2(packed) == slow_crc(packed)


@pytest.mark.parametrize(("record", "idl"), PAIRS)
def test_records_and_idl_classes_write_the_same_bytes(record, idl):
    message = random_message(record, 0)
    data = message.serialize()
    assert idl.deserialize(data).serialize() == data
    assert record.deserialize(data).record.tobytes() == message.record.tobytes()


def test_fields_mean_the_same_to_both():
    seen = vars(LowCmd_.deserialize(golden((1, 2, 3, 4)).seal().serialize()))
    assert (seen["mode_machine"], seen["crc"]) == (5, 0x9EFB733B)
    assert list(seen["reserve"]) == [1, 2, 3, 4]
    assert [m.mode for m in seen["motor_cmd"]] == [1] * 29 + [0] * 6
    found = [m.q for m in seen["motor_cmd"][:29]]
    np.testing.assert_allclose(found, 0.1 * np.arange(29), rtol=1e-6)


def test_every_field_is_under_the_checksum():
    before = golden().checksum()
    layout = np.flatnonzero(LowCmd.meaningful)[:-4]
    for byte in layout:
        message = golden()
        raw = np.frombuffer(message.record.tobytes(), np.uint8).copy()
        raw[byte] ^= 1
        message.record = raw.view(LowCmd.dtype)[0]
        assert message.checksum() != before, f"byte {byte}"


def test_garbage_in_the_padding_does_not_reach_the_checksum():
    data = bytearray(golden().seal().serialize())
    data[4 + 3] = 0xAA  # between the first motor's mode and q
    data[4 + 29] = 0xBB  # after the second motor's mode
    assert LowCmd.deserialize(bytes(data)).is_sealed()


@pytest.mark.parametrize("kind", [LowCmd, LowState])
def test_other_lengths_and_encodings_are_refused(kind):
    data = kind().serialize()
    big_endian = b"\x00\x00" + data[2:]
    for bad in (b"", data[:-1], data + b"\0", big_endian):
        with pytest.raises(ValueError, match=f"{kind.__name__}: {len(bad)} bytes"):
            kind.deserialize(bad)
