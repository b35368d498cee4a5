"""What warm_python.py runs modules in: forks of a process that has imported what is heavy.

Every stage is a process that imports torch and scipy anew, and every command of DVC its many
parts; that would be most of the tests' time. The server imports the libraries, never the stages
themselves; a fork of it then runs a stage or DVC with the working folder, environment, limit of
file size and standard streams of its client, gets its signals, and ends where it is killed. What a
stage must do before it imports PyTorch has no effect in a fork. Processes that a stage starts are
forks as well.

    warm_server.py SOCKET PID  the server, until that process ends
"""

import ast
import contextlib
import os
import resource
import runpy
import signal
import socket
import sys
import threading
from pathlib import Path

HEAVY = ("torch", "torch._dynamo", "pandas", "scipy.stats", "sklearn.ensemble", "matplotlib.pyplot")
HEAVY += ("dvc.cli.parser", "dvc.repo", "dvc.repo.reproduce", "dvc.repo.experiments.run")
HEAVY += ("dvc.repo.experiments.queue.celery", "networkx", "pygit2", "hydra", "flatten_dict")
HEAVY += ("captum.attr", "skimage.metrics", "skimage.metrics.simple_metrics", "skimage.exposure")
HEAVY += ("pydantic.main", "pydantic.type_adapter", "typer", "ruamel.yaml", "tqdm", "jinja2")
HEAVY += ("sklearn.neural_network", "sklearn.datasets", "altair", "itables", "vl_convert")
HEAVY += ("matplotlib.backends.backend_agg", "skimage.metrics._structural_similarity")
HEAVY += ("narwhals._pandas_like.dataframe", "PIL.JpegImagePlugin", "kept_results")
TORCHVISION = Path(__file__).parents[2] / "novelty_maps/machine/torchvision_import.py"
STREAMS = 3


def serve(address: str, suite: int) -> None:
    """Answer each client with the exit status of its module, until the suite has ended."""
    import gc
    import importlib
    import shutil

    for name in HEAVY:
        importlib.import_module(name)
    declared = runpy.run_path(str(TORCHVISION))
    declared["load_torchvision"]()
    assert threading.active_count() == 1  # a fork keeps one thread alone
    gc.freeze()  # else a fork that collects garbage copies all this
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{address}.new")
    server.listen()
    server.settimeout(5)
    Path(f"{address}.new").rename(address)  # now that clients are taken
    while alive(suite):
        try:
            client, _ = server.accept()
        except TimeoutError:
            continue
        if os.fork() == 0:
            server.close()
            os._exit(answer(client))
        client.close()
    shutil.rmtree(Path(address).parent)


def alive(process: int) -> bool:
    """Whether a process has not ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def answer(client: socket.socket) -> int:
    """Run the module in a fork of this fork, and send its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, streams, _, _ = socket.recv_fds(client, 1 << 20, STREAMS)
    while not request.endswith(b"\n"):
        request += client.recv(1 << 20)
    child = os.fork()
    if child == 0:
        client.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        status = run(**ast.literal_eval(request.decode()))
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
    ended = threading.Event()
    threading.Thread(target=pass_on, args=(client, child, ended), daemon=True).start()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ended.set()
    with contextlib.suppress(OSError):  # it may have been killed
        client.sendall(str(code).encode())
    return 0


def pass_on(client: socket.socket, child: int, ended: threading.Event) -> None:
    """Give the module's process the signals that its client gets; one that is gone was killed."""
    while number := client.recv(1):
        os.kill(child, number[0])
    if not ended.is_set():
        os.kill(child, signal.SIGKILL)


def run(arguments: list[str], folder: str, environment: dict[str, str], limit: int) -> int:
    """Exit status of `python -m MODULE ARGUMENTS...`."""
    import traceback
    from multiprocessing import context, get_context

    import kept_results

    context._concrete_contexts["spawn"] = get_context("fork")  # of a stage's own processes
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    path = environment.get("PYTHONPATH")
    sys.path[0:1] = [folder, *(path.split(os.pathsep) if path else [])]
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    assert arguments[0] == "-m", "a module is all that this runs"
    sys.argv = arguments[1:]
    kept = Path(environment["WARM_PYTHON"]).parent
    kept_results.keep_texts_of_yaml(kept)
    if arguments[1] != "dvc":
        kept_results.keep_bundle_of_vega(kept)
        kept_results.keep_perceptrons(kept)
    try:
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
