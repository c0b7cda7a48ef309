"""The front door: one command whose subcommands live in the rooms they open."""

from __future__ import annotations

import sys

import tyro

from deploy.commands import Demo, Doctor, Report, Run
from perception.commands import Convert, Import, Priors, Studio
from policies.commands import Distill, Evaluate, Export, Keep, Play, Train

BAD_INPUT = 2
INTERRUPTED = 130

_COMMANDS = (
    *(Studio, Priors, Train, Evaluate, Keep, Distill, Export),
    *(Play, Run, Report, Demo, Doctor, Import, Convert),
)


def main(args: list[str] | None = None) -> None:
    """Run the command line; bad input is one line and exit code 2."""
    commands = {c.__name__.lower(): c for c in _COMMANDS}
    command = tyro.extras.subcommand_cli_from_dict(
        commands, args=args, prog="sugarmill", description=__doc__
    )
    try:
        code = command.run()
    except (ValueError, OSError, RuntimeError) as error:
        line = " ".join(str(error).split())
        print(f"sugarmill: {line}", file=sys.stderr)
        code = BAD_INPUT
    except KeyboardInterrupt:
        print("sugarmill: interrupted; what was finished is kept", file=sys.stderr)
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
