"""Whether the files that the tests came with are still what they were: the code under test shares the workspace.

Invariant: a file that was written, replaced or moved away, be it for a moment, shows in its inode or in the
time of its last change, which nobody can set.
"""

import os

_lstat, _stat, _getcwd, _join = os.lstat, os.stat, os.getcwd, os.path.join


class Fixtures:
    """`paths`: of the tests' files, below `root`."""

    def __init__(self, root, paths):
        self.root, self.paths = root, paths
        self.folders = {os.path.dirname(_join(root, path)) for path in paths}
        self.known = self.look()

    def look(self):
        found = {}
        for path in self.paths:
            try:
                about = _lstat(_join(self.root, path))
                found[path] = about.st_dev, about.st_ino, about.st_size, about.st_ctime_ns
            except OSError:
                found[path] = None
        for folder in self.folders:
            try:
                about = _lstat(folder)
                found[folder] = about.st_dev, about.st_ino
            except OSError:
                found[folder] = None
        return found

    def changed(self):
        """What is no longer as it was, in words; None when all is."""
        now = self.look()
        for path, about in self.known.items():
            if now[path] != about:
                return f"{path}, which the tests came with, was changed during the run"
        return self.posed()

    def posed(self):
        """Whether a relative path of the tests would find another file in the folder that is current now."""
        try:
            folder = _getcwd()
        except OSError:
            return None
        if folder == self.root.rstrip("/"):
            return None
        for path in self.paths:
            try:
                about = _stat(_join(folder, path))
            except OSError:
                continue
            if self.known[path] is None or (about.st_dev, about.st_ino) != self.known[path][:2]:
                return f"{path}, which the tests came with, is another file in the folder {folder}"
        return None
