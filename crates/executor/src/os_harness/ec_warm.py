"""The warm interpreter: it has the harness and much of the library loaded, and forks a process for each run.

It executes nobody's code and reads no job. A forked process first enters the run's own namespaces, gives up
every privilege for good and filters its system calls; only then it hears of the job. When one of these steps
fails, the process ends. `os/warm.rs` describes what is sent, and is the other end.

Invariant: what a fork finds in its memory doesn't depend on the runs before it. So the interpreter never makes
an object of what is told of an ended run, collects no garbage while it serves, and a fork leaves the frames and
the tables of the serving behind.
"""

import sys

sys.path[:] = [place for place in sys.path if place != "/harness"] + ["/harness"]

import ec_heap

with ec_heap.side_by_side():
    import _socket
    import ctypes
    import fcntl
    import gc
    import os
    import resource
    import select
    import signal
    import struct

    import ec_judge
    import ec_main
    import ec_rehearse
    import ec_stage
    import ec_subject

# What tests and the code under test import most; loading it once is what makes a run short.
PRELOADED = ("bisect collections copy dataclasses datetime decimal doctest enum fractions functools heapq itertools json logging math operator "
             "pathlib random re statistics string time typing unittest unittest.mock")
# The socket to the helpers; and what the kernel tells of this process, until it serves.
CONTROL, ABOUT = 3, 4
REPORT, CONFIG = 3, 4
# In a forked process, until it knows its job: the gate and init's process; until its end: where it says how it ended.
GATE, INIT, LAST_WORD = 7, 8, 9
# The number that its own descriptors start at while they move.
OWN = 64
NEWPID = 0x20000000
# User, mount, network, ipc, uts and cgroup namespaces: all but the one of processes, which a child gets when it is forked.
NAMESPACES = 0x10000000 | 0x00020000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x02000000
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS = 4, 22, 24, 28, 38
SYS_CAPSET, SYS_LANDLOCK_RESTRICT_SELF = 126, 446
EINVAL = 22
# As in `os/sys.rs`: what root may do without capabilities is nothing, and stays so.
SECUREBITS = 0b11101011
USER = 1000
MESSAGE_BYTES_MAX = 1 << 16
DESCRIPTORS_MAX = 8
# What is told of an ended run: its wait status, as `int` with padding, and its `struct rusage`.
ENDING_BYTES, USAGE_AT, PEAK_AT = 152, 8, 40

libc = ctypes.CDLL(None, use_errno=True)
# Keeps the interpreter's lock.
plain = ctypes.PyDLL(None, use_errno=True)


class Filter(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def check(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def prctl(option, value, pointer=None):
    check(libc.prctl(option, ctypes.c_ulong(value), pointer or ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def fork():
    """As `os.fork` does it where there are no threads and no locks are held; what it would have the library do in the child
    costs as much as the fork itself."""
    child = plain.fork()
    check(child)
    return child


def syscall(number, *values):
    check(libc.syscall(ctypes.c_long(number), *values))


def receive(channel):
    """One message: its bytes and its descriptors. `EOFError` when the other end is gone."""
    data, parts, _, _ = channel.recvmsg(MESSAGE_BYTES_MAX, _socket.CMSG_SPACE(4 * DESCRIPTORS_MAX), _socket.MSG_CMSG_CLOEXEC)
    if not data:
        raise EOFError("the sandbox is gone")
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS)
    return data, [number for *kind, content in parts if tuple(kind) == rights for number, in struct.iter_unpack("i", content)]


def move(descriptors):
    """Gives descriptors their numbers, the same for every run, and closes all others but the streams."""
    high = {target: fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, OWN) for target, number in descriptors.items()}
    os.closerange(3, OWN)
    for target, number in high.items():
        os.dup2(number, target, inheritable=False)
    os.closerange(OWN, os.sysconf("SC_OPEN_MAX"))


def lock_down(steps, ruleset):
    """Gives up what `os/lockdown.rs` gives up, in the same order."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno != EINVAL:
                raise
            break
    prctl(PR_SET_SECUREBITS, SECUREBITS)
    try:
        os.setgroups([])
    except PermissionError:
        # In an ordinary user's namespace the groups are the caller's own already.
        pass
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    syscall(SYS_CAPSET, struct.pack("Ii", 0x20080522, 0), bytes(24))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_DUMPABLE, 0)
    for number in ruleset:
        syscall(SYS_LANDLOCK_RESTRICT_SELF, ctypes.c_long(number), ctypes.c_long(0))
        os.close(number)
    prctl(PR_SET_SECCOMP, 2, ctypes.byref(Filter(len(steps) // 8, steps)))


def enter(gate):
    """From here on this process is the run's: what it was before is out of reach."""
    steps, (stdin, *ruleset) = receive(gate)
    check(libc.setns(INIT, NAMESPACES))
    os.close(INIT)
    os.dup2(stdin, 0)
    os.close(stdin)
    os.setsid()
    lock_down(steps, ruleset)
    os.chdir("/work")


def refuse(gate, error):
    gate.send(f"-{type(error).__name__}: {error}".encode()[:400])


def come_in(gate, init, out, err, last_word):
    """In the forked process: makes it the run's, and no more than that. The gate comes back, where the job will come."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    move({GATE: gate, INIT: init, LAST_WORD: last_word})
    gate = _socket.socket(fileno=GATE)
    try:
        enter(gate)
        # Their numbers are the report's and the configuration's.
        os.dup2(0, REPORT)
        os.dup2(0, CONFIG)
    except Exception as error:
        refuse(gate, error)
        raise
    return gate


def begin():
    """What needs no job: the subject."""
    def ready():
        subjects.have()
        gc.enable()
    return ec_main.start_subject((REPORT, CONFIG, GATE, LAST_WORD), ready, fork)


def take_job(gate):
    """Makes this process the judge, then waits for the job; its limits come back."""
    try:
        ec_main.settle(library)
        judges.have()
        gc.enable()
        gate.send(b"+")
    except Exception as error:
        refuse(gate, error)
        raise
    limits, job = receive(gate)
    limits = tuple(struct.iter_unpack("QQ", limits))
    for limit, value in limits:
        resource.setrlimit(limit, (value, value))
    for target, source in zip((REPORT, CONFIG), job, strict=True):
        os.dup2(source, target)
        os.close(source)
    ec_stage.restart_clocks()
    return limits


def wait_for_init(gate):
    """Nothing of the job is executed before init has given up its privileges, which it does while this process reads the job."""
    receive(gate)
    gate.close()


# A test may replace them.
_exit, _getpid, _pack, _pause, _usage, _write = os._exit, os.getpid, struct.pack, signal.pause, resource.getrusage, os.write


def last_word(owner):
    """Says how this process would end, in place of ending: taking its memory down takes longer than a small run."""
    def say(code):
        if _getpid() != owner:
            # A process that the tests have forked.
            _exit(code)
        peak_kib = max(_usage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        _write(LAST_WORD, _pack(f"=i{PEAK_AT - 4}xq{ENDING_BYTES - PEAK_AT - 8}x", code << 8, peak_kib))
        while True:
            _pause()
    return say


class Warm:
    """The interpreter's own work: forks, and says how each process ended."""

    def __init__(self):
        self.control = _socket.socket(fileno=CONTROL)
        self.poll = select.poll()
        self.poll.register(CONTROL, select.POLLIN)
        self.runs = {}
        self.ending = ctypes.create_string_buffer(ENDING_BYTES)

    def start(self, init, answer, gate, out, err, last_word):
        """True in the fork."""
        channel = _socket.socket(fileno=answer)
        try:
            # Of this process's children only.
            check(libc.setns(init, NEWPID))
            child = fork()
        except OSError:
            # The other end sees that nothing comes.
            channel.close()
        else:
            if child == 0:
                for other in (self.control, channel, *(channel for _, channel in self.runs.values())):
                    other.detach()
                self.runs.clear()
                return True
            process = os.pidfd_open(child)
            self.runs[process] = child, channel
            self.poll.register(process, select.POLLIN)
            self.tell(channel, struct.pack("i", child))
        for number in (init, gate, out, err, last_word):
            os.close(number)
        return False

    def end(self, process):
        """Passes on how a run ended, without looking: it stands in one buffer, and not for longer than it takes."""
        child, channel = self.runs.pop(process)
        check(libc.wait4(child, self.ending, 0, ctypes.byref(self.ending, USAGE_AT)))
        self.tell(channel, self.ending)
        ctypes.memset(self.ending, 0, ENDING_BYTES)
        channel.close()
        self.poll.unregister(process)
        os.close(process)

    def tell(self, channel, message):
        try:
            channel.send(message)
        except OSError:
            # Nobody waits for this run any more.
            pass

    def serve(self):
        """Returns in a fork only, with its descriptors. Ends when nobody is there to ask, and every run has ended."""
        asked = True
        while asked or self.runs:
            for number, _ in self.poll.poll():
                if number != CONTROL:
                    self.end(number)
                    continue
                try:
                    _, (init, answer, *rest) = receive(self.control)
                except (EOFError, ConnectionError):
                    asked = False
                    self.poll.unregister(CONTROL)
                else:
                    if self.start(init, answer, *rest):
                        gate, *rest = rest
                        return gate, init, *rest
        os._exit(0)


def get_ready():
    with ec_heap.side_by_side():
        for name in PRELOADED.split():
            __import__(name)
    for name in ("ctypes", "ctypes._endian", "_ctypes"):
        sys.modules.pop(name, None)
    sys.orig_argv[-1:] = ["/harness/main.py"]
    ec_main.set_defaults()
    ec_subject.settle()
    ec_rehearse.rehearse()
    gc.collect()
    gaps = ec_heap.fill()
    # The forks share what is there now; the collector has no business in it.
    gc.freeze()
    gc.disable()
    library = ec_judge.library()
    with open("maps", opener=lambda name, flags: os.open(name, flags, dir_fd=ABOUT)) as file:
        pages = ec_rehearse.trial(file.read(), library, fork)
    os.close(ABOUT)
    return library, pages, gaps


library, (judges, subjects), gaps = get_ready()
try:
    gate = come_in(*Warm().serve())
    # In a fork, and as deep in calls as `main.py` is.
    subject = begin()
    limits = take_job(gate)
    ec_main.finish(*subject, limits, last_word(os.getpid()), wait=lambda: wait_for_init(gate))
except BaseException:
    sys.excepthook(*sys.exc_info())
finally:
    os._exit(1)
