import time

import numpy as np

from assets.g1.spec import g1
from deploy.dds import transport
from deploy.dds.ros_messages import JointState_, TFMessage_
from deploy.simulation.display import Display
from deploy.simulation.sim_core import SimCore
from deploy.simulation.simulated_robot import World
from tests.bundles import make_contract
from tests.deploy.waiting import until


def test_joints_and_frames_reach_those_who_listen(domain):
    core = SimCore(make_contract(), g1(), World(), seed=0)
    core.low_state()
    display = Display(transport.participant(domain, None), core, g1(), every=1)
    display.show()
    there = transport.participant(domain, None)
    joints, frames = (
        transport.Latest(there, topic, kind, transport.STREAM_QOS)
        for topic, kind in (
            (transport.JOINT_STATES, JointState_),
            (transport.TF, TFMessage_),
        )
    )
    seen = {}

    def shown():
        display.show()
        time.sleep(0.01)
        seen["joints"] = joints.take() or seen.get("joints")
        seen["frames"] = frames.take() or seen.get("frames")
        return seen["joints"] and seen["frames"]

    assert until(shown)
    assert tuple(seen["joints"].name) == g1().joint_names
    np.testing.assert_allclose(seen["joints"].position, core.state.joint_pos)
    by_name = {t.child_frame_id: t for t in seen["frames"].transforms}
    pelvis = by_name["pelvis"]
    assert pelvis.header.frame_id == "world"
    assert pelvis.transform.translation.z == core.sim.qpos[2]
    assert {"torso_link", "object"} <= set(by_name)
