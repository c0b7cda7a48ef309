import shutil

import pytest

from deploy.bags import bag
from deploy.bags.replay import replay
from deploy.session.run import run_bundle
from deploy.simulation.simulated_robot import World
from deploy.wire.records import LowCmd
from tests.deploy.real_time import run_in_real_time


@pytest.mark.parametrize("backend", ["mujoco", "dds"])
def test_a_bag_replays_bit_for_bit(backend, bundle_path, tmp_path):
    """Read back from mcap and run again, every command is the recorded one."""
    folder = tmp_path / "bag"
    options = {"world": World(joint_noise=0.002, object_noise=0.002), "bag": folder}
    if backend == "dds":
        run_in_real_time(bundle_path, 1.5, 75, **options)
    else:
        run_bundle(bundle_path, backend, 1.5, quiet=True, **options)
    found = replay(folder / "episode_0", bundle_path)
    assert found.cycles >= 75
    assert (found.different, found.first) == (0, "")
    again = run_bundle(bundle_path, "replay", bag=folder, quiet=True)
    assert again.success_rate == 1.0


def test_one_changed_bit_is_found_and_named(bundle_path, tmp_path):
    run_bundle(bundle_path, "mujoco", 1.0, bag=tmp_path / "bag", quiet=True)
    tape = bag.Tape.load(tmp_path / "bag/episode_0")
    rows = tape.messages[bag.LOWCMD]
    message = LowCmd.deserialize(rows[30][1])
    message.record["motor_cmd"]["q"][3] += 1e-6
    rows[30] = (rows[30][0], message.seal().serialize())
    tape.save(tmp_path / "changed")
    found = replay(tmp_path / "changed", bundle_path)
    assert found.different == 1
    assert found.first.startswith("cycle 30: left_knee_joint q")


def test_what_is_no_bag_or_of_another_bundle_is_one_line(bundle_path, tmp_path):
    run_bundle(bundle_path, "mujoco", 0.2, bag=tmp_path / "bag", quiet=True)
    folder = tmp_path / "bag/episode_0"
    other = tmp_path / "other"
    shutil.copytree(bundle_path, other)
    sums = (other / "SHA256SUMS").read_text()
    (other / "SHA256SUMS").write_text("".join(reversed(sums.splitlines(True))))
    with pytest.raises(ValueError, match="another bundle"):
        replay(folder, other)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="not a bag of ours"):
        replay(tmp_path / "empty", bundle_path)
    file = next(folder.glob("*.mcap"))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(ValueError, match="not a bag of ours"):
        replay(folder, bundle_path)
    with pytest.raises(ValueError, match="exists already"):
        bag.Tape("", {}).save(folder)


def test_rosbags_and_so_ros_knows_every_type(bundle_path, tmp_path):
    """The bag describes its own messages: they decode with nothing of ours."""
    from rosbags.highlevel import AnyReader

    run_bundle(bundle_path, "mujoco", 0.5, bag=tmp_path / "bag", quiet=True)
    with AnyReader([tmp_path / "bag/episode_0"]) as reader:
        kinds = {c.topic: c.msgtype for c in reader.connections}
        assert kinds == bag.TYPES
        for connection, _, data in reader.messages():
            message = reader.deserialize(data, connection.msgtype)
            if connection.topic == bag.LOWCMD:
                assert message.mode_machine == 5
                assert len(message.motor_cmd) == 35
            if connection.topic == bag.PLAN:
                assert len(message.joint_names) == 37
