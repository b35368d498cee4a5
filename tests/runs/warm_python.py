"""A `python -m MODULE ARGUMENTS...` that starts fast: the module runs in a fork of warm_server.py.

    WARM_PYTHON=SOCKET warm_python.py -m MODULE ARGUMENTS...

It is started hundreds of times, so that it imports what is built into Python alone.
"""

import _signal
import _socket
import os
import resource
import sys

STREAMS = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))


def request(address: str) -> int:
    """Exit status of the module that this process's own command line names.

    Where a signal ended the module, this process ends by the same.
    """
    told = {
        "arguments": sys.argv[1:],
        "folder": os.getcwd(),  # noqa: PTH109
        "environment": dict(os.environ),
        "limit": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
    }
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    server.connect(address)
    message = ascii(told).encode() + b"\n"
    streams = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, STREAMS)
    sent = server.sendmsg([message], [streams])
    server.sendall(message[sent:])
    for number in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(number, lambda number, frame: server.send(bytes([number])))
    status = int(server.recv(16).decode())
    if status < 0:
        _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(request(os.environ["WARM_PYTHON"]))
