import numpy as np
import pytest

from assets.g1.spec import g1
from envs.batch_env import BatchEnv
from envs.guard import Blast, Guard, replay


def test_a_state_that_explodes_is_kept_and_explodes_again(task, short_prior, tmp_path):
    env = BatchEnv(task, g1(), [short_prior], 4, threads=1)
    env.guard = Guard(tmp_path / "exploded", limit=2)
    env.reset()
    env.batch.qvel[[1, 3], 8] = 5e3
    _, reward, done, _ = env.step(np.zeros((4, 29)))
    assert done[[1, 3]].all() and np.isfinite(reward).all()
    assert env.guard.seen >= 2
    kept = sorted((tmp_path / "exploded").iterdir())
    assert len(kept) == 2
    blast = Blast.load(kept[0])
    assert blast.task == task.name
    assert blast.qvel[8] == 5e3
    np.testing.assert_array_equal(blast.size, short_prior.object.size)
    assert "joint at" in replay(blast) or "floating_base at" in replay(blast)
    assert "after substep 1" in replay(blast)


def test_a_calm_state_is_told_as_such(task, short_prior):
    env = BatchEnv(task, g1(), [short_prior], 1, threads=1)
    env.reset()
    q, v, ctrl = (np.array(env.batch.bind(n)[0]) for n in ("qpos", "qvel", "ctrl"))
    size = np.array(task.object.size)
    assert "does not explode" in replay(Blast(task.name, q, v, ctrl, 0, size))


def test_what_is_no_kept_state_is_named(tmp_path):
    path = tmp_path / "x.npz"
    path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"x\.npz: not a kept state"):
        Blast.load(path)
