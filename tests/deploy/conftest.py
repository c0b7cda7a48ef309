import os

import numpy as np
import pytest

from assets.g1.spec import g1
from deploy.backend import RobotState
from tests.bundles import make_bundle


@pytest.fixture(scope="session")
def bundle_path(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def robot():
    return g1()


@pytest.fixture
def domain():
    """A DDS domain that other test runs on this machine do not share."""
    return 50 + os.getpid() % 100


@pytest.fixture
def make_state(robot):
    """A healthy, upright state at time 0; keywords replace its fields."""

    def make(**changes):
        fields = {
            "stamp": 0.0,
            "joint_pos": robot.array("default_pos"),
            "joint_vel": np.zeros(29),
            "imu_quat_w": np.array([1.0, 0.0, 0.0, 0.0]),
            "imu_gyro_b": np.zeros(3),
            "object_pos_b": np.array([0.4, 0.0, -0.5]),
            "object_quat_b": np.array([1.0, 0.0, 0.0, 0.0]),
            "object_stamp": 0.0,
        }
        return RobotState(**{**fields, **changes})

    return make
