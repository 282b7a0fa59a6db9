"""A Verilated design behind a pseudo-terminal: to a driver, a board on a serial port."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import tty
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self

from .serial_design import SerialDesign

__all__ = ["Terminal"]

#: Cycles in one call of the loop while bytes pass, and while none does.
_BUSY, _IDLE = 4096, 512

#: Seconds between looks at the terminal while nothing passes.
_PAUSE = 0.0005


class Terminal:
    """Runs a design in a thread of its own, and is a serial port to it.

    The design's time goes on only as fast as it is simulated: a host's time-outs must be long.

    Parameters
    ----------
    make : callable
        Makes the design, in that thread.
    spoil : callable, optional
        What becomes of the bytes on their way, for tests: called with whether they go to the
        design, and the bytes.

    Members
    -------
    port : str
        Path of the pseudo-terminal.
    """

    def __init__(self, make: Callable[[], SerialDesign], *,
                 spoil: Callable[[bool, bytes], bytes] = lambda _, data: data) -> None:
        self._make, self._spoil = make, spoil
        self._ours, self._theirs = os.openpty()
        self._open: tuple[int, ...] = (self._ours, self._theirs)
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.port = os.ttyname(self._theirs)
        self._ends = threading.Event()
        self._ready: Future[None] = Future()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._ready.result()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
        self._close()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            design = self._make()
        except BaseException as error:
            self._ready.set_exception(error)
            return
        self._ready.set_result(None)
        with design:
            try:
                self._pass_bytes(design)
            except BaseException as error:
                self._failure = error
                # Whoever waits at the other end learns at once that nobody is here any more.
                self._close()

    def _close(self) -> None:
        for end in self._open:
            os.close(end)
        self._open = ()

    def _pass_bytes(self, design: SerialDesign) -> None:
        """Back and forth until the end; what is sent faster than the line takes it waits."""
        waiting = came = b""
        idle = False
        while not self._ends.is_set():
            readable, _, _ = select.select([self._ours], [], [], _PAUSE if idle else 0)
            if readable and len(waiting) < 2 * _BUSY:
                waiting += self._spoil(True, os.read(self._ours, _BUSY))
            taken, fresh = design.advance(_IDLE if idle else _BUSY, waiting)
            waiting, came = waiting[taken:], came + self._spoil(False, fresh)
            idle = not (waiting or taken or came)
            # A host that does not read fills the terminal: what finds no room waits.
            with contextlib.suppress(BlockingIOError):
                came = came[os.write(self._ours, came):] if came else came
