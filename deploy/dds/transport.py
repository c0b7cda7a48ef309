"""DDS endpoints that stay on loopback until the user names a network interface."""

from __future__ import annotations

import os
import socket
from typing import Any
from xml.sax.saxutils import quoteattr

from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsPublication
from cyclonedds.core import InstanceState
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration

import deploy.dds.messages  # noqa: F401  gives the records of deploy.wire.records their DDS types

LOWSTATE, LOWCMD, OBJECT_POSE = "rt/lowstate", "rt/lowcmd", "rt/object_pose"
GOAL_POSE = "rt/goal_pose"
COMMAND, PLAN, ESTOP = "rt/command", "rt/plan", "rt/estop"
JOINT_STATES, TF = "rt/joint_states", "rt/tf"
MOCAP_TORSO, MOCAP_OBJECT = "rt/mocap/torso", "rt/mocap/object"
CAMERA_INFO, CAMERA_IMAGE = "rt/camera/camera_info", "rt/camera/image_raw"
"""ROS 2 knows them as /lowstate, /lowcmd and so on."""

LOOPBACK_DOMAIN, ROBOT_DOMAIN = 42, 0
"""Where demo and simulation live; and where robots and ROS 2 do."""

STATE_QOS = Qos(Policy.Reliability.BestEffort, Policy.History.KeepLast(1))
COMMAND_QOS = Qos(
    Policy.Reliability.Reliable(duration(milliseconds=5)), Policy.History.KeepLast(1)
)
STREAM_QOS = Qos(
    Policy.Reliability.Reliable(duration(milliseconds=5)), Policy.History.KeepLast(10)
)
"""What RViz and tf ask for."""
LATCHED_QOS = Qos(
    Policy.Reliability.Reliable(duration(milliseconds=5)),
    Policy.Durability.TransientLocal,
    Policy.History.KeepLast(1),
)
"""A late listener gets the last message: for /estop."""

LEASE_SECONDS = 2.0
"""How long DDS takes on loopback to forget a process that was killed."""

_DOMAINS: dict[int, tuple[str | None, Domain]] = {}
"""CycloneDDS allows one configuration per domain and process: ours, kept alive."""


def private_domain() -> int:
    """A domain that other runs on this machine hardly share: from the process id."""
    return LOOPBACK_DOMAIN + 1 + os.getpid() % 150


def domain_config(interface: str | None) -> str:
    """CycloneDDS settings for `interface`, or for unicast on loopback alone.

    Raises ValueError if this machine has no such interface.
    """
    if interface is None:
        return (
            "<CycloneDDS><Domain><General><Interfaces>"
            '<NetworkInterface name="lo" multicast="false"/></Interfaces>'
            "<AllowMulticast>false</AllowMulticast></General><Discovery><Peers>"
            '<Peer Address="127.0.0.1"/></Peers>'
            "<ParticipantIndex>auto</ParticipantIndex>"
            "<MaxAutoParticipantIndex>32</MaxAutoParticipantIndex>"
            f"<LeaseDuration>{LEASE_SECONDS:.0f}s</LeaseDuration>"
            "</Discovery></Domain></CycloneDDS>"
        )
    known = [name for _, name in socket.if_nameindex()]
    if interface not in known:
        msg = f"network interface '{interface}' does not exist here; there are "
        raise ValueError(msg + ", ".join(known))
    return (
        "<CycloneDDS><Domain><General><Interfaces>"
        f"<NetworkInterface name={quoteattr(interface)}/>"
        "</Interfaces></General></Domain></CycloneDDS>"
    )


def participant(domain: int, interface: str | None) -> DomainParticipant:
    """Join `domain` with our own settings, whatever the environment says.

    Raises ValueError if this process already uses the domain in another way.
    """
    if not 0 <= domain <= 232:
        msg = f"DDS domain {domain} is not in 0 to 232"
        raise ValueError(msg)
    config = domain_config(interface)
    if domain not in _DOMAINS:
        _DOMAINS[domain] = (interface, Domain(domain, config))
    joined = _DOMAINS[domain][0]
    if joined != interface:
        msg = (
            f"this process uses DDS domain {domain} on {joined or 'loopback'}; "
            f"start another for {interface or 'loopback'}"
        )
        raise ValueError(msg)
    return DomainParticipant(domain)


def writer(member: DomainParticipant, topic: str, kind: type, qos: Qos) -> DataWriter:
    """A writer of `kind`, a message class or a record that stands in for one."""
    return DataWriter(member, Topic(member, topic, kind), qos=qos)


class Latest:
    """A reader of one topic that keeps the newest message and survives bad ones."""

    def __init__(
        self, member: DomainParticipant, topic: str, kind: type, qos: Qos
    ) -> None:
        self._reader = DataReader(member, Topic(member, topic, kind), qos=qos)
        self.malformed = 0

    def take(self) -> Any | None:
        """The message that arrived since the last call, or None."""
        try:
            samples = self._reader.take(N=1)
        except Exception:
            self.malformed += 1
            return None
        valid = [s for s in samples if s.sample_info.valid_data]
        return valid[-1] if valid else None

    def matched(self) -> bool:
        """Whether somebody writes the topic."""
        return bool(self._reader.get_matched_publications())


class WriterWatch:
    """Who else writes a topic, of whatever type, from DDS's own discovery."""

    def __init__(self, member: DomainParticipant, topic: str) -> None:
        self._reader = BuiltinDataReader(member, BuiltinTopicDcpsPublication)
        self._topic = topic
        self._own: set[Any] = set()
        self._others: dict[Any, str] = {}
        self._member = member

    def others(self, own: DataWriter | None) -> int:
        """Number of writers of the topic besides `own`, as far as discovered."""
        for sample in self._reader.take(N=64):
            if sample.topic_name != self._topic and sample.key not in self._others:
                continue
            alive = sample.sample_info.instance_state == InstanceState.Alive
            if alive and (own is None or sample.key != own.guid):
                self._others[sample.key] = sample.topic_name
            else:
                self._others.pop(sample.key, None)
        return len(self._others)
