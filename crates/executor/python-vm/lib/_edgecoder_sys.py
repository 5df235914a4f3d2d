"""What programs see as `sys`: streams, a few constants, `exit`."""
import sys as _real

import _edgecoder


class _Sys:
    __name__ = "sys"
    __slots__ = ()
    argv = property(lambda self: _edgecoder.arguments())
    stdin = property(lambda self: _real.stdin, lambda self, value: setattr(_real, "stdin", value))
    stdout = property(lambda self: _real.stdout, lambda self, value: setattr(_real, "stdout", value))
    stderr = property(lambda self: _real.stderr, lambda self, value: setattr(_real, "stderr", value))
    __stdin__ = property(lambda self: _real.__stdin__)
    __stdout__ = property(lambda self: _real.__stdout__)
    __stderr__ = property(lambda self: _real.__stderr__)
    byteorder = "little"
    maxsize = _real.maxsize
    maxunicode = _real.maxunicode
    float_info = _real.float_info
    int_info = _real.int_info
    hash_info = _real.hash_info
    version = _real.version.split(" ")[0]
    version_info = _real.version_info
    hexversion = _real.hexversion
    platform = "edgecoder"
    path = property(lambda self: [""])

    @staticmethod
    def exit(status=None):
        raise SystemExit(status)

    @staticmethod
    def getrecursionlimit():
        return _real.getrecursionlimit()

    @staticmethod
    def setrecursionlimit(limit):
        if limit < 1:
            raise ValueError("recursion limit must be greater or equal than 1")
        _edgecoder.set_recursion_limit(limit)

    @staticmethod
    def getsizeof(value, default=None):
        return _edgecoder.size_of(value)

    @staticmethod
    def intern(text):
        return text

    @staticmethod
    def exc_info():
        return _real.exc_info()

    @staticmethod
    def set_int_max_str_digits(limit):
        pass

    @staticmethod
    def get_int_max_str_digits():
        return 0

    def __repr__(self):
        return "<module 'sys' (built-in)>"


module = _Sys()
