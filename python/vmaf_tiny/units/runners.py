"""Where jobs run: in this process, in others of this machine, or on a Dask cluster.

Every runner takes jobs, calls `done` with the values of each, in this process, as they come, and
`report` with the number of a job and its progress.
"""

import functools
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any, Protocol

from vmaf_tiny.encode.engine import EncodeProgress, RenditionProgress
from vmaf_tiny.encode.lane import unfinished
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.errors import OptionError, VmafTinyError
from vmaf_tiny.files import write_atomically
from vmaf_tiny.units.jobs import Job, run_job, run_remotely

Done = Callable[[int, list[bytes]], bool]
"""Takes the number of a job and its values; True: the other jobs are not needed any more."""

Reporter = Callable[[int, EncodeProgress], None]

RETRIES = 3
"""How often work is begun again after a process that did it died; a Dask scheduler counts too."""

PATIENCE = 20
"""Seconds to wait for a Dask scheduler."""

_TOPIC = "vmaf-tiny"


class Runner(Protocol):
    """Runs jobs."""

    def __call__(self, jobs: Sequence[Job], done: Done, report: Reporter) -> None:
        """Run all jobs."""


def run_here(jobs: Sequence[Job], done: Done, report: Reporter) -> None:
    """Run jobs one after the other in this process."""
    for number, job in enumerate(jobs):
        done(number, run_job(job, functools.partial(report, number)))


# ------------------------------------------------------------------------------------ processes


def in_processes(workers: int) -> Runner:
    """Return what runs jobs in processes of this machine, and begins again those that died."""
    if workers < 1:
        raise OptionError(f"{workers} workers: give at least 1")

    def run(jobs: Sequence[Job], done: Done, report: Reporter) -> None:
        with tempfile.TemporaryDirectory(prefix="vmaf-tiny-") as folder:
            address = str(Path(folder) / "progress")
            with _Listener(address, report):
                _run_in_processes(workers, address, dict(enumerate(jobs)), done)

    return run


def _run_in_processes(workers: int, address: str, left: dict[int, Job], done: Done) -> None:
    failures = 0
    while left:
        try:
            _run_pool(workers, address, left, done)
        except BrokenProcessPool:  # a worker was killed, and all that ran is lost
            failures += 1
            if failures > RETRIES:
                raise VmafTinyError(
                    f"workers died {failures} times: see whether memory is short, or try fewer"
                    " --workers"
                ) from None


def _run_pool(workers: int, address: str, left: dict[int, Job], done: Done) -> None:
    """Run what is left and take it out as it is done."""
    pool = ProcessPoolExecutor(
        min(workers, len(left)), get_context("spawn"), _begin_worker, (address,)
    )
    try:
        futures: dict[Future[list[bytes]], int] = {
            pool.submit(_run_in_worker, number, job): number for number, job in left.items()
        }
        waiting = set(futures)
        broken: BaseException | None = None
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    broken = error
                    continue
                number = futures[future]
                done(number, future.result())
                del left[number]
        if broken:
            raise broken
    finally:
        _end(pool, [file for job in left.values() for file in job.files])


def _end(pool: ProcessPoolExecutor, files: Sequence[Path]) -> None:
    """Stop a pool at once: what its processes still do, and have not finished, is of no use."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()
        for file in files:
            unfinished(file, process.pid or 0).unlink(missing_ok=True)


_progress: Any = None  # of a worker: its line to the process that began it


def _begin_worker(address: str) -> None:
    """Prepare a process: it ends with the one that began it, and tells it how far it is."""
    global _progress
    with suppress(OSError):
        _progress = connection.Client(address)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _run_in_worker(number: int, job: Job) -> list[bytes]:
    def report(progress: EncodeProgress) -> None:
        if _progress is not None:
            with suppress(OSError):
                _progress.send((number, progress))

    return run_job(job, report)


class _Listener:
    """Hears how far workers are; one that dies takes only its own line with it."""

    def __init__(self, address: str, report: Reporter) -> None:
        self._listener = connection.Listener(address, "AF_UNIX", backlog=64)
        self._report = report
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                line = self._listener.accept()
            except (OSError, EOFError):
                return
            threading.Thread(target=self._hear, args=(line,), daemon=True).start()

    def _hear(self, line: Any) -> None:
        with suppress(OSError, EOFError):
            while True:
                self._report(*line.recv())

    def __enter__(self) -> "_Listener":
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()


# ----------------------------------------------------------------------------------------- Dask


def on_dask(address: str, *, upload: bool = False, workers: int = 0) -> Runner:
    """Return what runs jobs on a Dask cluster.

    Parameters
    ----------
    address
        Of a scheduler, such as ``"tcp://host:8786"``; or ``"local"`` for a cluster of this
        machine that ends with the run.
    upload
        Send the source to the workers, rather than have them read it at the same path.
    workers
        Of a local cluster; 0: one for each two processors.

    Raises
    ------
    OptionError
        distributed is not installed.
    """
    distributed = _distributed()

    def run(jobs: Sequence[Job], done: Done, report: Reporter) -> None:
        where: Any = address
        cluster = None
        if address == "local":
            count = workers or max(1, (os.cpu_count() or 1) // 2)
            where = cluster = distributed.LocalCluster(
                n_workers=count, threads_per_worker=1, dashboard_address=None
            )
        try:
            with distributed.Client(where, timeout=PATIENCE) as client:
                _run_on_dask(client, jobs, done, report, upload)
        except (OSError, TimeoutError) as error:
            raise VmafTinyError(f"no Dask scheduler at {address}: {error}") from None
        finally:
            if cluster is not None:
                cluster.close()

    return run


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise OptionError(
            "Dask needs distributed: pip install 'vmaf-tiny[dask]', or give --workers"
        ) from None


def _run_on_dask(
    client: Any, jobs: Sequence[Job], done: Done, report: Reporter, upload: bool
) -> None:
    topic = f"{_TOPIC}-{os.getpid()}-{id(jobs)}"
    client.subscribe_topic(topic, lambda event: report(*_heard(event[1])))
    data = {
        source: client.scatter(Path(source).read_bytes(), hash=True)
        for source in {job.source for job in jobs if upload}
    }
    futures = {
        client.submit(
            _run_on_worker,
            number,
            job,
            data.get(job.source),
            topic,
            key=f"vmaf-tiny-{job.keys[0]}-{number}-{os.getpid()}",
            pure=False,
        ): number
        for number, job in enumerate(jobs)
    }
    try:
        for future in _distributed().as_completed(futures):
            number = futures[future]
            values, files = future.result()
            for path, content in zip(jobs[number].files, files, strict=True):
                write_atomically(path, functools.partial(_fill, content))
            done(number, values)
    finally:
        client.cancel(list(futures))
        client.unsubscribe_topic(topic)


def _fill(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _run_on_worker(number: int, job: Job, data: bytes | None, topic: str) -> Any:
    worker = _distributed().get_worker()

    def report(progress: EncodeProgress) -> None:
        worker.log_event(topic, {"job": number, "progress": _plain(progress)})

    return run_remotely(job, data, worker.local_directory, report)


def _plain(progress: EncodeProgress) -> dict[str, Any]:
    """Return progress as what goes over the wire."""
    told = asdict(progress)
    told["renditions"] = [
        {**asdict(each), "rendition": each.rendition.to_dict()} for each in progress.renditions
    ]
    return told


def _heard(event: dict[str, Any]) -> tuple[int, EncodeProgress]:
    told = event["progress"]
    renditions = tuple(
        RenditionProgress(**{**each, "rendition": Rendition.from_dict(each["rendition"])})
        for each in told["renditions"]
    )
    return event["job"], EncodeProgress(**{**told, "renditions": renditions})
