"""The test harness: starts the subject, loads the tests, judges them, reports on a private pipe.

Two processes. The *subject* is forked first: it holds nothing but its end of a socket pair and the
standard streams, and runs the code under test. The *judge*, this process, then reads the configuration
with the secret, and runs the tests; no byte of the code under test is ever executed here.
"""

import sys

sys.path[:] = [place for place in sys.path if place != "/harness"] + ["/harness"]

import _socket
import ast
import io
import json
import os
import random
import signal
import threading
import types

import ec_audit
import ec_collect
import ec_explain
import ec_judge
import ec_lend
import ec_load
import ec_peer
import ec_proxy
import ec_pytest
import ec_subject
import ec_wire

WORK = "/work/"
# What a thread usually gets; the main thread's stack is larger, and every thread would get as much.
THREAD_STACK_BYTES = 8 << 20


def start_subject():
    """Forks the process that runs the code under test; (our end of the socket pair, its number)."""
    ours, theirs = _socket.socketpair()
    child = os.fork()
    if child == 0:
        for number in (3, 4, ours.detach()):
            os.close(number)
        ec_subject.run(theirs.detach())
    theirs.close()
    return ours.detach(), child


def reporter(nonce, exit_code, sink, write, exit_now, dumps, flush):
    """`record(kind, …)` and `leave()`, the only ways out; both keep what they use to themselves."""
    count = 0

    def record(kind, **fields):
        nonlocal count
        for name, value in fields.items():
            if type(value) is str:
                fields[name] = value[:400].encode("utf-8", "replace").decode() if name == "message" else value
        line = dumps({"nonce": nonce, "n": count, "kind": kind, **fields}).encode() + b"\n"
        count += 1
        while line:
            line = line[write(sink, line):]

    def leave():
        flush()
        exit_now(exit_code)

    return record, leave


class Nowhere:
    """A path entry that has no modules: the workspace on disk, say."""

    def find_spec(self, name, target=None):
        return None


def read_all(number):
    with io.FileIO(number, "r") as file:
        return file.readall()


def decode(content):
    return content.encode() if isinstance(content, str) else bytes.fromhex(content["hex"])


def refuse_hook():
    raise ImportError


def forward(name, real, news):
    """A library function that sets state which both sides have."""
    def call(*args, **kwargs):
        made = real(*args, **kwargs)
        news(args)
        return made
    call.__name__ = call.__qualname__ = name
    return call


def prepare(judge, loader, files, logs):
    """Puts in place what the tests use of the library."""
    random.seed = forward("seed", random.seed, lambda args: judge.news.append(("seed", args)))
    if logs:
        import logging
        real = logging.Logger.setLevel
        def set_level(logger, level):
            real(logger, level)
            judge.news.append(("level", logger.name, logger.level))
        logging.Logger.setLevel = set_level
        logging.disable = forward("disable", logging.disable, lambda args: judge.news.append(("disabled", logging.root.manager.disable)))
    import importlib
    importlib.util.spec_from_file_location = loader.spec_from_file
    importlib.reload = loader.reload
    system = tuple(sys.path)
    sys.meta_path.append(loader)
    sys.path_hooks.insert(0, lambda place: Nowhere() if not place.startswith(system) else refuse_hook())
    sys.path_importer_cache.clear()
    sys.modules["pytest"] = ec_pytest.module()
    loader.lent = ec_lend.NAMES
    ec_lend.lend()
    roots = [WORK.rstrip("/") + ("/" + root.rstrip("/") if root else "") for root in loader.roots]
    ec_proxy.Link.peer.request("setup", tuple(roots), logs)
    judge.watch()
    ec_audit.install(system)


def main():
    threading.stack_size(THREAD_STACK_BYTES)
    number, child = start_subject()
    sink = os.dup(3)
    os.close(3)
    config = json.loads(read_all(4))
    exit_now, out, err = os._exit, sys.stdout, sys.stderr
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    def flush():
        for stream in (sys.stdout, sys.stderr, out, err):
            try:
                stream.flush()
            except BaseException:
                pass

    record, leave = reporter(config.pop("nonce"), config.pop("exit_code"), sink, os.write, exit_now, json.dumps, flush)
    files = {file["path"]: (file["role"], decode(file["content"])) for file in config["files"]}
    oracle = b"\n".join(content for path, (role, content) in files.items() if role == "oracle" and path.endswith(".py"))
    loader = ec_load.Loader(files, config["tests"], config["entry"])
    own = {loader.name_of(path) for path, (role, _) in files.items() if role == "oracle" and path.endswith(".py")}
    judge = ec_judge.Judge(child, own, exit_now, loader)
    loader.policy = judge.policy
    ec_proxy.Link.peer = ec_peer.Peer(ec_wire.Wire(number), 2, judge)
    for name in [name for name in sys.modules if name.startswith("ec_")]:
        del sys.modules[name]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.path.remove("/harness")
    sys.argv[:] = [""]
    if b"unittest" in oracle:
        import unittest
        import unittest.mock
    if b">>>" in oracle:
        import doctest
        doctest.compile = example
    random.seed(int(config["seed"]))
    prepare(judge, loader, files, b"Log" in oracle or b"logging" in oracle or b"caplog" in oracle)
    judge.news.append(("seed", (int(config["seed"]),)))
    ids = []

    def outcome(id, verdict, message):
        ids.append(id)
        record("test", id=id, verdict=verdict, message=message)

    def unmirrored(what):
        record("unmirrored", what=what[:400])

    collector = ec_collect.Collector(outcome, unmirrored, loader, judge, config["mode"] == "collect")
    for path in config["tests"]:
        try:
            collector.file(path)
        except ec_pytest.Skipped:
            pass
        except BaseException as error:
            import traceback
            try:
                traceback.print_exc()
            except BaseException:
                pass
            record("load_error", file=path, message=collector.text(error))
    record("final", ids=ids)
    leave()


def example(source, filename, mode, flags, dont_inherit):
    """Examples of an oracle's documentation are told like its tests."""
    return compile(ec_explain.rewrite(ast.parse(source, filename, mode)), filename, mode, flags, dont_inherit)


main()
