"""Priors cut from others."""

import dataclasses

PER_FRAME = (
    "joint_pos root_pos_w root_quat_w object_pos_w object_quat_w contact confidence"
).split()


def cut(prior, first, last, name):
    """Frames `first` to `last` of a prior."""
    values = {f: getattr(prior, f)[first:last] for f in PER_FRAME}
    return dataclasses.replace(prior, name=name, **values)
