"""Read an iterator in a thread of its own, a few items ahead of who takes them."""

import queue
import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, Self, TypeVar

T = TypeVar("T")

_PATIENCE = 2.0  # seconds; only a read that waits for a pipe takes longer to notice the end


class _End:
    """The last item: the iterator ended, or raised."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class ReadAhead(Generic[T]):
    """An iterator that is read by a thread, so that two can be read at once.

    An error of the iterator is raised where its item would have come. Leaving the context stops
    the thread.

    Parameters
    ----------
    items
        Used by the thread only, from now on.
    depth
        Batches that wait at most; one more may be on its way.
    batch
        Items that are handed over at once. To wake a thread and wait for the interpreter's lock
        takes as long as a small picture.
    """

    def __init__(self, items: Iterator[T], *, depth: int = 2, batch: int = 1) -> None:
        self._items = items
        self._batch = batch
        self._here: deque[T] = deque()
        # One of items and one of room for them, both written in C: a bounded one that is written
        # in Python takes as long for a small picture as what is done with it.
        self._queue: queue.SimpleQueue[list[T] | _End] = queue.SimpleQueue()
        self._room: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(depth):
            self._room.put(None)
        self._stopped = False
        self._thread = threading.Thread(target=self._read, name="vmaf-tiny-read", daemon=True)
        self._ended = False
        self._thread.start()

    def _read(self) -> None:
        error: BaseException | None = None
        batch: list[T] = []
        try:
            for item in self._items:
                batch.append(item)
                if len(batch) == self._batch:
                    if not self._put(batch):
                        return
                    batch = []
        except BaseException as caught:  # handed to the taker, whatever it is
            error = caught
        if not batch or self._put(batch):
            self._queue.put(_End(error))

    def _put(self, batch: list[T]) -> bool:
        """Wait for room; return whether anyone is still interested."""
        self._room.get()
        if not self._stopped:
            self._queue.put(batch)
        return not self._stopped

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if self._here:
            return self._here.popleft()
        if self._ended:
            raise StopIteration
        batch = self._queue.get()
        if not isinstance(batch, _End):
            self._room.put(None)
            self._here.extend(batch)
            return self._here.popleft()
        self._ended = True
        if batch.error is not None:
            raise batch.error
        raise StopIteration

    def close(self) -> bool:
        """Stop reading; return whether the thread has ended, so that its input can be closed."""
        self._stopped = self._ended = True
        self._here.clear()
        self._room.put(None)
        while not self._queue.empty():
            self._queue.get_nowait()
        self._thread.join(_PATIENCE)
        return not self._thread.is_alive()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
