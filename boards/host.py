"""A driver: registers over a serial port, in requests that are repeated until they are answered."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import serial

from sw_model.faults import Fault

from .protocol import MOST_WORDS, FrameReader, Operation, Request, Response, Status

__all__ = ["AccessFailed", "Host"]

#: Words below which no frame is cut, however bad the line is.
_FEWEST = 4

#: Seconds after which a port that takes no bytes is given up.
_STUCK = 10.0

#: Tries of the first request: enough for a bad line, and a wrong port is soon told.
_GREETINGS = 12


class AccessFailed(Fault):
    """The device answered, and an access had failed: no such register, or a time-out there.

    Parameters
    ----------
    message : str
    done : int
        Accesses of the call that were made before.
    """

    def __init__(self, message: str, done: int) -> None:
        super().__init__(message)
        self.done = done


class Host:
    """Reads and writes 32-bit registers, by index, over a serial port.

    A request without an answer is repeated under its sequence number, which a device carries out
    once. Frames get shorter where many are lost, and longer again where none is.

    Parameters
    ----------
    port : str or object
        A serial port's name, or what ``serial.Serial`` gives: with ``read(size)``,
        ``write(data)``, ``timeout`` in seconds and, perhaps, ``in_waiting``.
    baud : int
        Bits a second.
    timeout : float
        Seconds to wait for an answer, besides those that the bytes take on the line.
    tries : int
        How often a request is sent before the device is given up.

    Members
    -------
    lost : int
        Requests that had to be sent again.

    Raises
    ------
    Fault
        If the port cannot be opened, or nobody answers there.
    """

    def __init__(self, port: Any, baud: int, *, timeout: float = 0.25, tries: int = 40) -> None:
        if baud < 1 or timeout <= 0 or tries < 1:
            raise ValueError("baud and tries must be at least 1 and timeout above 0, not "
                             f"{baud}, {tries} and {timeout}")
        self._name = port if isinstance(port, str) else getattr(port, "port", None) or "the port"
        self._baud, self._timeout, self._tries = baud, timeout, tries
        self._port = _opened(port, baud) if isinstance(port, str) else port
        self._reader, self._block = FrameReader(), MOST_WORDS
        self.lost = 0
        # Neither an answer that an earlier program left in the line nor one that the device
        # keeps may pass for one of ours: the first one is not looked at.
        self._sequence = random.randrange(256)
        try:
            self._exchange(Request(Operation.READ, 0, count=1), min(tries, _GREETINGS))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the port back."""
        if close := getattr(self._port, "close", None):
            close()

    @property
    def timeout(self) -> float:
        """Seconds until a request without an answer is repeated."""
        return self._timeout

    @property
    def name(self) -> str:
        """Of the port."""
        return str(self._name)

    def read(self, index: int) -> int:
        """One register."""
        return self.transact(Request(Operation.READ, index, count=1)).words[0]

    def write(self, index: int, value: int) -> None:
        """Write one register."""
        self.transact(Request(Operation.WRITE, index, (value,)))

    def read_each(self, index: int, count: int) -> list[int]:
        """``count`` registers that follow each other."""
        found: list[int] = []
        while len(found) < count:
            size = min(self._block, count - len(found))
            found += self.transact(Request(Operation.READ_EACH, index + len(found), count=size),
                                   before=len(found)).words
        return found

    def read_port(self, index: int, count: int) -> list[int]:
        """``count`` words of one register, one after the other."""
        found: list[int] = []
        while len(found) < count:
            size = min(self._block, count - len(found))
            found += self.transact(Request(Operation.READ, index, count=size),
                                   before=len(found)).words
        return found

    def write_port(self, index: int, words: Sequence[int]) -> None:
        """Write ``words`` to one register, one after the other."""
        done = 0
        while done < len(words):
            part = tuple(map(int, words[done:done + self._block]))
            self.transact(Request(Operation.WRITE, index, part), before=done)
            done += len(part)

    def transact(self, request: Request, *, before: int = 0) -> Response:
        """Have ``request`` carried out, once.

        Parameters
        ----------
        request : Request
        before : int
            Accesses of the same call that are done already, for the exception.

        Raises
        ------
        AccessFailed
            If one of its accesses failed.
        Fault
            If the device does not answer, or not as it should.
        """
        response = self._exchange(request, self._tries)
        if response.status is Status.FAILED:
            raise AccessFailed(f"{self.name}: {request.operation.name} of register "
                               f"{request.index} failed after {response.done} of {request.size} "
                               "words", before + response.done)
        expected = (Status.DONE, request.size, request.count)
        if (response.status, response.done, len(response.words)) != expected:
            raise Fault(f"{self.name}: the device answers {response.status.name} to "
                        f"{request.operation.name}: it speaks another version of the protocol")
        return response

    def _exchange(self, request: Request, tries: int) -> Response:
        """The answer, whatever it is, under a new sequence number."""
        self._sequence = (self._sequence + 1) % 256
        line = request.encode(self._sequence)
        for _ in range(tries):
            try:
                self._port.write(line)
                response = self._answer(len(line) + 2 * (4 * request.count + 12))
            except OSError as error:
                raise Fault(f"{self.name}: {error}") from error
            if response is not None:
                self._block = min(MOST_WORDS, self._block + 1)
                return response
            self.lost += 1
            self._block = max(_FEWEST, self._block // 2)
        raise Fault(f"{self.name}: no answer at {self._baud} baud, tried {tries} times; "
                    "is the bitstream loaded, with a UART at this rate?")

    def _answer(self, length: int) -> Response | None:
        """The answer to the request that was sent; None if it is broken, or late."""
        deadline = time.monotonic() + self._timeout + 10 * length / self._baud
        while (left := deadline - time.monotonic()) > 0:
            self._port.timeout = left
            data = self._port.read(max(1, getattr(self._port, "in_waiting", 1)))
            found = list(self._reader.feed(data))
            for response in found:
                if response is not None and response.sequence == self._sequence:
                    return response
            if None in found:
                return None
        return None


def _opened(port: str, baud: int) -> Any:
    try:
        # Two drivers on a port would take each other's answers for their own.
        return serial.Serial(port, baud, exclusive=True, write_timeout=_STUCK)
    except (OSError, ValueError, OverflowError) as error:
        raise Fault(f"{port}: cannot be opened at {baud} baud ({error})") from error
