"""Programs without PyTorch, in forks of one process that has imported what else takes long."""

import atexit
import functools
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PARENT = """
import json, os, sys, tempfile, traceback
import matplotlib.figure, pandas, scipy.stats, sklearn.datasets, sklearn.ensemble

for line in sys.stdin:
    code, folder = json.loads(line)
    with tempfile.TemporaryFile() as out:
        child = os.fork()
        if not child:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
            os.chdir(folder)
            try:
                exec(code, {"__name__": "__main__"})
                status = 0
            except BaseException:
                traceback.print_exc()
                status = 1
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        print(json.dumps((status, out.read().decode())), flush=True)
"""


@functools.cache
def _parent() -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment.pop("DATASETS_ROOT", None)
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(parent.kill)
    return parent


def runs_without_torch(code: str) -> str:
    """What a program prints, in the working folder; with an error if it imports PyTorch."""
    parent = _parent()
    assert parent.stdin
    assert parent.stdout
    asked = f"import sys\n{code}\nassert 'torch' not in sys.modules, 'torch was imported'"
    print(json.dumps((asked, str(Path.cwd()))), file=parent.stdin, flush=True)
    status, said = json.loads(parent.stdout.readline())
    assert status == 0, said
    return str(said)
