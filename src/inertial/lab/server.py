"""Serve the lab on this machine alone, until Ctrl-C."""

from __future__ import annotations

import socket
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path

import uvicorn

from inertial.lab.app import make_app

HOST = "127.0.0.1"
PORT = 8010
_TRIED = 20  # ports after the usual one, if that is taken


class Taken(ValueError):
    """No port could be had."""


def bound(port: int | None = None) -> socket.socket:
    """Return a socket that listens on this machine alone.

    Args:
        port: Which; None: the usual one, or the next that is free.

    Returns:
        The socket.

    Raises:
        Taken: If the port, or every port that was tried, is taken.
    """
    tried = [port] if port is not None else range(PORT, PORT + _TRIED)
    for number in tried:
        # by its name TCP: else asyncio does not send small answers at once
        listening = socket.socket(
            socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
        )
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, number))
            listening.listen(128)  # from now on a browser waits instead of failing
            return listening
        except OSError:
            listening.close()
    if port is not None:
        raise Taken(
            f"--port {port} is taken or not yours to use; name another, or leave it "
            "out and the next free one is found."
        )
    raise Taken(
        f"ports {PORT} to {PORT + _TRIED - 1} are all taken; name a free one with "
        "--port."
    )


def serve(runs: Path, port: int | None = None, *, browser: bool = True) -> None:
    """Serve the lab until Ctrl-C.

    Args:
        runs: The folder below which runs lie.
        port: Which; None: the usual one, or the next that is free.
        browser: Whether to open the page.
    """
    with bound(port) as listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}/"
        print(f"The lab is at {address} (Ctrl-C ends it).", flush=True)
        config = uvicorn.Config(
            make_app(runs),
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        if browser:  # from a thread: some browsers do not return until they close
            threading.Thread(
                target=webbrowser.open, args=(address,), daemon=True
            ).start()
        with suppress(KeyboardInterrupt):  # uvicorn raises it again when all is closed
            uvicorn.Server(config).run(sockets=[listening])
    print("The lab is closed.")
