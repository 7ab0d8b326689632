"""Where jobs run: in this process, in others of this machine, or on a Dask cluster.

Every runner takes jobs, calls `done` with the values of each, in this process, as they come, and
`report` with the number of a job and its progress.
"""

import functools
import os
import signal
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, suppress
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
from vmaf_tiny.processors import processors
from vmaf_tiny.units.jobs import Job, path_of, run_job, run_remotely

Done = Callable[[int, list[bytes]], bool]
"""Takes the number of a job and its values; True: the other jobs are not needed any more."""

Reporter = Callable[[int, EncodeProgress], None]

RETRIES = 3
"""How often work is begun again after a process that did it died; a Dask scheduler counts too."""

PATIENCE = 20
"""Seconds to wait for a Dask scheduler."""

_TOPIC = "vmaf-tiny"


class Runner(Protocol):
    """Runs jobs, once or again and again; to be closed."""

    def __call__(self, jobs: Sequence[Job], done: Done, report: Reporter) -> None:
        """Run all jobs, in this order as far as it goes, or until `done` wants no more of them."""

    def close(self) -> None:
        """End what it works with; safe to call twice."""


class Here:
    """Runs jobs one after the other in this process."""

    def __call__(self, jobs: Sequence[Job], done: Done, report: Reporter) -> None:
        """Run all jobs, or until no more are wanted."""
        for number, job in enumerate(jobs):
            if done(number, run_job(job, functools.partial(report, number))):
                return

    def close(self) -> None:
        """Do nothing."""


# ------------------------------------------------------------------------------------ processes


class Processes:
    """Runs jobs in processes of this machine, and begins again those that died.

    Parameters
    ----------
    workers
        How many processes.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise OptionError(f"{workers} workers: give at least 1")
        self._workers = workers
        self._stack = ExitStack()
        self._address = ""
        self._pool: ProcessPoolExecutor | None = None
        self._turn = 0  # which call it is: what is heard of earlier ones is stale
        self._report: Reporter | None = None

    def __call__(self, jobs: Sequence[Job], done: Done, report: Reporter) -> None:
        """Run all jobs, or until no more are wanted.

        Raises
        ------
        VmafTinyError
            Workers died again and again, or a job failed.
        """
        self._turn, self._report = self._turn + 1, report
        self._listen()
        left, failures = dict(enumerate(jobs)), 0
        while left:
            try:
                self._run(left, done)
            except BrokenProcessPool:  # a worker was killed, and all that ran is lost
                failures += 1
                if failures > RETRIES:
                    raise VmafTinyError(
                        f"workers died {failures} times: see whether memory is short, or try fewer"
                        " --workers"
                    ) from None

    def _listen(self) -> None:
        if self._address:
            return
        if sys.platform == "linux":  # a name that nobody has to remove
            self._address = f"\0vmaf-tiny-{uuid.uuid4()}"
        else:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="vmaf-tiny-"))
            self._address = str(Path(folder) / "progress")
        self._stack.enter_context(_Listener(self._address, self._hear))

    def _hear(self, turn: int, number: int, progress: EncodeProgress) -> None:
        if turn == self._turn and self._report is not None:
            self._report(number, progress)

    def _run(self, left: dict[int, Job], done: Done) -> None:
        """Run what is left and take it out as it is done."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers, get_context("spawn"), _begin_worker, (self._address,)
            )
        finished = False
        try:
            finished = self._collect(self._pool, left, done)
        finally:
            if not finished:
                self._end([file for job in left.values() for file in job.files])

    def _collect(self, pool: ProcessPoolExecutor, left: dict[int, Job], done: Done) -> bool:
        """Return whether all is done that was asked for; empty `left` if no more is wanted."""
        futures: dict[Future[list[bytes]], int] = {
            pool.submit(_run_in_worker, self._turn, number, job): number
            for number, job in left.items()
        }
        waiting = set(futures)
        broken: BaseException | None = None
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in sorted(finished, key=futures.__getitem__):
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    broken = error
                    continue
                number = futures[future]
                enough = done(number, future.result())
                del left[number]
                if enough:
                    over = not left
                    left.clear()
                    return over
        if broken:
            raise broken
        return True

    def _end(self, files: Sequence[Path] = ()) -> None:
        """Stop at once: what processes still do, and have not finished, is of no use."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        processes = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()
            for file in files:
                unfinished(file, process.pid or 0).unlink(missing_ok=True)

    def close(self) -> None:
        """End the processes."""
        self._end()
        self._stack.close()
        self._address = ""


_progress: Any = None  # of a worker: its line to the process that began it


def _begin_worker(address: str) -> None:
    """Prepare a process: it ends with the one that began it, and tells it how far it is."""
    global _progress
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who began it is interrupted, and ends it
    with suppress(OSError):
        _progress = connection.Client(address)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _run_in_worker(turn: int, number: int, job: Job) -> list[bytes]:
    def report(progress: EncodeProgress) -> None:
        if _progress is not None:
            with suppress(OSError):
                _progress.send((turn, number, progress))

    return run_job(job, report)


class _Listener:
    """Hears how far workers are; one that dies takes only its own line with it."""

    def __init__(self, address: str, report: Callable[[int, int, EncodeProgress], None]) -> None:
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


class OnDask:
    """Runs jobs on a Dask cluster.

    Parameters
    ----------
    address
        Of a scheduler, such as ``"tcp://host:8786"``; or ``"local"`` for a cluster of this
        machine that ends with this.
    upload
        Send the source to the workers, rather than have them read it at the same path.
    workers
        Of a local cluster; 0: one for each two processors.

    Raises
    ------
    OptionError
        distributed is not installed.
    """

    def __init__(self, address: str, *, upload: bool = False, workers: int = 0) -> None:
        self._distributed = _distributed()
        self._address, self._upload, self._workers = address, upload, workers
        self._stack = ExitStack()
        self._client: Any = None

    def __call__(self, jobs: Sequence[Job], done: Done, report: Reporter) -> None:
        """Run all jobs, or until no more are wanted.

        Raises
        ------
        VmafTinyError
            There is no scheduler, or a job failed.
        """
        try:
            if self._client is None:
                self._client = self._connect()
            self._run(jobs, done, report)
        except (OSError, TimeoutError) as error:
            raise VmafTinyError(f"no Dask scheduler at {self._address}: {error}") from None

    def _connect(self) -> Any:
        where: Any = self._address
        if self._address == "local":
            count = self._workers or max(1, processors() // 2)
            where = self._distributed.LocalCluster(
                n_workers=count, threads_per_worker=1, dashboard_address=None
            )
            self._stack.callback(where.close)
        return self._stack.enter_context(self._distributed.Client(where, timeout=PATIENCE))

    def _run(self, jobs: Sequence[Job], done: Done, report: Reporter) -> None:
        client, topic = self._client, f"{_TOPIC}-{uuid.uuid4()}"
        client.subscribe_topic(topic, lambda event: report(*_heard(event[1])))
        data = {
            path: client.scatter(path.read_bytes(), hash=True)
            for path in {path_of(job) for job in jobs if self._upload}
        }
        futures = {
            client.submit(
                _run_on_worker, number, job, data.get(path_of(job)), topic,
                key=f"{topic}-{number}", pure=False, priority=-number,
            ): number
            for number, job in enumerate(jobs)
        }  # fmt: skip
        try:
            for future in self._distributed.as_completed(futures):
                number = futures[future]
                values, files = future.result()
                for path, content in zip(jobs[number].files, files, strict=True):
                    write_atomically(path, functools.partial(_fill, content))
                if done(number, values):
                    return
        finally:
            client.cancel(list(futures))
            client.unsubscribe_topic(topic)

    def close(self) -> None:
        """Leave the cluster; end a local one."""
        self._client = None
        self._stack.close()


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise OptionError(
            "Dask needs distributed: pip install 'vmaf-tiny[dask]', or give --workers"
        ) from None


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
