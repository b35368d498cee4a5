"""Runs as tasks of Ray, which spreads them over the machines of a cluster."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from novelty_maps.pipeline.errors import InputError
from studies import task
from studies.task import Job, Outcome

_T = TypeVar("_T")
# How often a run begins again whose machine or process was lost.
_RETRIES = 3
# How often to look whether a machine was lost, and how long its first may take to answer; after a
# minute Ray ends the process, or waits for ever.
_SECONDS = 5.0
_PATIENCE = 45.0
# How often Ray asks a machine with a run for a sign of life, and how long it waits for it. With its
# own five and two minutes, a run would begin again seven minutes after a power cut. More often than
# once a minute, the machine would refuse to answer and the run be taken for lost.
_KEEPALIVE = {
    "RAY_grpc_client_keepalive_time_ms": "70000",
    "RAY_grpc_client_keepalive_timeout_ms": "20000",
}


@contextmanager
def connected(address: str, *, gpus: float) -> Iterator[Any]:
    """Ray, connected to a cluster.

    Args:
        address: HOST:PORT, or "auto" for the cluster that this machine belongs to.
        gpus: How many of its GPUs a run takes.

    Raises:
        InputError: Ray is not installed, there is no such cluster, or no machine has the GPUs.
    """
    for key, value in _KEEPALIVE.items():
        os.environ.setdefault(key, value)
    try:
        import ray
    except ModuleNotFoundError:
        raise InputError(
            "Ray, which runs studies on a cluster, is not installed:"
            " pip install -c constraints.txt -e '.[cluster]'"
        ) from None
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InputError(
            f"no cluster at {address} ({str(error).splitlines()[0]}): start one by"
            " `ray start --head`, and give --address auto or its HOST:PORT"
        ) from None
    try:
        signal.signal(signal.SIGTERM, handler)  # Ray has taken it
        most = max(_alive(ray, "GPU").values(), default=0)
        if gpus > most:
            raise InputError(f"--gpus is {gpus:g}, but no machine of the cluster has over {most:g}")
        yield ray
    finally:
        ray.shutdown()


def outcomes(ray: Any, jobs: Sequence[Job], gpus: float) -> Iterator[tuple[str, Outcome]]:
    """Names of jobs as they end, and what became of them.

    Raises:
        InputError: The first machine of the cluster is lost.
    """
    ray.cloudpickle.register_pickle_by_value(task)  # as it is here, whatever is installed there
    run = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=_RETRIES)(task.run)
    names = {run.options(name=job.name).remote(job).future(): job.name for job in jobs}
    ended: SimpleQueue[Future[Outcome]] = SimpleQueue()
    for future in names:
        future.add_done_callback(ended.put)
    began = time.monotonic()
    lost = _lost_machines(ray)
    for _ in jobs:
        future = _next(ended, lost)
        try:
            outcome = future.result()
        except ray.exceptions.RayTaskError as error:
            outcome = Outcome("", [], time.monotonic() - began, repr(error.cause), str(error))
        except ray.exceptions.RayError as error:
            why = f"its machine or process was lost {_RETRIES + 1} times"
            outcome = Outcome("", [], time.monotonic() - began, why, str(error))
        yield names.pop(future), outcome


def _next(ended: SimpleQueue[Future[Outcome]], lost: Iterator[str]) -> Future[Outcome]:
    """What ends next; machines that are lost until then are told."""
    while True:
        # Where a signal came in ray.wait, the status would be 1.
        with suppress(Empty):
            return ended.get(timeout=_SECONDS)
        if said := next(lost):
            print(said, flush=True)


def _lost_machines(ray: Any) -> Iterator[str]:
    """A line about the machines that have been lost since the line before, or none."""
    before = _alive(ray, "CPU")
    while True:
        now = _answer(partial(_alive, ray, "CPU"))
        gone = ", ".join(sorted(name for name, _ in before.keys() - now.keys()))
        if not gone:
            yield ""
        elif now:
            yield f"{gone} was lost: its runs begin again elsewhere"
        else:
            yield f"{gone} was lost, the last that runs could use: they wait until one joins"
        before = now


def _answer(ask: Callable[[], _T]) -> _T:
    """What the first machine answers; InputError if that is nothing, or an error."""
    answered: SimpleQueue[Future[_T]] = SimpleQueue()

    def wait() -> None:
        answer: Future[_T] = Future()
        try:
            answer.set_result(ask())
        except Exception as error:
            answer.set_exception(error)
        answered.put(answer)

    Thread(target=wait, daemon=True).start()
    try:
        return answered.get(timeout=_PATIENCE).result()
    except Exception as error:
        why = "" if isinstance(error, Empty) else f" ({repr(error).splitlines()[0]})"
        raise InputError(
            f"the first machine of the cluster does not answer{why}: what has finished is kept, so"
            " start the cluster again, and run the study again"
        ) from error


def _alive(ray: Any, resource: str) -> dict[tuple[str, str], float]:
    """How much of a resource each machine has, by its name and Ray's identifier."""
    return {
        (node["NodeManagerHostname"], node["NodeID"]): node["Resources"][resource]
        for node in ray.nodes()
        if node["Alive"] and resource in node["Resources"]
    }
