"""The test harness: starts the subject, loads the tests, judges them, reports on a private pipe.

`main.py` starts it in an interpreter of its own, `ec_warm.py` in a fork of one that has loaded it before.

Two processes. The *subject* is forked first: it holds nothing but its end of a socket pair and the
standard streams, and runs the code under test. The *judge*, this process, then reads the configuration
with the secret, and runs the tests; no byte of the code under test is ever executed here.
"""

import _socket
import ast
import gc
import importlib
import importlib.util
import io
import json
import os
import random
import signal
import sys
import threading
import types

import ec_audit
import ec_collect
import ec_explain
import ec_fixtures
import ec_judge
import ec_lend
import ec_load
import ec_peer
import ec_proxy
import ec_pytest
import ec_stage
import ec_subject
import ec_wire

WORK = "/work/"
PYTEST = ec_pytest.module()
# What this end of the conversation numbers begins here; the other end's numbers are odd.
FIRST = 2
_exit, _kill = os._exit, os.kill
# What a thread usually gets; the main thread's stack is larger, and every thread would get as much.
THREAD_STACK_BYTES = 8 << 20


def start_subject(kept, ready=ec_subject.settle, fork=os.fork):
    """Forks the process that runs the code under test, without the descriptors `kept`; (our end of the socket pair, its number).

    `ready` is called in it first.
    """
    ours, theirs = _socket.socketpair()
    child = fork()
    if child == 0:
        for number in (*kept, ours.detach()):
            os.close(number)
        ec_subject.run(theirs.detach(), ready)
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


def settle(modules=None):
    """Puts in place what does not depend on the job; nothing that isn't the tests' own executes text here from now on.

    `modules`: those of the library, if the harness has stepped aside already and they are known.
    """
    if modules is None:
        ec_stage.step_aside()
    sys.modules["__main__"] = types.ModuleType("__main__")
    random.seed = forward("seed", random.seed, lambda args: ec_proxy.Link.peer.side.news.append(("seed", args)))
    importlib.util.spec_from_file_location = lambda name, location=None, **options: Current.loader.spec_from_file(name, location, **options)
    importlib.reload = lambda module: Current.loader.reload(module)
    system = tuple(sys.path)
    sys.path_hooks.insert(0, lambda place: Nowhere() if not place.startswith(system) else refuse_hook())
    for place in [place for place in sys.path_importer_cache if not place.startswith(system)]:
        del sys.path_importer_cache[place]
    sys.modules["pytest"] = PYTEST
    ec_lend.lend()
    ec_judge.Judge.watch(modules)
    ec_audit.install(system)
    Current.settled = True


class Current:
    """What is there now."""

    settled = False
    loader = None


def arrange(number, child, config, files):
    """The judge of a job and its loader, at this end of a new conversation."""
    paths = [path for path, (role, _) in files.items() if role == "oracle"]
    loader = Current.loader = ec_load.Loader(files, config["tests"], config["entry"])
    fixtures = ec_fixtures.Fixtures(WORK, paths)
    judge = ec_judge.Judge(child, {loader.name_of(path) for path in paths if path.endswith(".py")}, _exit, loader, fixtures)
    ec_pytest.Failed.hook = judge.failed
    loader.policy, loader.lent = judge.policy, ec_lend.NAMES
    ec_proxy.Link.peer = ec_peer.Peer(ec_wire.Wire(number), FIRST, judge)
    sys.meta_path.append(loader)
    return judge, loader


def set_up(loader, logs, limits):
    roots = [WORK.rstrip("/") + ("/" + root.rstrip("/") if root else "") for root in loader.roots]
    ec_proxy.Link.peer.request("setup", tuple(roots), logs, limits)


def follow_logs(judge):
    """Levels that the tests set hold on both sides."""
    import logging
    real = logging.Logger.setLevel

    def set_level(logger, level):
        real(logger, level)
        judge.news.append(("level", logger.name, logger.level))
    logging.Logger.setLevel = set_level
    vars(logging)["disable"] = forward("disable", logging.disable, lambda args: judge.news.append(("disabled", logging.root.manager.disable)))


def set_defaults():
    """What both processes have from the start."""
    threading.stack_size(THREAD_STACK_BYTES)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def begin(kept):
    """What needs no job: the subject, which holds none of the descriptors `kept`."""
    set_defaults()
    return start_subject(kept)


def take_channels():
    """The report and the configuration, descriptors 3 and 4; nobody else finds the report at its number."""
    sink = os.dup(3)
    os.close(3)
    return sink, 4


def finish(number, child, limits=(), say_last=_exit, channels=None, wait=None):
    """Runs the job that comes in `channels`; never returns.

    `limits`: those of the processor and so on that the subject doesn't have yet, as (resource, value).
    `say_last`: takes the exit status when all is judged, and never returns.
    `wait`: returns when the tests and the code under test may be executed.
    """
    sink, source = channels or take_channels()
    config = json.loads(read_all(source))
    out, err = sys.stdout, sys.stderr

    def flush():
        for stream in (sys.stdout, sys.stderr, out, err):
            try:
                stream.flush()
            except BaseException:
                pass

    def end(code):
        if say_last is _exit:
            # Nothing more is asked of it; its memory is taken down while this process's is.
            try:
                _kill(child, signal.SIGKILL)
            except OSError:
                pass
        say_last(code)

    record, leave = reporter(config.pop("nonce"), config.pop("exit_code"), sink, os.write, end, json.dumps, flush)
    files = {file["path"]: (file["role"], decode(file["content"])) for file in config["files"]}
    oracle = b"\n".join(content for path, (role, content) in files.items() if role == "oracle" and path.endswith(".py"))
    if b"unittest" in oracle:
        import unittest
        import unittest.mock
    if b">>>" in oracle:
        import doctest
        vars(doctest)["compile"] = example
    logs = b"Log" in oracle or b"logging" in oracle or b"caplog" in oracle
    judge, loader = arrange(number, child, config, files)
    if logs:
        follow_logs(judge)
    if not Current.settled:
        settle()
    if wait is not None:
        wait()
    set_up(loader, logs, limits)
    random.seed(int(config["seed"]))
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
