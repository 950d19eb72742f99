"""The worker processes of a search: trials in, outcomes in trial order out; one that dies costs its trial alone."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from edgerec.search.errors import SearchError
from edgerec.search.trial import Finished, Trial
from edgerec.search.worker_process import Factory, WorkerProcess


class Pool:
    """As many processes as `workers`, each started for its first trial; a context manager that ends them."""

    def __init__(self, factory: Factory, workers: int) -> None:
        if workers < 1:
            raise SearchError(f"got {workers} workers, expected at least 1")
        self.factory = factory
        self._workers = [WorkerProcess(factory) for _ in range(workers)]
        self._idle: SimpleQueue[WorkerProcess] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        # They end with the pool: the system ends a worker with the thread that started it.
        self._threads = ThreadPoolExecutor(workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, trials: Sequence[Trial]) -> Iterator[Finished]:
        """Run trials and give each as it is finished, in the order given. Raises SearchError where none can be run."""
        running = [self._threads.submit(self._run_one, trial) for trial in trials]
        try:
            for one in running:
                yield one.result()
        finally:
            for one in running:
                one.cancel()

    def close(self) -> None:
        """End the processes, whatever they do."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown()
        for worker in self._workers:
            worker.close()

    def _run_one(self, trial: Trial) -> Finished:
        worker = self._idle.get()
        try:
            return worker.run(trial)
        finally:
            self._idle.put(worker)
