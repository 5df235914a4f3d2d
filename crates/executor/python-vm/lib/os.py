"""What library modules ask of an operating system, where there is none. Programs cannot import it."""
import _edgecoder

name = "posix"
sep = "/"
linesep = "\n"
environ = {}


class PathLike:
    pass


def fspath(path):
    if isinstance(path, (str, bytes)):
        return path
    raise TypeError("there is no file system")


def getenv(key, default=None):
    return default


def urandom(count):
    return _edgecoder.random_bytes(count)


def getcwd():
    return "."
