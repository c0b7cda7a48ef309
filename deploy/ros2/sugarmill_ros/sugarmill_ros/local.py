"""Nothing leaves this machine until the user names a network interface."""

from __future__ import annotations

import socket
from collections.abc import MutableMapping
from xml.sax.saxutils import quoteattr

INTERFACE = "SUGARMILL_INTERFACE"
"""Environment variable with the interface's name; the launch files set it."""


def bind(environment: MutableMapping[str, str]) -> str:
    """Prepare `environment` before rclpy starts; returns the interface, or 'loopback'.

    Without an interface, discovery and data stay on this machine, whatever else the
    environment says: Humble reads one variable, later distributions another, and
    CycloneDDS its own. Raises ValueError if the interface does not exist.
    """
    interface = environment.get(INTERFACE, "")
    if not interface:
        if environment.get("ROS_DISTRO", "humble") in ("humble", "iron"):
            environment["ROS_LOCALHOST_ONLY"] = "1"
        else:
            environment.pop("ROS_LOCALHOST_ONLY", None)
            environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
            environment.pop("ROS_STATIC_PEERS", None)
        environment.pop("CYCLONEDDS_URI", None)
        environment.pop("FASTRTPS_DEFAULT_PROFILES_FILE", None)
        environment.pop("FASTDDS_DEFAULT_PROFILES_FILE", None)
        return "loopback"
    known = [name for _, name in socket.if_nameindex()]
    if interface not in known:
        msg = f"{INTERFACE}={interface}: no such interface here; there are "
        raise ValueError(msg + ", ".join(known))
    environment["ROS_LOCALHOST_ONLY"] = "0"
    environment["CYCLONEDDS_URI"] = (
        "<CycloneDDS><Domain><General><Interfaces>"
        f"<NetworkInterface name={quoteattr(interface)}/>"
        "</Interfaces></General></Domain></CycloneDDS>"
    )
    return interface
