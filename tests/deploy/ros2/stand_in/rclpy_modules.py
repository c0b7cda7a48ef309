"""The part of rclpy that the nodes use, with its names, signatures and strictness.

`signatures.json` holds the real signatures; a test compares. Behaviour follows the
documentation: publishing bytes is raw, QoS must fit, a lifecycle transition runs the
callback and obeys its result, undeclared parameters do not exist.
"""

import enum
import sys
import types
from typing import NamedTuple

from tests.deploy.ros2.stand_in.world import WORLD


class ReliabilityPolicy(enum.IntEnum):
    SYSTEM_DEFAULT, RELIABLE, BEST_EFFORT = 0, 1, 2


class DurabilityPolicy(enum.IntEnum):
    SYSTEM_DEFAULT, TRANSIENT_LOCAL, VOLATILE = 0, 1, 2


class HistoryPolicy(enum.IntEnum):
    SYSTEM_DEFAULT, KEEP_LAST, KEEP_ALL = 0, 1, 2


class Duration:
    def __init__(self, *, seconds=0, nanoseconds=0):
        self.nanoseconds = round(seconds * 1e9) + nanoseconds


class QoSProfile:
    FIELDS = "history depth reliability durability lifespan deadline liveliness".split()

    def __init__(self, **kwargs):
        unknown = set(kwargs) - set(self.FIELDS)
        assert not unknown, f"Got unexpected keyword arguments: {unknown}"
        assert "depth" in kwargs or "history" in kwargs
        self.depth = kwargs.get("depth", 0)
        self.history = kwargs.get("history", HistoryPolicy.KEEP_LAST)
        self.reliability = kwargs.get("reliability", ReliabilityPolicy.RELIABLE)
        self.durability = kwargs.get("durability", DurabilityPolicy.VOLATILE)
        self.deadline = kwargs.get("deadline", Duration())

    def gives(self, wanted):
        """Whether a publisher with this profile may serve one who wants `wanted`."""
        best = ReliabilityPolicy.BEST_EFFORT
        local = DurabilityPolicy.TRANSIENT_LOCAL
        if self.reliability == best and wanted.reliability != best:
            return False
        if wanted.durability == local and self.durability != local:
            return False
        asked, offered = wanted.deadline.nanoseconds, self.deadline.nanoseconds
        return not asked or bool(offered and offered <= asked)


class ClockType(enum.IntEnum):
    ROS_TIME, SYSTEM_TIME, STEADY_TIME = 1, 2, 3


class Time:
    def __init__(self, nanoseconds):
        self.nanoseconds = nanoseconds

    def to_msg(self):
        kind = sys.modules["builtin_interfaces.msg"].Time
        return kind(sec=self.nanoseconds // 10**9, nanosec=self.nanoseconds % 10**9)


class Clock:
    def __init__(self, *, clock_type=ClockType.SYSTEM_TIME):
        self.clock_type = clock_type

    def now(self):
        return Time(WORLD.now_ns)


class SubscriptionEventCallbacks:
    def __init__(
        self,
        *,
        deadline=None,
        incompatible_qos=None,
        liveliness=None,
        message_lost=None,
        use_default_callbacks=True,
    ):
        self.deadline = deadline


class Publisher:
    def __init__(self, node, msg_type, topic, qos_profile):
        self.node, self.msg_type, self.topic_name = node, msg_type, topic
        self.qos_profile, self.latched = qos_profile, None
        WORLD.publishers.append(self)

    def publish(self, msg):
        if not WORLD.ok:
            raise RuntimeError("publisher's context is invalid")
        if not isinstance(msg, (self.msg_type, bytes)):
            raise TypeError(f"Expected {self.msg_type}, got {type(msg)}")
        self.latched = msg
        WORLD.deliver(self.topic_name, (self, msg))


class Subscription:
    def __init__(self, node, msg_type, topic, callback, qos_profile, raw):
        self.node, self.msg_type, self.callback = node, msg_type, callback
        self.topic_name, self.qos_profile, self.raw = topic, qos_profile, raw
        self.destroyed = False
        WORLD.topics.setdefault(topic, []).append(self)
        for publisher in WORLD.publishers:
            local = DurabilityPolicy.TRANSIENT_LOCAL
            if publisher.latched is not None and qos_profile.durability == local:
                WORLD.deliver(topic, (publisher, publisher.latched))

    def __lt__(self, other):
        return id(self) < id(other)

    def fits(self, entry):
        publisher, _ = entry
        same = publisher.topic_name == self.topic_name
        kind = publisher.msg_type is self.msg_type
        return same and kind and publisher.qos_profile.gives(self.qos_profile)

    def hand_over(self, entry):
        message = entry[1]
        assert isinstance(message, bytes) == self.raw, "raw messages need raw=True"
        self.callback(message)


class Timer:
    def __init__(self, period_ns, callback):
        self.timer_period_ns, self.callback = period_ns, callback
        self.due, self.cancelled = WORLD.now_ns + period_ns, False
        WORLD.timers.append(self)

    def cancel(self):
        self.cancelled = True


class Parameter:
    def __init__(self, name, type_=None, value=None):
        self.name, self.value = name, value


class ParameterNotDeclaredException(Exception):  # noqa: N818  rclpy's name
    pass


class ParameterAlreadyDeclaredException(Exception):  # noqa: N818  rclpy's name
    pass


class InvalidParameterValueException(Exception):  # noqa: N818  rclpy's name
    pass


class Logger:
    """As rclpy's: one severity per line of code, text alone."""

    def __init__(self):
        self.lines, self._severity = [], {}

    def _log(self, severity, message):
        assert isinstance(message, str)
        caller = sys._getframe(2)
        place = caller.f_code.co_filename, caller.f_lineno
        if self._severity.setdefault(place, severity) != severity:
            raise ValueError("Logger severity cannot be changed between calls.")
        self.lines.append((severity, message))

    def info(self, message, **kwargs):
        self._log("info", message)

    def warning(self, message, **kwargs):
        self._log("warning", message)

    def error(self, message, **kwargs):
        self._log("error", message)


class Node:
    def __init__(
        self,
        node_name,
        *,
        context=None,
        cli_args=None,
        namespace=None,
        use_global_arguments=True,
        enable_rosout=True,
        start_parameter_services=True,
        parameter_overrides=None,
        allow_undeclared_parameters=False,
        automatically_declare_parameters_from_overrides=False,
    ):
        assert WORLD.ok, "rclpy.init() has not been called"
        self._name = node_name
        self._overrides = {p.name: p.value for p in parameter_overrides or []}
        self._parameters, self._descriptors = {}, {}
        self._logger = Logger()
        self._owned = []

    def get_name(self):
        return self._name

    def get_logger(self):
        return self._logger

    def get_clock(self):
        return Clock(clock_type=ClockType.ROS_TIME)

    def declare_parameter(
        self, name, value=None, descriptor=None, ignore_override=False
    ):
        if name in self._parameters:
            raise ParameterAlreadyDeclaredException(name)
        value = self._overrides.get(name, value)
        assert descriptor is not None, f"{name} is described nowhere"
        for limits in (
            *descriptor.floating_point_range,
            *descriptor.integer_range,
        ):
            if not limits.from_value <= value <= limits.to_value:
                raise InvalidParameterValueException(f"{name}: {value}")
        self._parameters[name] = Parameter(name, value=value)
        self._descriptors[name] = descriptor
        return self._parameters[name]

    def has_parameter(self, name):
        return name in self._parameters

    def get_parameter(self, name):
        if name not in self._parameters:
            raise ParameterNotDeclaredException(name)
        return self._parameters[name]

    def describe_parameter(self, name):
        return self._descriptors[name]

    def create_publisher(
        self,
        msg_type,
        topic,
        qos_profile,
        *,
        callback_group=None,
        event_callbacks=None,
        qos_overriding_options=None,
        publisher_class=None,
    ):
        made = Publisher(self, msg_type, topic, qos_profile)
        self._owned.append(made)
        return made

    def create_subscription(
        self,
        msg_type,
        topic,
        callback,
        qos_profile,
        *,
        callback_group=None,
        event_callbacks=None,
        qos_overriding_options=None,
        raw=False,
    ):
        made = Subscription(self, msg_type, topic, callback, qos_profile, raw)
        self._owned.append(made)
        return made

    def create_timer(self, timer_period_sec, callback, callback_group=None, clock=None):
        made = Timer(int(timer_period_sec * 1e9), callback)
        self._owned.append(made)
        return made

    def count_publishers(self, topic_name):
        return sum(p.topic_name == topic_name for p in WORLD.publishers)

    def destroy_publisher(self, publisher):
        if publisher in WORLD.publishers:
            WORLD.publishers.remove(publisher)
        return True

    def destroy_subscription(self, subscription):
        subscription.destroyed = True
        listeners = WORLD.topics[subscription.topic_name]
        if subscription in listeners:
            listeners.remove(subscription)
        return True

    def destroy_timer(self, timer):
        timer.cancelled = True
        if timer in WORLD.timers:
            WORLD.timers.remove(timer)
        return True

    def destroy_node(self):
        for item in self._owned:
            if isinstance(item, Publisher):
                self.destroy_publisher(item)
            elif isinstance(item, Subscription):
                self.destroy_subscription(item)
            else:
                self.destroy_timer(item)


class TransitionCallbackReturn(enum.Enum):
    SUCCESS, FAILURE, ERROR = 97, 98, 99


class LifecycleState(NamedTuple):
    label: str
    state_id: int


_S = TransitionCallbackReturn.SUCCESS


class LifecycleNode(Node):
    def __init__(self, node_name, *, enable_communication_interface=True, **kwargs):
        super().__init__(node_name, **kwargs)
        self.lifecycle_label = "unconfigured"

    def _change(self, begins, callback, after):
        assert self.lifecycle_label in begins, f"not from {self.lifecycle_label}"
        before = LifecycleState(self.lifecycle_label, 0)
        try:
            result = callback(before)
        except Exception:
            result = TransitionCallbackReturn.ERROR
        if result is _S:
            self.lifecycle_label = after
        elif result is TransitionCallbackReturn.ERROR:
            done = self.on_error(before) is _S
            self.lifecycle_label = "unconfigured" if done else "finalized"
        return result

    def trigger_configure(self):
        return self._change(("unconfigured",), self.on_configure, "inactive")

    def trigger_activate(self):
        return self._change(("inactive",), self.on_activate, "active")

    def trigger_deactivate(self):
        return self._change(("active",), self.on_deactivate, "inactive")

    def trigger_cleanup(self):
        return self._change(("inactive",), self.on_cleanup, "unconfigured")

    def trigger_shutdown(self):
        states = ("unconfigured", "inactive", "active")
        return self._change(states, self.on_shutdown, "finalized")

    def on_configure(self, state):
        return _S

    def on_activate(self, state):
        return _S

    def on_deactivate(self, state):
        return _S

    def on_cleanup(self, state):
        return _S

    def on_shutdown(self, state):
        return _S

    def on_error(self, state):
        return _S


class ExternalShutdownException(Exception):  # noqa: N818  rclpy's name
    pass


class SignalHandlerOptions(enum.Enum):
    NO, SIGINT, SIGTERM, ALL = 0, 1, 2, 3


def init(*, args=None, context=None, domain_id=None, signal_handler_options=None):
    WORLD.ok = True


def try_shutdown(*, context=None, uninstall_handlers=None):
    WORLD.ok = False


def spin(node, executor=None):
    WORLD.advance(1.0)
    raise ExternalShutdownException


def ok(*, context=None):
    return WORLD.ok


CONTENTS = {
    "rclpy": [init, try_shutdown, spin, ok],
    "rclpy.node": [Node],
    "rclpy.lifecycle": [LifecycleNode, LifecycleState, TransitionCallbackReturn],
    "rclpy.clock": [Clock, ClockType],
    "rclpy.duration": [Duration],
    "rclpy.event_handler": [SubscriptionEventCallbacks],
    "rclpy.executors": [ExternalShutdownException],
    "rclpy.parameter": [Parameter],
    "rclpy.qos": [QoSProfile, ReliabilityPolicy, DurabilityPolicy, HistoryPolicy],
    "rclpy.signals": [SignalHandlerOptions],
}


def modules():
    """rclpy and its submodules, ready for sys.modules."""
    made = {name: types.ModuleType(name) for name in CONTENTS}
    for name, things in CONTENTS.items():
        for thing in things:
            setattr(made[name], thing.__name__, thing)
        if name != "rclpy":
            setattr(made["rclpy"], name.split(".")[1], made[name])
    return made
