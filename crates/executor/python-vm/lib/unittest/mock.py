"""The part of mocking that needs no patching: objects that record how they were used."""
import _edgecoder

DEFAULT = object()
ANY = type("ANY", (), {"__eq__": lambda self, other: True, "__ne__": lambda self, other: False, "__repr__": lambda self: "<ANY>"})()


def _fail(message):
    _edgecoder.failing()
    raise AssertionError(message)


class _Call(tuple):
    def __new__(cls, args=(), kwargs=()):
        return tuple.__new__(cls, (tuple(args), dict(kwargs)))

    args = property(lambda self: self[0])
    kwargs = property(lambda self: self[1])

    def __repr__(self):
        shown = [repr(value) for value in self[0]] + ["%s=%r" % pair for pair in self[1].items()]
        return "call(%s)" % ", ".join(shown)


def call(*args, **kwargs):
    return _Call(args, kwargs)


class Mock:
    def __init__(self, spec=None, side_effect=None, return_value=DEFAULT, name=None, **attributes):
        self.side_effect = side_effect
        self._returned = return_value
        self.call_args = None
        self.call_args_list = []
        for key, value in attributes.items():
            setattr(self, key, value)

    @property
    def return_value(self):
        if self._returned is DEFAULT:
            self._returned = type(self)()
        return self._returned

    @return_value.setter
    def return_value(self, value):
        self._returned = value

    called = property(lambda self: bool(self.call_args_list))
    call_count = property(lambda self: len(self.call_args_list))

    def __getattr__(self, name):
        if name.startswith("__") or name.startswith("assert"):
            raise AttributeError(name)
        child = type(self)()
        setattr(self, name, child)
        return child

    def __call__(self, *args, **kwargs):
        self.call_args = _Call(args, kwargs)
        self.call_args_list.append(self.call_args)
        effect = self.side_effect
        if effect is not None:
            if isinstance(effect, BaseException) or (isinstance(effect, type) and issubclass(effect, BaseException)):
                raise effect
            if callable(effect):
                result = effect(*args, **kwargs)
                return self.return_value if result is DEFAULT else result
            if not hasattr(effect, "__next__"):
                effect = self.side_effect = iter(effect)
            return next(effect)
        return self.return_value

    def assert_called(self):
        if not self.called:
            _fail("expected a call")

    def assert_not_called(self):
        if self.called:
            _fail("expected no call, got %d" % self.call_count)

    def assert_called_once(self):
        if self.call_count != 1:
            _fail("expected one call, got %d" % self.call_count)

    def assert_called_with(self, *args, **kwargs):
        if self.call_args is None or not _edgecoder.compare("==", tuple(self.call_args), (args, kwargs)):
            _fail("expected %r, got %r" % (call(*args, **kwargs), self.call_args))

    def assert_called_once_with(self, *args, **kwargs):
        self.assert_called_once()
        self.assert_called_with(*args, **kwargs)

    def assert_any_call(self, *args, **kwargs):
        if not any(_edgecoder.compare("==", tuple(made), (args, kwargs)) for made in self.call_args_list):
            _fail("no %r" % (call(*args, **kwargs),))

    def reset_mock(self):
        self.call_args = None
        self.call_args_list = []


class MagicMock(Mock):
    def __len__(self):
        return 0

    def __iter__(self):
        return iter(())

    def __enter__(self):
        return self

    def __exit__(self, *details):
        return False
