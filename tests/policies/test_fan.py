import dataclasses
import importlib.util
from pathlib import Path

import pytest

import sugarmill
from policies import fan
from policies.fan import RunJob, RunRecord, check_jobs, jobs_of, run_job, run_jobs
from policies.run_dir import RunDir
from policies.settings import TrainSettings

HAS_RAY = importlib.util.find_spec("ray") is not None


def test_a_job_for_each_task_and_seed():
    tasks, settings = ["lift-box", "carry-box", "lift-box"], TrainSettings()
    jobs = jobs_of(tasks, [0, 7], Path("p"), Path("out"), settings)
    names = ["lift-box-0", "lift-box-7", "carry-box-0", "carry-box-7"]
    assert [job.name for job in jobs] == names
    assert [job.settings.seed for job in jobs] == [0, 7, 0, 7]
    assert {job.out.parent for job in jobs} == {Path("out")}


def test_what_a_worker_does_trains_and_then_goes_on(tmp_path, priors_folder, tiny):
    job = RunJob("lift-box", priors_folder, tmp_path / "lift-box-0", tiny)
    record = run_job(job)
    assert (record.name, record.steps, record.fault) == ("lift-box-0", 128, "")
    assert str(record).startswith("lift-box-0: 128 steps, ")
    more = dataclasses.replace(job, settings=dataclasses.replace(tiny, steps=192))
    assert "holds a run; continue it with --resume" in run_job(more).fault
    more = dataclasses.replace(more, resume=True)
    assert run_job(more).steps == 192
    assert [row["steps"] for row in RunDir(job.out).read_curve()] == [64, 128, 192]


def test_a_workers_fault_is_words(tmp_path, priors_folder, tiny):
    job = RunJob("lift-box", tmp_path / "nowhere", tmp_path / "run", tiny)
    assert "use folders that all machines share" in run_job(job).fault
    job = RunJob("fly", priors_folder, tmp_path / "run", tiny)
    assert "fly" in str(run_job(job))
    assert "\n" not in run_job(job).fault


def test_a_fault_of_all_is_told_before_any_run(tmp_path, priors_folder, tiny):
    jobs = jobs_of(["carry-box"], [0], priors_folder, tmp_path, tiny)
    with pytest.raises(ValueError, match="no prior of task 'carry-box'"):
        check_jobs(jobs)
    with pytest.raises(ValueError, match="name at least one task"):
        check_jobs([])


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_without_ray_one_line_says_what_to_install(
    tmp_path, priors_folder, tiny, capsys
):
    jobs = jobs_of(["lift-box"], [0], priors_folder, tmp_path, tiny)
    with pytest.raises(ValueError, match="pip install 'sugarmill"):
        run_jobs(jobs, "ray", 1)
    args = ["train", "lift-box", "--priors", priors_folder, "--out", tmp_path]
    with pytest.raises(SystemExit) as exit:
        sugarmill.main([str(a) for a in args] + ["--engine", "ray"])
    assert exit.value.code == 2
    err = capsys.readouterr().err
    assert "pip install 'sugarmill[ray]'" in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: pip install ray")
def test_a_cluster_trains_what_one_machine_trains(tmp_path, priors_folder, tiny):
    figures = {}
    for engine in ("local", "ray"):
        out = tmp_path / engine
        jobs = jobs_of(["lift-box"], [0, 1], priors_folder, out, tiny)
        found = run_jobs(jobs, engine, 1)
        figures[engine] = {r.name: (r.steps, r.fault) for r in found}
    assert figures["ray"] == figures["local"]


class OneDesk:
    """Ray's surface as far as it is used, with the work done when asked for."""

    class exceptions:  # noqa: N801
        RayError = ConnectionError

    def __init__(self):
        self.asked, self.down = {}, False

    def is_initialized(self):
        return False

    def init(self, **_):
        pass

    def shutdown(self):
        self.down = True

    def cluster_resources(self):
        return {"CPU": 3.0}

    def remote(self, **resources):
        self.asked.update(resources)

        def wrap(function):
            class Remote:
                @staticmethod
                def remote(job):
                    return lambda: function(job)

            return Remote

        return wrap

    def wait(self, futures, timeout):
        return futures[:1], futures[1:]

    def get(self, future):
        return future()


def test_a_cluster_gets_whole_paths_its_cores_and_no_lost_run_ends_the_others(
    monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    seen = []

    def work(job):
        seen.append(job)
        if job.settings.seed == 1:
            raise ConnectionError("the machine is gone")
        return RunRecord(job.name, steps=7)

    monkeypatch.setattr(fan, "run_job", work)
    settings = TrainSettings(device="cuda")
    jobs = jobs_of(["lift-box"], [0, 1, 2], Path("p"), Path("o"), settings, resume=True)
    ray = OneDesk()
    records = list(fan._run_on_ray(ray, jobs, 8))
    assert [(r.steps, r.fault) for r in records] == [
        (7, ""),
        (0, "lost on the cluster (ConnectionError)"),
        (7, ""),
    ]
    assert ray.asked == {"num_cpus": 3, "num_gpus": 1}
    assert ray.down
    for job in seen:
        assert job.priors == tmp_path / "p"
        assert job.out.parent == tmp_path / "o"
        assert job.settings.threads == 3
        assert job.resume
