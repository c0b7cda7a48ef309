"""A robot in this process: simulated time advances with every command written."""

from __future__ import annotations

from assets.robot import RobotSpec
from deploy.backend import JointCommand, RobotState
from deploy.simulation.recorder import Recorder
from deploy.simulation.simulated_robot import SimulatedRobot, World
from policies.contract import Contract


class MujocoBackend:
    """`RobotBackend` in lockstep: no wall clock, the same physics as `robot_sim`."""

    def __init__(
        self,
        contract: Contract,
        robot: RobotSpec,
        world: World | None = None,
        seed: int = 0,
    ) -> None:
        self.sim = SimulatedRobot(contract, robot, world or World(), seed)
        self.substeps = substeps(contract.control_hz, self.sim.timestep)
        self.recorder = Recorder(self.sim, contract)
        self.recorder.add()

    @property
    def time(self) -> float:
        """Simulated time [s], in whole nanoseconds, the clock of every state here."""
        return 1e-9 * round(1e9 * self.sim.time)

    def read(self) -> RobotState | None:
        """The state after the last control period."""
        return self.sim.state(self.time)

    def write(self, command: JointCommand) -> None:
        """Apply `command` for one control period."""
        self.sim.apply(command)
        for _ in range(self.substeps):
            self.sim.step()
        self.recorder.add()

    def close(self) -> None:
        """Nothing to release; a simulated robot feels no damping after the end."""


def substeps(control_hz: float, timestep: float) -> int:
    """Physics steps per control period; ValueError if that is no whole number."""
    count = round(1.0 / (control_hz * timestep))
    if abs(count * timestep * control_hz - 1.0) > 1e-6:
        msg = (
            f"a control rate of {control_hz} Hz does not hold a whole number of "
            f"physics steps of {timestep} s"
        )
        raise ValueError(msg)
    return count
