import dataclasses

import numpy as np
import pytest

from envs.state_pool import PoolSettings, StatePool

SIMS, JOINTS = 8, 29
SETTINGS = PoolSettings(
    start_share=0.5, seed_reference=False, first_write=12, period=5, delay=4
)


@pytest.fixture
def make(reference):
    def build(**changes):
        settings = dataclasses.replace(SETTINGS, **changes)
        return StatePool(reference, SIMS, JOINTS, settings)

    return build


class History:
    """Made-up states of every simulation that differ at every step."""

    def __init__(self, pool, rows):
        self.pool, self.rows = pool, rows
        self.states = []

    def step(self):
        t = len(self.states)
        ids = np.arange(SIMS)[:, None]
        pool = self.pool
        state = (
            np.tile(1000.0 * t + ids, (1, pool.qpos.shape[1])),
            np.tile(-1000.0 * t - ids, (1, pool.qvel.shape[1])),
            np.tile(t + 0.01 * ids, (1, JOINTS)).astype(np.float32),
        )
        self.states.append((self.rows(t), state))
        pool.record(self.rows(t), *state)


def test_only_first_frames_are_flagged_at_first(make, reference):
    np.testing.assert_array_equal(np.flatnonzero(make().flagged), reference.start)


def test_seeding_flags_every_frame_but_the_last(make, reference):
    missing = np.flatnonzero(~make(seed_reference=True).flagged)
    np.testing.assert_array_equal(missing, reference.start + reference.length - 1)


def test_the_start_share_always_starts_at_frame_0_clips_in_turn(make, reference):
    pool, rng = make(seed_reference=True), np.random.default_rng(0)
    everyone = np.arange(SIMS)
    drawn = np.array([pool.draw(everyone, rng) for _ in range(50)])
    expected = np.tile(reference.start[[0, 1, 0, 1]], (50, 1))
    np.testing.assert_array_equal(drawn[:, :4], expected)
    assert len(np.unique(drawn[:, 4:])) > 50
    one = [pool.draw(np.array([2]), rng)[0] for _ in range(4)]
    np.testing.assert_array_equal(one, reference.start[[0, 1, 0, 1]])


def test_only_flagged_frames_are_drawn(make):
    pool, rng = make(start_share=0.0), np.random.default_rng(0)
    pool.flagged[[7, 30]] = True
    seen = {int(r) for _ in range(40) for r in pool.draw(np.arange(SIMS), rng)}
    assert seen == set(np.flatnonzero(pool.flagged).tolist())


def test_a_written_state_is_the_one_from_delay_steps_ago(make, reference):
    pool = make()
    history = History(pool, lambda t: 10 + t + 12 * np.arange(SIMS))
    for _ in range(SETTINGS.first_write):
        history.step()
    np.testing.assert_array_equal(np.flatnonzero(pool.flagged), reference.start)
    history.step()
    rows, state = history.states[SETTINGS.first_write - SETTINGS.delay]
    written = np.setdiff1d(np.flatnonzero(pool.flagged), reference.start)
    np.testing.assert_array_equal(written, rows)
    for kept, was in zip((pool.qpos, pool.qvel, pool.last_action), state, strict=True):
        np.testing.assert_array_equal(kept[rows], was)


def test_writes_come_once_a_period(make):
    pool = make()
    history = History(pool, lambda t: 1 + t + 20 * np.arange(SIMS))
    flags = []
    for _ in range(30):
        history.step()
        flags.append(int(pool.flagged.sum()))
    steps = np.flatnonzero(np.diff(flags, prepend=flags[0]))
    np.testing.assert_array_equal(steps, [12, 17, 22, 27])


def test_simulations_that_restarted_within_the_delay_do_not_write(make):
    pool, rng = make(start_share=0.0), np.random.default_rng(0)
    history = History(pool, lambda t: 10 + t + 12 * np.arange(SIMS))
    for _ in range(SETTINGS.first_write):
        history.step()
        if len(history.states) == SETTINGS.first_write - 2:
            pool.draw(np.array([1, 5]), rng)
    history.step()
    rows, _ = history.states[SETTINGS.first_write - SETTINGS.delay]
    kept = pool.flagged[rows]
    np.testing.assert_array_equal(np.flatnonzero(~kept), [1, 5])


def test_a_simulation_as_old_as_the_delay_writes_its_first_state(make):
    pool, rng = make(start_share=0.0), np.random.default_rng(0)
    history = History(pool, lambda t: 10 + t + 12 * np.arange(SIMS))
    born = SETTINGS.first_write - SETTINGS.delay
    for t in range(SETTINGS.first_write + 1):
        if t == born:
            pool.draw(np.arange(SIMS), rng)
        history.step()
    rows, state = history.states[born]
    np.testing.assert_array_equal(pool.qpos[rows], state[0])


def test_first_frames_are_never_overwritten(make, reference):
    pool = make()
    history = History(pool, lambda t: np.tile(reference.start, SIMS // 2))
    for _ in range(20):
        history.step()
    np.testing.assert_array_equal(pool.qpos, reference.qpos)
    np.testing.assert_array_equal(np.flatnonzero(pool.flagged), reference.start)


def test_a_checkpoint_brings_everything_back(make):
    pool, rng = make(), np.random.default_rng(0)
    history = History(pool, lambda t: 1 + t + 20 * np.arange(SIMS))
    for _ in range(14):
        history.step()
    pool.draw(np.array([0]), rng)
    other = make()
    other.restore({k: v.copy() for k, v in pool.state().items()})
    for name, values in pool.state().items():
        np.testing.assert_array_equal(other.state()[name], values, err_msg=name)
    assert (other.steps, other.next_clip) == (14, 1)


def test_a_checkpoint_of_other_clips_is_refused(make):
    state = {k: v.copy() for k, v in make().state().items()}
    state["qpos"] = state["qpos"][:-3]
    with pytest.raises(ValueError, match="resume with the same priors"):
        make().restore(state)


def test_without_writing_the_priors_own_states_stay(make, reference):
    pool = make(seed_reference=True, write=False)
    history = History(pool, lambda t: 1 + t + 20 * np.arange(SIMS))
    for _ in range(30):
        history.step()
    np.testing.assert_array_equal(pool.qpos, reference.qpos)


def test_rows_left_out_come_back_once_the_policy_reaches_them(make, reference):
    pool = make(seed_reference=True)
    pool.leave_out(np.ones(len(reference.qpos), bool))
    np.testing.assert_array_equal(np.flatnonzero(pool.flagged), reference.start)
    history = History(pool, lambda t: 10 + t + 12 * np.arange(SIMS))
    for _ in range(SETTINGS.first_write + 1):
        history.step()
    assert pool.flagged.sum() == len(reference.start) + SIMS
