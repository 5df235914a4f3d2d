"""What stands for the code under test while tests are only collected: any attribute, any call, nothing run."""


class Placeholder:
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Placeholder()

    def __call__(self, *args, **kwargs):
        return Placeholder()

    def __getitem__(self, key):
        return Placeholder()

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __mro_entries__(self, bases):
        return ()

    def __enter__(self):
        return self

    def __exit__(self, *details):
        return False


def _operator(self, *others):
    return Placeholder()


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "or", "and", "xor", "radd", "rsub", "rmul"):
    setattr(Placeholder, "__%s__" % _name, _operator)

module = Placeholder()
