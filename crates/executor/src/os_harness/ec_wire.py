"""Frames of JSON on the socket pair between the judge and the subject.

Invariant: what arrives is bounded and only ever becomes plain JSON values; anything else ends the
conversation (`Broken`). Descriptors that are sent along are never received.
"""

import json
import os

# The largest message, in bytes: a list of a million numbers fits.
FRAME_BYTES_MAX = 32 << 20

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().decode
_read, _write = os.read, os.write


class Broken(BaseException):
    """The other side is gone, or speaks out of turn. No `except Exception` of a test sees it."""


class TooLarge(ValueError):
    """A value that does not fit into one message."""


class Wire:
    """One end of the socket pair."""

    def __init__(self, number):
        self.number = number

    def send(self, message):
        data = _encode(message).encode("utf-8", "surrogatepass")
        if len(data) > FRAME_BYTES_MAX:
            raise TooLarge(f"a value of {len(data)} bytes is too large to be handed over")
        data = memoryview(len(data).to_bytes(4, "little") + data)
        try:
            while data:
                data = data[_write(self.number, data):]
        except OSError as error:
            raise Broken("the other side is gone") from error

    def receive(self):
        size = int.from_bytes(self._exactly(4), "little")
        if size > FRAME_BYTES_MAX:
            raise Broken("a message is too large")
        try:
            message = _decode(self._exactly(size).decode("utf-8", "surrogatepass"))
        except (ValueError, RecursionError) as error:
            raise Broken("a message makes no sense") from error
        if type(message) is not list or len(message) < 2:
            raise Broken("a message makes no sense")
        return message

    def _exactly(self, size):
        parts = []
        while size:
            try:
                part = _read(self.number, min(size, 1 << 20))
            except OSError as error:
                raise Broken("the other side is gone") from error
            if not part:
                raise Broken("the other side is gone")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
