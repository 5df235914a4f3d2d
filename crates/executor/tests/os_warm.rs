//! Goal: nothing passes from one warm run to the next, a warm run is like a cold one, and a warm interpreter that is not ready,
//! dies, idles or is left alone troubles nobody.
//! Method: sandboxes that wait until a warm interpreter is ready, however busy the machine is; those that don't wait are
//! tested for the right answer, and for being warm only as soon as that can be. One sandbox with a hash seed of its own for each test, by which its interpreter is found among the host's
//! processes. A run that leaves behind whatever it can comes before one that looks; what that one sees has to be what the
//! very first run saw.

#![expect(clippy::expect_used, reason = "a helper function of tests fails the test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use edgecoder_executor::Cancel;
use edgecoder_executor::os::{OsOutcome, OsSandbox, Warmth};
use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, RunStatus, SourceFile, TestPlan};
use nix::sys::signal::Signal;
use support::os::{WARM, judge_both_ways, run_as_an_ordinary_user, sandbox};

/// Prints what a run could learn of another one. `RICH` is off where no system call can be made by number.
const LOOK: &str = r#"
import builtins, gc, json, os, random, resource, signal, sys, threading
def number(call, *args):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(ctypes.c_long(call), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    return result if result >= 0 else "errno %d" % ctypes.get_errno()
def alive(pid):
    try: os.kill(pid, 0)
    except OSError: return False
    return True
def is_open(n):
    try: os.fstat(n)
    except OSError: return False
    return True
def calls():
    frame, found = sys._getframe(), []
    while frame is not None:
        found.append(frame.f_code.co_name)
        frame = frame.f_back
    return found
def look():
    seen = {}
    for place in ("/work", "/tmp", "/dev/shm"):
        seen[place] = sorted(os.listdir(place))
    seen["dates"] = [os.stat(place).st_uid for place in ("/work", "/tmp")]
    if RICH:
        seen["shared memory"] = number(29, 4711, 4096, 0o600)
        seen["semaphores"] = number(64, 4711, 1, 0o600)
        seen["queue"] = number(68, 4711, 0o600)
        seen["posix queue"] = number(240, b"marker", 0, 0, 0)
    seen["processes"] = sum(alive(pid) for pid in range(2, 400))
    seen["signals"] = [str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGPIPE)]
    seen["mask"] = str(signal.pthread_sigmask(signal.SIG_BLOCK, []))
    seen["timer"] = signal.getitimer(signal.ITIMER_REAL)
    seen["environment"] = dict(os.environ)
    seen["modules"] = sorted(name for name in sys.modules if "marker" in name)
    seen["path"] = sys.path
    seen["builtins"] = len([1]), hasattr(builtins, "marker"), json.dumps([1])
    seen["descriptors"] = [n for n in range(200) if is_open(n)]
    seen["folder"] = os.getcwd()
    mask = os.umask(0o22)
    os.umask(mask)
    seen["umask"] = mask
    seen["limits"] = [resource.getrlimit(n) for n in range(16) if n != resource.RLIMIT_CPU]
    seen["random"] = hash(random.getstate())
    seen["threads"] = threading.active_count()
    seen["priority"] = os.getpriority(os.PRIO_PROCESS, 0)
    seen["arguments"] = sys.argv, sys.flags.no_site, sys.flags.hash_randomization, str(sys.stdin), str(sys.stdout), sys.stdin.seekable()
    seen["main"] = sorted(vars(sys.modules["__main__"]))
    seen["finders"] = [place for place in sys.path_importer_cache if place.startswith("/work")]
    seen["calls"] = calls()
    seen["interrupt"] = os.getsid(0) == os.getpid() or os.getsid(0) == os.getppid(), os.getpgid(0) == os.getsid(0)
    return json.dumps(seen, sort_keys=True, default=str)
"#;

/// Leaves behind what it can.
const LITTER: &str = r#"
import builtins, json, os, random, resource, signal, socket, sys, threading, time, types
def litter():
    for place in ("/work/marker", "/tmp/marker", "/dev/shm/marker", "/work/sub/marker"):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        open(place, "w").write("marker")
    os.mkfifo("/tmp/marker.pipe")
    if RICH:
        made = [number(29, 4711, 4096, 0o1600), number(64, 4711, 1, 0o1600), number(68, 4711, 0o1600)]
        assert all(isinstance(one, int) for one in made), made
        print("ipc made", flush=True)
    for name in ("\0marker", "/tmp/marker.socket"):
        try: socket.socket(socket.AF_UNIX).bind(name)
        except OSError: pass
    sys.stdout.flush()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(100)
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, lambda *args: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    signal.setitimer(signal.ITIMER_REAL, 90)
    os.environ["MARKER"] = "marker"
    sys.modules["marker"] = types.ModuleType("marker")
    sys.path.append("/tmp/marker")
    if RICH:
        builtins.marker = 1
        json.dumps = lambda *args, **kwargs: "marker"
        random.seed(4711)
    kept.extend(open("/tmp/marker") for _ in range(20))
    os.umask(0o77)
    os.nice(3)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    threading.Thread(target=time.sleep, args=(90,), daemon=True).start()
    os.chdir("/tmp")
    print("littered", flush=True)
kept = []
"#;

fn request(seed: u64, candidate: &str, tests: &str) -> RunRequest {
    let file = |path: &str, content: &str, role| SourceFile { path: path.to_owned(), content: content.into(), role };
    RunRequest {
        language: Language::Python,
        entry: Some("solution.py".to_owned()),
        files: vec![
            file("solution.py", candidate, FileRole::Candidate),
            file("test_solution.py", tests, FileRole::Oracle),
        ],
        tests: TestPlan::Files(vec!["test_solution.py".to_owned()]),
        expected_tests: Vec::new(),
        stdin: b"input".to_vec(),
        args: Vec::new(),
        limits: Limits { timeout_ms: 30_000, ..Limits::default() },
        layer: LayerChoice::Os,
        seed,
    }
}

fn run(sandbox: &OsSandbox, request: &RunRequest) -> OsOutcome {
    sandbox.run(request, &Cancel::default()).expect("the request is well-formed")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn passed(outcome: &OsOutcome) -> String {
    assert_eq!(outcome.status, RunStatus::Passed, "{outcome:?}\n{}", text(&outcome.stderr));
    text(&outcome.stdout)
}

const FINE: &str = "def f(x):\n    return x\n";
const FINE_TEST: &str = "from solution import f\n\ndef test_f():\n    assert f(1) == 1\n";

/// The numbers of the processes whose environment has this hash seed (the interpreter, and its forks as far as the user who
/// tests may look), and of all below them.
fn processes_of(seed: u64) -> Vec<u32> {
    let wanted = format!("PYTHONHASHSEED={seed}");
    let has_seed = |path: PathBuf| {
        let environ = fs::read(path).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|part| part == wanted.as_bytes())
    };
    let entries = fs::read_dir("/proc").expect("there is a /proc").flatten();
    let mut left: Vec<u32> = entries
        .filter(|entry| has_seed(entry.path().join("environ")))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    let mut found = BTreeSet::new();
    while let Some(pid) = left.pop() {
        if found.insert(pid) {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            left.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    found.into_iter().collect()
}

/// The interpreter itself: the one that was started first. Process numbers wrap around.
fn interpreter_of(seed: u64) -> u32 {
    let started = |pid: &u32| -> u64 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default();
        fields.split_whitespace().nth(19).map_or(u64::MAX, |ticks| ticks.parse().unwrap_or(u64::MAX))
    };
    processes_of(seed).into_iter().min_by_key(started).expect("there is a warm interpreter")
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_mins(2), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn nothing_of_the_code_under_test_passes_to_the_next_run() {
    let sandbox = sandbox(WARM);
    let test = "from solution import go\n\ndef test_go():\n    assert go() is None\n";
    let looking = format!("RICH = True\n{LOOK}\ndef go():\n    print(look())\n");
    let littering = format!("RICH = True\n{LOOK}\n{LITTER}\ndef go():\n    litter()\n");
    let before = run(&sandbox, &request(7001, &looking, test));
    assert!(before.warm, "{before:?}");
    let first = passed(&before);
    assert!(first.contains("\"shared memory\": \"errno 2\""), "{first}");
    for _ in 0..3 {
        let litter = run(&sandbox, &request(7001, &littering, test));
        assert!(litter.warm && passed(&litter).contains("ipc made\nlittered"), "{litter:?}");
        let after = run(&sandbox, &request(7001, &looking, test));
        assert!(after.warm, "{after:?}");
        assert_eq!(passed(&after), first);
    }
}

#[test]
fn nothing_of_the_tests_passes_to_the_next_run() {
    let sandbox = sandbox(WARM);
    let looking = format!("RICH = False\n{LOOK}\ndef test_look():\n    print(look())\n");
    let littering = format!("RICH = False\n{LOOK}\n{LITTER}\ndef test_litter():\n    litter()\n");
    let before = run(&sandbox, &request(7002, FINE, &looking));
    assert!(before.warm, "{before:?}");
    let first = passed(&before);
    for _ in 0..2 {
        let litter = run(&sandbox, &request(7002, FINE, &littering));
        assert!(litter.warm && passed(&litter).contains("littered"), "{litter:?}");
        let after = run(&sandbox, &request(7002, FINE, &looking));
        assert!(after.warm, "{after:?}");
        assert_eq!(passed(&after), first);
    }
}

#[test]
fn a_warm_run_is_like_one_with_an_interpreter_of_its_own() {
    let (warm, cold) = (sandbox(WARM), sandbox(Warmth::Cold));
    let test = "from solution import go\n\ndef test_go():\n    assert go() is None\n";
    for (seed, code) in [
        (7003, format!("RICH = True\n{LOOK}\ndef go():\n    print(look())\n")),
        (7003, "import sys\ndef go():\n    print(sys.stdin.read(), hash('a'), {'a', 'b', 'c'}, sys.flags, sys.orig_argv)\n".to_owned()),
        (9003, "def go():\n    print(hash('a'), {'a', 'b', 'c'}, __import__('random').random())\n".to_owned()),
        (7003, "import sys\ndef deep(n):\n    try: return deep(n + 1)\n    except RecursionError: return n\ndef go():\n    print(deep(0), sys.getrecursionlimit())\n".to_owned()),
        (7003, "import ctypes\ndef go():\n    print(ctypes.CDLL(None).getpid() > 0, ctypes.sizeof(ctypes.c_long))\n".to_owned()),
    ] {
        let wanted = request(seed, &code, test);
        let (one, other) = (run(&warm, &wanted), run(&cold, &wanted));
        assert!(one.warm && !other.warm, "{one:?} {other:?}");
        assert_eq!(passed(&one), passed(&other), "{code}");
        assert_eq!(one.runtime, other.runtime);
    }
}

/// Prints what a rehearsal could have left in a process.
const LEFTOVERS: &str = r#"
import builtins, dataclasses, importlib, importlib.util, inspect, json, logging, os, pickle, random, signal, sys, threading, typing, warnings
def leftovers():
    names = "json random dataclasses os warnings typing builtins sys pytest ec_work ec_work_test ec_main ctypes"
    found = {name: type(sys.modules.get(name)).__name__ for name in names.split() if name in sys.modules or name.startswith(("ec", "ct", "py"))}
    functions = [random.seed, importlib.reload, importlib.util.spec_from_file_location, dataclasses.replace, inspect.signature,
                 typing.get_type_hints, pickle.loads, warnings.showwarning, warnings._showwarnmsg_impl, builtins.__import__]
    found["functions"] = [(one.__module__, one.__qualname__, type(one).__name__) for one in functions]
    found["filters"] = [str(one) for one in warnings.filters]
    found["finders"] = [getattr(one, "__name__", type(one).__name__) for one in sys.meta_path]
    found["hooks"] = [getattr(one, "__qualname__", str(one)) for one in sys.path_hooks]
    found["threads"] = [str(one.name) for one in threading.enumerate()], threading.main_thread() is threading.current_thread()
    found["thread"] = threading.get_ident() == threading.main_thread().ident, threading.stack_size(), os.getpid() == threading.get_native_id()
    found["logging"] = str(logging.lastResort), logging.root.handlers, logging.root.level
    found["random"] = random.random(), random.Random(5).random()
    found["new"] = importlib._bootstrap._new_module("x").__name__, importlib._bootstrap._new_module.__qualname__
    found["hook"] = [getattr(getattr(sys, name), "__qualname__", "?") for name in ("excepthook", "displayhook", "unraisablehook")]
    found["work"] = sorted(os.listdir("/work")), sorted(os.listdir("/tmp"))
    found["lock"] = threading.RLock().acquire(blocking=False), logging._lock.acquire(blocking=False)
    return json.dumps(found, sort_keys=True, default=str)
"#;

#[test]
fn a_rehearsal_leaves_nothing() {
    let (warm, cold) = (sandbox(WARM), sandbox(Warmth::Cold));
    let asked = format!("{LEFTOVERS}\ndef go():\n    print(leftovers())\n");
    let subject = request(7018, &asked, "from solution import go\n\ndef test_go():\n    assert go() is None\n");
    let judge = request(7018, FINE, &format!("{LEFTOVERS}\ndef test_go():\n    print(leftovers())\n"));
    for wanted in [&subject, &judge] {
        let (one, other) = (run(&warm, wanted), run(&cold, wanted));
        assert!(one.warm && !other.warm, "{one:?} {other:?}");
        assert_eq!(passed(&one), passed(&other));
    }
}

#[test]
fn what_a_fork_finds_does_not_depend_on_the_runs_before() {
    let sandbox = sandbox(WARM);
    // How often the collector ran, what stands in the outermost frame, and whether the library thinks that all began
    // before the run's files were written.
    let code = "import gc, logging, os, sys, threading\ndef go():\n    frame = sys._getframe()\n    while frame.f_back: frame = frame.f_back\n    \
                names = sorted(name for name in frame.f_globals if not name.startswith('__'))\n    \
                print([one['collections'] for one in gc.get_stats()][1:], gc.isenabled(), names, threading._counter())\n    \
                print('began', logging._startTime >= os.stat('/work/solution.py').st_mtime)\n";
    let test = "from solution import go\n\ndef test_go():\n    assert go() is None\n";
    let first = passed(&run(&sandbox, &request(7013, code, test)));
    assert!(first.contains("began True"), "{first}");
    let slow = "import time\ndef f(x):\n    time.sleep(2)\n    return x\n";
    std::thread::scope(|scope| {
        let others = [(); 3].map(|()| scope.spawn(|| passed(&run(&sandbox, &request(7013, slow, FINE_TEST)))));
        for _ in 0..5 {
            passed(&run(&sandbox, &request(7013, FINE, FINE_TEST)));
        }
        assert_eq!(passed(&run(&sandbox, &request(7013, code, test))), first, "beside other runs");
        for other in others {
            other.join().expect("the run does not panic");
        }
    });
    assert_eq!(passed(&run(&sandbox, &request(7013, code, test))), first, "after other runs");
}

#[test]
fn a_process_of_the_tests_ends_no_run() {
    let tests = "import os\nfrom solution import f\n\ndef test_fork():\n    pid = os.fork()\n    if pid:\n        \
                 os.waitpid(pid, 0)\n\ndef test_f():\n    assert f(1) == 1\n";
    // Both processes judge to the end, and the records of two are no verdict.
    let outcome = judge_both_ways(&request(7017, FINE, tests));
    assert_eq!(outcome.status, RunStatus::Forged, "{outcome:?}");
}

#[test]
fn all_that_was_written_before_the_end_arrives() {
    let code = "import os\ndef f(x):\n    assert sum(os.write(n, b'y' * 50000) for _ in range(8) for n in (1, 2)) == 800000\n    return x\n";
    for _ in 0..3 {
        let mut wanted = request(7018, code, FINE_TEST);
        wanted.limits.output_bytes = 1 << 20;
        let outcome = judge_both_ways(&wanted);
        assert_eq!(passed(&outcome).len(), 400_000);
        assert_eq!(outcome.stderr.len(), 400_000);
        wanted.limits.output_bytes = 300_000;
        assert_eq!(judge_both_ways(&wanted).status, RunStatus::OutputLimit);
    }
}

#[test]
fn the_interpreter_is_in_reach_of_nobody() {
    let sandbox = sandbox(WARM);
    passed(&run(&sandbox, &request(7014, FINE, FINE_TEST)));
    let interpreter = interpreter_of(7014);
    let session = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(')').next().unwrap().split_whitespace().nth(3).unwrap().to_owned()
    };
    assert_ne!(session(interpreter), session(std::process::id()), "the terminal's interrupt does not reach it");
    let maps = fs::read_to_string(format!("/proc/{interpreter}/maps")).unwrap();
    let shared: Vec<&str> = maps.lines().filter(|line| line.contains("w-s ") || line.contains("wxs ")).collect();
    assert!(maps.lines().count() > 20 && shared.is_empty(), "memory that all its forks may write: {shared:?}");
    for namespace in ["user", "mnt", "net", "ipc", "uts", "cgroup"] {
        let of = |pid: u32| fs::read_link(format!("/proc/{pid}/ns/{namespace}")).unwrap();
        assert_ne!(of(interpreter), of(std::process::id()), "{namespace}");
    }
}

#[test]
fn one_run_starts_no_warm_interpreter() {
    let sandbox = sandbox(Warmth::USUAL);
    let outcome = run(&sandbox, &request(7015, FINE, FINE_TEST));
    assert!(!outcome.warm, "{outcome:?}");
    passed(&outcome);
    // The run's own interpreter has the seed too, and has ended.
    wait_until("there is none", || processes_of(7015).is_empty());
    // The second one starts it, and is right without it.
    let outcome = run(&sandbox, &request(7015, FINE, FINE_TEST));
    assert!(!outcome.warm, "{outcome:?}");
    passed(&outcome);
    wait_until("a run finds it ready", || run_right(&sandbox, 7015));
}

/// Whether a run was warm; right and wrong candidates are told apart in any case.
fn run_right(sandbox: &OsSandbox, seed: u64) -> bool {
    let wrong = run(sandbox, &request(seed, "def f(x):\n    return 2\n", FINE_TEST));
    assert_eq!(wrong.status, RunStatus::Failed, "{wrong:?}");
    let right = run(sandbox, &request(seed, FINE, FINE_TEST));
    passed(&right);
    right.warm
}

#[test]
fn a_run_goes_on_without_an_interpreter_that_died() {
    let sandbox = sandbox(Warmth::USUAL);
    wait_until("it is ready", || run_right(&sandbox, 7016));
    let killed = interpreter_of(7016);
    kill(killed);
    // Whether its death or the run is first with a fork that waits is a race; the verdict is right either way.
    run_right(&sandbox, 7016);
    wait_until("another one is ready", || run_right(&sandbox, 7016));
    assert_ne!(interpreter_of(7016), killed);
}

#[test]
fn a_process_that_crashes_takes_nobody_along() {
    let sandbox = sandbox(WARM);
    for code in [
        "import os, signal\ndef f(x):\n    os.kill(os.getpid(), signal.SIGSEGV)\n",
        "import os, signal\ndef f(x):\n    os.kill(os.getppid(), signal.SIGKILL)\n",
        "import os\ndef f(x):\n    os._exit(3)\n",
        "import os, signal, time\ndef f(x):\n    os.kill(os.getppid(), signal.SIGSTOP)\n    os.kill(-1, signal.SIGKILL)\n",
    ] {
        let mut wanted = request(7004, code, FINE_TEST);
        wanted.limits.timeout_ms = 2_000;
        let outcome = run(&sandbox, &wanted);
        assert!(outcome.warm, "{code}: {outcome:?}");
        assert!(matches!(outcome.status, RunStatus::Crashed | RunStatus::Forged | RunStatus::TimedOut), "{outcome:?}");
        let next = run(&sandbox, &request(7004, FINE, FINE_TEST));
        assert!(next.warm, "{next:?}");
        passed(&next);
    }
}

#[test]
fn an_interpreter_that_is_killed_is_replaced() {
    let sandbox = sandbox(WARM);
    passed(&run(&sandbox, &request(7005, FINE, FINE_TEST)));
    let killed = interpreter_of(7005);
    let slow = "import time\ndef f(x):\n    time.sleep(1)\n    return x\n";
    let outcome = std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&sandbox, &request(7005, slow, FINE_TEST)));
        std::thread::sleep(Duration::from_millis(500));
        kill(killed);
        running.join().expect("the run does not panic")
    });
    assert!(!outcome.warm, "the run was made again without a warm interpreter: {outcome:?}");
    passed(&outcome);
    let next = run(&sandbox, &request(7005, FINE, FINE_TEST));
    assert!(next.warm, "{next:?}");
    passed(&next);
    assert_ne!(interpreter_of(7005), killed);
    // Also when nothing is running.
    kill(interpreter_of(7005));
    for _ in 0..3 {
        passed(&run(&sandbox, &request(7005, FINE, FINE_TEST)));
    }
    assert!(run(&sandbox, &request(7005, FINE, FINE_TEST)).warm);
}

fn kill(pid: u32) {
    signal(pid, Signal::SIGKILL);
}

fn signal(pid: u32, signal: Signal) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a process number"));
    nix::sys::signal::kill(pid, signal).expect("it is there");
}

#[test]
fn two_hundred_runs_leave_nothing() {
    let sandbox = sandbox(WARM);
    let wanted = request(7006, FINE, FINE_TEST);
    let settle = || {
        // The interpreter, and two processes for each of two runs to come. It has the streams, the socket to the helpers,
        // and for each of the two runs its process and its socket.
        let descriptors = |pid: u32| fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        let counts = || (processes_of(7006).len(), descriptors(interpreter_of(7006)));
        let started = Instant::now();
        while counts() != (5, 8) {
            assert!(started.elapsed() < Duration::from_secs(30), "processes and descriptors: {:?}", counts());
            std::thread::sleep(Duration::from_millis(20));
        }
        let status = fs::read_to_string(format!("/proc/{}/status", interpreter_of(7006))).unwrap();
        let memory = status.lines().find(|line| line.starts_with("VmRSS")).map(str::to_owned).unwrap();
        let memory: u64 = memory.split_whitespace().nth(1).unwrap().parse().unwrap();
        (descriptors(std::process::id()), memory)
    };
    let go = |count: usize| {
        for _ in 0..count {
            let outcome = run(&sandbox, &wanted);
            assert!(outcome.warm, "{outcome:?}");
            passed(&outcome);
        }
    };
    go(20);
    let (ours, memory) = settle();
    go(200);
    let after = settle();
    // Other tests of this program come and go meanwhile.
    assert!(after.0 <= ours + 40, "{} descriptors were {ours}", after.0);
    assert!(after.1 <= memory + 1024, "{} KiB were {memory} KiB", after.1);
    drop(sandbox);
    wait_until("all end with the sandbox", || processes_of(7006).is_empty());
}

#[test]
fn runs_at_the_same_time_keep_apart() {
    let sandbox = sandbox(WARM);
    std::thread::scope(|scope| {
        for number in 0..4 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                let code = format!(
                    "import os, time\ndef f(x):\n    open('/tmp/mine', 'x').write('{number}')\n    time.sleep(0.2)\n    \
                     print(open('/tmp/mine').read(), sorted(os.listdir('/tmp')), flush=True)\n    return x\n"
                );
                for _ in 0..5 {
                    let outcome = run(sandbox, &request(7007, &code, FINE_TEST));
                    assert!(outcome.warm, "{outcome:?}");
                    assert_eq!(passed(&outcome), format!("{number} ['mine']\n"));
                }
            });
        }
    });
}

#[test]
fn an_interpreter_that_idles_ends_and_comes_back() {
    let sandbox = sandbox(Warmth::Awaited { idle: Duration::from_millis(1500) });
    for _ in 0..2 {
        let outcome = run(&sandbox, &request(7008, FINE, FINE_TEST));
        assert!(outcome.warm, "{outcome:?}");
    }
    wait_until("it ends when it has waited for long", || processes_of(7008).is_empty());
    let outcome = run(&sandbox, &request(7008, FINE, FINE_TEST));
    assert!(outcome.warm, "{outcome:?}");
    passed(&outcome);
}

#[test]
fn interpreters_of_two_seeds_are_kept() {
    let sandbox = sandbox(WARM);
    let code = "def f(x):\n    print(hash('a'))\n    return x\n";
    let first = passed(&run(&sandbox, &request(7009, code, FINE_TEST)));
    let second = passed(&run(&sandbox, &request(8009, code, FINE_TEST)));
    assert_ne!(first, second, "hashing follows the seed");
    let kept = interpreter_of(7009);
    assert_eq!(passed(&run(&sandbox, &request(7009, code, FINE_TEST))), first);
    assert_eq!(interpreter_of(7009), kept);
    passed(&run(&sandbox, &request(9009, code, FINE_TEST)));
    wait_until("the one that was not used for longest goes", || processes_of(8009).is_empty());
    assert_eq!(interpreter_of(7009), kept);
}

/// Runs forever in a process of its own, for `a_killed_parent_leaves_no_process`.
#[test]
fn sleeper_for_the_kill_test() {
    let Some(seed) = std::env::var("EDGECODER_TEST_SLEEPER").ok().and_then(|seed| seed.parse().ok()) else { return };
    let sandbox = sandbox(WARM);
    for _ in 0..2 {
        run(&sandbox, &request(seed, FINE, FINE_TEST));
    }
    let code = "import subprocess, time\ndef f(x):\n    subprocess.Popen(['sleep', '60'])\n    time.sleep(60)\n";
    run(&sandbox, &request(seed, code, FINE_TEST));
}

#[test]
fn a_killed_parent_leaves_no_process() {
    for (seed, signal) in [(7011, "-KILL"), (7012, "-INT")] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sleeper_for_the_kill_test"])
            .env("EDGECODER_TEST_SLEEPER", seed.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The interpreter, a pair that waits, and the pair that sleeps with its child.
        wait_until("the sandboxed sleeper starts", || processes_of(seed).len() >= 6);
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        child.wait().unwrap();
        wait_until("no process is left", || processes_of(seed).is_empty());
    }
}

#[test]
fn limits_hold_in_warm_runs() {
    let sandbox = sandbox(WARM);
    let small = Limits {
        timeout_ms: 10_000,
        memory_bytes: 128 << 20,
        output_bytes: 1 << 16,
        processes: 32,
        ..Limits::default()
    };
    let short = Limits { timeout_ms: 700, ..small };
    for (name, body, limits, wanted) in [
        ("endless loop", "while True: pass", &short, &[RunStatus::TimedOut][..]),
        ("sleep", "import time; time.sleep(60)", &short, &[RunStatus::TimedOut]),
        ("flood", "import os\n    while True: os.write(1, b'x' * 65536)", &small, &[RunStatus::OutputLimit]),
        (
            "memory",
            "y = []\n    while True: y.append(bytearray(10 << 20))",
            &small,
            &[RunStatus::Failed, RunStatus::OutOfMemory],
        ),
        (
            "memory of many",
            "import os, time\n    for _ in range(8):\n        if os.fork() == 0:\n            y = bytearray(60 << 20); time.sleep(60)\n    time.sleep(60)",
            &small,
            &[RunStatus::OutOfMemory],
        ),
        (
            "fork bomb",
            "import os\n    while True:\n        try: os.fork()\n        except OSError: pass",
            &short,
            &[RunStatus::TimedOut, RunStatus::OutOfMemory],
        ),
    ] {
        let code = format!("def f(x):\n    {body}\n    return x\n");
        let wanted_request = RunRequest { limits: limits.clone(), ..request(7010, &code, FINE_TEST) };
        let outcome = run(&sandbox, &wanted_request);
        assert!(outcome.warm && wanted.contains(&outcome.status), "{name}: {outcome:?}");
        let next = run(&sandbox, &request(7010, FINE, FINE_TEST));
        assert!(next.warm, "{name}: {next:?}");
        passed(&next);
    }
}

#[test]
fn more_memory_than_usual_is_there_where_it_is_allowed() {
    let sandbox = sandbox(WARM);
    let code = "def f(x):\n    y = bytearray(400 << 20)\n    for place in range(0, len(y), 4096): y[place] = 1\n    return x\n";
    for (memory_bytes, wanted) in
        [(1 << 30, &[RunStatus::Passed][..]), (256 << 20, &[RunStatus::Failed, RunStatus::OutOfMemory])]
    {
        let limits = Limits { timeout_ms: 30_000, memory_bytes, ..Limits::default() };
        let outcome = run(&sandbox, &RunRequest { limits, ..request(7019, code, FINE_TEST) });
        assert!(outcome.warm && wanted.contains(&outcome.status), "{memory_bytes}: {outcome:?}");
    }
}

#[test]
fn the_same_holds_for_an_ordinary_user() {
    run_as_an_ordinary_user();
}
