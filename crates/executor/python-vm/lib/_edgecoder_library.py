"""What of the library would change an object that it is given: only the caller's own, if the candidate calls."""
import contextlib
import dataclasses
import functools
import sys

import _edgecoder

_update_wrapper = functools.update_wrapper


def update_wrapper(
    wrapper, wrapped, assigned=functools.WRAPPER_ASSIGNMENTS, updated=functools.WRAPPER_UPDATES,
):
    """Update a wrapper function to look like the wrapped function."""
    _edgecoder.check_object(wrapper)
    return _update_wrapper(wrapper, wrapped, assigned, updated)


_cached = functools.cached_property.__get__


def _get(self, instance, owner=None):
    # Where the class itself has this property, it is the class's business.
    if instance is not None and getattr(type(instance), str(self.attrname), None) is not self:
        _edgecoder.check_object(instance)
    return _cached(self, instance, owner)


class _Objects:
    __setattr__ = staticmethod(_edgecoder.set_attribute)


def _stream(manager):
    name = manager._stream
    if type(name) is not str or name not in ("stdout", "stderr"):
        raise AttributeError("only the standard output and error can be redirected")
    return name


def _redirect(self):
    name = _stream(self)
    self._old_targets.append(getattr(sys, name))
    setattr(sys, name, self._new_target)
    return self._new_target


def _restore(self, kind, error, trace):
    setattr(sys, _stream(self), self._old_targets.pop())


functools.update_wrapper = update_wrapper
functools.cached_property.__get__ = _get
dataclasses.object = _Objects
contextlib._RedirectStream.__enter__ = _redirect
contextlib._RedirectStream.__exit__ = _restore
