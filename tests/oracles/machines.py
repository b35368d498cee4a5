"""Two machines on this one: namespaces of network, processes and files, joined by a cable.

They have folders of their own, which the other does not see, and one that both see. The first
process of each ends with this one at the latest; then the kernel takes away what they had.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

NAMESPACES = ["--net", "--mount", "--pid", "--uts", "--ipc"]
# Nothing in the place of the other's files and of shared memory; a name.
BEGIN = """
mount --make-rprivate / && mount -t tmpfs none /dev/shm && mount -t tmpfs none "$1" &&
hostname "$2" && ip link set lo up && echo began && exec cat
"""


class Machine:
    """One of them.

    Args:
        name: Its name.
        address: Of its end of the cable.
        own: Its folder, home and place for temporary files, which it alone sees.
        others: The folder that it does not see.

    Attributes:
        address, own: As given.
    """

    def __init__(self, name: str, address: str, own: Path, others: Path) -> None:
        self.address, self.own = address, own
        begin = ["--fork", "--kill-child", "--mount-proc", "sh", "-c", BEGIN, "sh", others, name]
        self._unshare = subprocess.Popen(
            ["unshare", *NAMESPACES, *begin],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._unshare.stdout.readline() != "began\n":
            self.end()
            raise OSError(self._unshare.stderr.read().strip())
        (first,) = psutil.Process(self._unshare.pid).children()
        self.process = first.pid
        # As long as this is open, the cable stays in the other machine when this one is killed.
        self._network = os.open(f"/proc/{first.pid}/ns/net", os.O_RDONLY)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command on the machine, in its own folder; both outputs are one."""
        own = {"HOME": str(self.own), "TMPDIR": str(self.own), "OMP_NUM_THREADS": "1"}
        enter = ["nsenter", "--target", str(self.process), *NAMESPACES]
        return subprocess.Popen(
            [*enter, f"--wdns={self.own}", *command],
            env={**os.environ, **own, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str, **environment: str) -> str:
        """What a command says that ends well."""
        with self.start(*command, **environment) as process:
            said, _ = process.communicate()
        assert process.returncode == 0, said
        return said

    def kill(self) -> None:
        """As a power cut: every process on it ends, and nobody hears of it."""
        self.run("ip", "link", "set", "cable", "down")
        self.end()

    def end(self) -> None:
        """End every process on it."""
        self._unshare.kill()
        self._unshare.wait()

    def remove(self) -> None:
        """End it, and let its network go."""
        self.end()
        os.close(self._network)


@contextmanager
def two_machines() -> Iterator[tuple[Machine, Machine, Path]]:
    """Two machines, and the folder that both see.

    Raises:
        OSError: They cannot be made here.
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as root:  # the path of a socket must be short
        shared, one, two = (Path(root, name) for name in ("shared", "1", "2"))
        for folder in (shared, one, two):
            folder.mkdir()
        with ExitStack() as stack:
            first = Machine("first", "10.99.0.1", one, two)
            stack.callback(first.remove)
            second = Machine("second", "10.99.0.2", two, one)
            stack.callback(second.remove)
            cable = [["cable", "netns", str(each.process)] for each in (first, second)]
            join = ["ip", "link", "add", *cable[0], "type", "veth", "peer", "name", *cable[1]]
            done = subprocess.run(join, check=False, capture_output=True, text=True)
            if done.returncode:
                raise OSError(done.stderr.strip())
            for each in (first, second):
                each.run("ip", "address", "add", f"{each.address}/24", "dev", "cable")
                each.run("ip", "link", "set", "cable", "up")
            yield first, second, shared
