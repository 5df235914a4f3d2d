import os, sys
from os import path
open("/etc/passwd").read()
eval("1")
().__class__.__bases__[0].__subclasses__()
getattr(x, "__globals__")
__import__("os")
class A(metaclass=M):
    __del__ = 1
async def f():
    async with a as b:
        await b
    return [x async for x in y]
