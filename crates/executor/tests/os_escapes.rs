//! Goal: code in the OS sandbox reaches nothing outside it and can't exhaust the machine.
//! Method: one Python program an attack; it prints `DENIED` when the attack failed and
//! `ESCAPED` when it didn't. The controls come first: they have to print. Everything runs as the user
//! who runs the tests and, when that is root, once more as an ordinary user.

#![expect(clippy::expect_used, reason = "a helper function of tests fails the test")]

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use edgecoder_executor::Cancel;
use edgecoder_executor::os::{OsOutcome, OsSandbox, Warmth};
use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, RunStatus, SourceFile, TestPlan};
use support::os::{WARM, run_as_an_ordinary_user, sandbox};

const PRELUDE: &str = r#"
import os, sys, ctypes, errno, socket, stat, time, signal, subprocess
libc = ctypes.CDLL(None, use_errno=True)
def syscall(number, *args):
    args = [a if isinstance(a, (bytes, type(None))) or hasattr(a, "contents") else ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    result = libc.syscall(ctypes.c_long(number), *args)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def attack(action):
    try:
        result = action()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        print("DENIED", error)
    else:
        print("ESCAPED", result)
def refused(action, *wanted):
    try:
        print("ESCAPED", action())
    except OSError as error:
        print("DENIED" if error.errno in wanted else "ESCAPED", error)
"#;

/// Attacks that have to print `DENIED` and nothing that says `ESCAPED`.
const ATTACKS: &[(&str, &str)] = &[
    ("read /etc/shadow", "attack(lambda: open('/etc/shadow').read())"),
    ("host's /etc", "attack(lambda: open('/etc/hostname').read())"),
    ("host's home", "attack(lambda: os.listdir('/root'))\nattack(lambda: os.listdir('/home'))"),
    ("host's var and run", "attack(lambda: os.listdir('/var'))\nattack(lambda: os.listdir('/run'))"),
    ("host's boot", "attack(lambda: os.listdir('/boot'))"),
    ("host's tmp", "print('ESCAPED' if any('canary' in n for n in os.listdir('/tmp')) else 'DENIED')"),
    ("parent's folders", "attack(lambda: os.stat('/work/../../../../../../root'))"),
    ("write /usr", "attack(lambda: open('/usr/bin/evil', 'w'))"),
    ("write /usr through /lib", "attack(lambda: open('/lib/evil', 'w'))"),
    ("write the root", "attack(lambda: open('/evil', 'w'))\nattack(lambda: os.mkdir('/evil'))"),
    ("write /etc", "attack(lambda: open('/etc/passwd', 'a'))"),
    ("replace an interpreter", "attack(lambda: os.rename('/work/main.py', '/usr/bin/python3'))"),
    ("chmod on /usr", "attack(lambda: os.chmod('/usr/bin/env', 0o4777))"),
    ("symlink out", "os.symlink('/etc/shadow', '/work/link')\nattack(lambda: open('/work/link').read())"),
    ("symlink to a parent", "os.symlink('../../../../root', '/work/up')\nattack(lambda: os.listdir('/work/up'))"),
    ("hard link to the system", "attack(lambda: os.link('/usr/bin/env', '/work/env'))"),
    ("root of process 1", "attack(lambda: os.listdir('/proc/1/root'))"),
    ("own root is the sandbox", "attack(lambda: os.stat('/proc/self/root/root'))"),
    ("own executable", "attack(lambda: open('/proc/self/exe', 'r+b'))"),
    ("memory of process 1", "attack(lambda: open('/proc/1/mem', 'r+b'))"),
    ("environment of process 1", "attack(lambda: open('/proc/1/environ').read())"),
    ("descriptors of process 1", "attack(lambda: os.listdir('/proc/1/fd'))"),
    ("sysrq", "attack(lambda: open('/proc/sysrq-trigger', 'w').write('h'))"),
    ("kcore", "attack(lambda: open('/proc/kcore', 'rb').read(1))"),
    ("kernel keys", "attack(lambda: open('/proc/keys').read())"),
    ("kernel settings", "attack(lambda: open('/proc/sys/kernel/core_pattern', 'w'))"),
    (
        "host's mounts",
        "text = open('/proc/self/mountinfo').read()\nprint('ESCAPED' if ' /home ' in text or ' /sys ' in text else 'DENIED')",
    ),
    ("host's processes", "print('DENIED' if sum(n.isdigit() for n in os.listdir('/proc')) <= 2 else 'ESCAPED')"),
    ("cgroup files", "attack(lambda: os.listdir('/sys/fs/cgroup'))"),
    ("/sys", "attack(lambda: os.listdir('/sys'))"),
    ("/dev/mem", "attack(lambda: open('/dev/mem', 'rb'))"),
    ("/dev/kvm", "attack(lambda: os.open('/dev/kvm', os.O_RDWR))"),
    ("/dev/tty", "attack(lambda: os.open('/dev/tty', os.O_RDWR))"),
    (
        "only harmless devices",
        "odd = set(os.listdir('/dev')) - set('null zero full random urandom fd stdin stdout stderr shm'.split())\nprint('ESCAPED' if odd else 'DENIED', odd)",
    ),
    (
        "environment",
        "print('ESCAPED' if 'EDGECODER_CANARY' in os.environ or len(os.environ) > 10 else 'DENIED', dict(os.environ))",
    ),
    ("TCP", "attack(lambda: socket.create_connection(('127.0.0.1', 22), 1))"),
    ("TCP server", "attack(lambda: socket.socket().bind(('', 0)))"),
    ("UDP", "attack(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('1.1.1.1', 53)))"),
    ("IPv6", "attack(lambda: socket.socket(socket.AF_INET6))"),
    ("DNS", "attack(lambda: socket.getaddrinfo('example.org', 80))"),
    ("raw socket", "attack(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))"),
    ("packet socket", "attack(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))"),
    ("netlink", "attack(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))"),
    ("vsock", "attack(lambda: socket.socket(40, socket.SOCK_STREAM))"),
    ("abstract unix socket", "attack(lambda: socket.socket(socket.AF_UNIX).connect('\\0/tmp/.X11-unix/X0'))"),
    ("kernel crypto socket", "attack(lambda: socket.socket(38, socket.SOCK_SEQPACKET))"),
    (
        "ptrace",
        "refused(lambda: syscall(101, 16, 1, 0, 0), errno.EPERM)\nrefused(lambda: syscall(101, 0, 0, 0, 0), errno.EPERM)",
    ),
    ("process_vm_readv", "refused(lambda: syscall(310, 1, 0, 0, 0, 0, 0), errno.EPERM)"),
    ("process_vm_writev", "refused(lambda: syscall(311, 1, 0, 0, 0, 0, 0), errno.EPERM)"),
    ("pidfd_getfd", "refused(lambda: syscall(438, 3, 0, 0), errno.EPERM)"),
    (
        "keyctl",
        "refused(lambda: syscall(250, 0, -3, 1), errno.EPERM)\nrefused(lambda: syscall(248, b'user', b'x', b'x', 1, -3), errno.EPERM)",
    ),
    ("io_uring", "refused(lambda: syscall(425, 8, ctypes.create_string_buffer(256)), errno.EPERM)"),
    ("bpf", "refused(lambda: syscall(321, 0, ctypes.create_string_buffer(128), 128), errno.EPERM)"),
    ("perf", "refused(lambda: syscall(298, ctypes.create_string_buffer(128), 0, -1, -1, 0), errno.EPERM)"),
    ("userfaultfd", "refused(lambda: syscall(323, 1), errno.EPERM)"),
    (
        "unshare",
        "refused(lambda: syscall(272, 0x10000000), errno.EPERM)\nrefused(lambda: syscall(272, 0x20000), errno.EPERM)",
    ),
    ("clone into a namespace", "refused(lambda: syscall(56, 0x10000000 | 17, 0, 0, 0, 0), errno.EPERM)"),
    ("clone3", "refused(lambda: syscall(435, ctypes.create_string_buffer(88), 88), errno.ENOSYS)"),
    ("setns", "refused(lambda: syscall(308, os.open('/proc/self/ns/net', os.O_RDONLY), 0), errno.EPERM)"),
    ("mount", "refused(lambda: syscall(165, b'x', b'/tmp', b'tmpfs', 0, None), errno.EPERM)"),
    ("remount", "refused(lambda: syscall(165, None, b'/usr', None, 0x1020, None), errno.EPERM)"),
    ("umount", "refused(lambda: syscall(166, b'/usr', 2), errno.EPERM)"),
    (
        "new mount interface",
        "refused(lambda: syscall(430, b'tmpfs', 0), errno.EPERM)\nrefused(lambda: syscall(428, -100, b'/', 1), errno.EPERM)",
    ),
    ("chroot", "refused(lambda: os.chroot('/tmp'), errno.EPERM)"),
    ("pivot_root", "refused(lambda: syscall(155, b'/tmp', b'/tmp'), errno.EPERM)"),
    ("open_by_handle_at", "refused(lambda: syscall(304, -100, ctypes.create_string_buffer(64), 0), errno.EPERM)"),
    ("device nodes", "refused(lambda: os.mknod('/work/sda', stat.S_IFBLK | 0o600, os.makedev(8, 0)), errno.EPERM)"),
    (
        "kernel modules",
        "refused(lambda: syscall(175, None, 0, b''), errno.EPERM)\nrefused(lambda: syscall(246, 0, 0, 0, 0), errno.EPERM)",
    ),
    ("reboot", "refused(lambda: syscall(169, 0xfee1dead, 672274793, 0, None), errno.EPERM)"),
    ("swap", "refused(lambda: syscall(167, b'/work/main.py', 0), errno.EPERM)"),
    (
        "quota and accounting",
        "refused(lambda: syscall(179, 0, None, 0, None), errno.EPERM)\nrefused(lambda: syscall(163, b'/work/main.py'), errno.EPERM)",
    ),
    ("clock", "attack(lambda: time.clock_settime(time.CLOCK_REALTIME, 0))"),
    (
        "host name",
        "attack(lambda: socket.sethostname('evil'))\nprint('DENIED' if os.uname().nodename == 'sandbox' else 'ESCAPED')",
    ),
    ("become root", "attack(lambda: os.setuid(0))\nprint('ESCAPED' if os.geteuid() == 0 else 'DENIED')"),
    (
        "other groups",
        "attack(lambda: os.setgroups([0]))\nprint('ESCAPED' if 0 in os.getgroups() + [os.getgid()] else 'DENIED')",
    ),
    (
        "set-user-id programs",
        "for p in ('/usr/bin/su', '/usr/bin/mount', '/usr/bin/passwd', '/usr/bin/sudo'):\n    try: r = subprocess.run([p, '-c', 'id -u'], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=10)\n    except OSError as e: print('DENIED', e)\n    else: print('ESCAPED' if r.stdout.strip() == '0' else 'DENIED', r.returncode)",
    ),
    (
        "capabilities",
        "text = open('/proc/self/status').read()\nprint('DENIED' if all(f'Cap{n}:\\t0000000000000000' in text for n in ('Inh', 'Prm', 'Eff', 'Bnd', 'Amb')) and 'NoNewPrivs:\\t1' in text else 'ESCAPED')",
    ),
    (
        "signals to others",
        "attack(lambda: os.kill(1, signal.SIGKILL) or time.sleep(0.2) or os.stat('/nothing'))\nprint('DENIED' if os.getppid() == 1 else 'ESCAPED')\ntry: os.kill(-1, 0)\nexcept OSError as e: print('DENIED', e)",
    ),
    (
        "scheduler",
        "attack(lambda: os.nice(-5))\nattack(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))",
    ),
    ("core dumps", "import resource\nattack(lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1)))"),
    ("more processes", "import resource\nattack(lambda: resource.setrlimit(resource.RLIMIT_NPROC, (4096, 4096)))"),
    ("address space layout", "refused(lambda: syscall(135, 0x0040000), errno.EPERM)"),
    (
        "terminal input",
        "import fcntl\nrefused(lambda: fcntl.ioctl(0, 0x5412, b'x'), errno.EPERM)\nrefused(lambda: fcntl.ioctl(0, 0x541C, b'x'), errno.EPERM)",
    ),
    ("terminal input, high bits", "refused(lambda: syscall(16, 0, 0x100005412, b'x'), errno.EPERM)"),
    (
        "inherited descriptors",
        "odd = [n for n in os.listdir('/proc/self/fd') if int(n) > 2]\nopen_ones = []\nfor n in range(3, 256):\n    try: os.fstat(n); open_ones.append(n)\n    except OSError: pass\nprint('ESCAPED' if open_ones else 'DENIED', open_ones)",
    ),
    ("32-bit numbers", "refused(lambda: syscall(0x40000000 | 39), errno.ENOSYS, errno.EPERM)"),
    (
        "landlock and seccomp stay",
        "attack(lambda: libc.prctl(38, 0, 0, 0, 0) and None or os.stat('/nothing'))\nprint('DENIED' if 'Seccomp:\\t2' in open('/proc/self/status').read() else 'ESCAPED')",
    ),
    (
        ".git",
        "attack(lambda: open('/work/.git/config', 'w'))\nattack(lambda: os.remove('/work/.git/config'))\nattack(lambda: os.rename('/work/.git', '/work/git'))",
    ),
    (
        "disk bomb",
        "def fill():\n    with open('/work/big', 'wb') as f:\n        for _ in range(4096): f.write(b'x' * (1 << 20))\nattack(fill)",
    ),
    ("inode bomb", "def fill():\n    for n in range(10**6): open(f'/tmp/{n}', 'w').close()\nattack(fill)"),
    ("shared memory", "attack(lambda: syscall(29, 0, 1 << 40, 0o1600))"),
    (
        "locked memory",
        "attack(lambda: libc.mlock(ctypes.create_string_buffer(8 << 20), 8 << 20) == 0 or os.stat('/nothing'))",
    ),
];

/// What takes an attack's place where there is no `/proc`, and where the attacker's parent is the judge.
const WITHOUT_PROC: &[(&str, &str)] = &[
    ("host's mounts", "attack(lambda: open('/proc/self/mountinfo').read())"),
    ("setns", "refused(lambda: syscall(308, os.pidfd_open(os.getpid()), 0x40000000), errno.EPERM)"),
    (
        "capabilities",
        "import struct\nsets = ctypes.create_string_buffer(24)\nsyscall(125, struct.pack('Ii', 0x20080522, 0), sets)\n\
         held = [n for n in range(64) if libc.prctl(23, n, 0, 0, 0) == 1 or libc.prctl(47, 1, n, 0, 0) == 1]\n\
         print('DENIED' if sets.raw == bytes(24) and not held and libc.prctl(39, 0, 0, 0, 0) == 1 else 'ESCAPED', held)",
    ),
    (
        "signals to others",
        "attack(lambda: os.kill(1, signal.SIGKILL) or time.sleep(0.2) or os.stat('/nothing'))\n\
         odd = []\nfor n in range(1, 400):\n    try: os.kill(n, 0)\n    except OSError: continue\n    odd.append(n)\n\
         print('DENIED' if set(odd) <= {1, os.getppid(), os.getpid()} else 'ESCAPED', odd)",
    ),
    (
        "inherited descriptors",
        "import stat\nopen_ones = []\nfor n in range(3, 256):\n    try: open_ones.append((n, stat.S_ISSOCK(os.fstat(n).st_mode)))\n    except OSError: pass\n\
         print('DENIED' if len(open_ones) == 1 and open_ones[0][1] else 'ESCAPED', open_ones)",
    ),
    (
        "landlock and seccomp stay",
        "attack(lambda: libc.prctl(38, 0, 0, 0, 0) and None or os.stat('/nothing'))\n\
         print('DENIED' if libc.prctl(21, 0, 0, 0, 0) == 2 else 'ESCAPED')",
    ),
];

/// One for all tests of this program: the next run is forked by an interpreter that has seen the attacks before.
fn warm_sandbox() -> &'static OsSandbox {
    static SANDBOX: OnceLock<OsSandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| sandbox(WARM))
}

/// Runs the code as a module under test, in a fork of a warm interpreter.
fn run_warm(code: &str, limits: Limits) -> OsOutcome {
    let file = |path: &str, content: &str, role| SourceFile { path: path.to_owned(), content: content.into(), role };
    let request = RunRequest {
        language: Language::Python,
        entry: None,
        files: vec![
            file(".git/config", "[core]\n", FileRole::Candidate),
            file("main.py", &format!("{PRELUDE}\n{code}\n"), FileRole::Candidate),
            file(
                "test_main.py",
                "import main\n\ndef test_main():\n    assert main.__name__ == 'main'\n",
                FileRole::Oracle,
            ),
        ],
        tests: TestPlan::Files(vec!["test_main.py".to_owned()]),
        expected_tests: Vec::new(),
        stdin: b"input\n".to_vec(),
        args: Vec::new(),
        limits,
        layer: LayerChoice::Os,
        seed: 3,
    };
    let outcome = warm_sandbox().run(&request, &Cancel::default()).expect("the request is well-formed");
    assert!(outcome.warm, "{outcome:?}");
    outcome
}

fn limits() -> Limits {
    Limits { timeout_ms: 20_000, memory_bytes: 128 << 20, output_bytes: 1 << 16, processes: 32, ..Limits::default() }
}

fn run_with(code: &str, limits: Limits, cancel: &Cancel) -> OsOutcome {
    let file = |path: &str, content: &str| SourceFile {
        path: path.to_owned(),
        content: content.as_bytes().to_vec(),
        role: FileRole::Candidate,
    };
    let request = RunRequest {
        language: Language::Python,
        entry: Some("main.py".to_owned()),
        files: vec![file(".git/config", "[core]\n"), file("main.py", code)],
        tests: TestPlan::None,
        expected_tests: Vec::new(),
        stdin: b"input\n".to_vec(),
        args: vec!["one".to_owned()],
        limits,
        layer: LayerChoice::Os,
        seed: 3,
    };
    sandbox(Warmth::USUAL).run(&request, cancel).expect("the request is well-formed")
}

fn run(code: &str) -> OsOutcome {
    run_with(&format!("{PRELUDE}\n{code}\n"), limits(), &Cancel::default())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Without these, a sandbox that runs nothing would look safe.
fn controls() {
    let outcome = run("print(input(), sys.argv[1], open('/work/main.py').read()[:1] == '\\n', os.getuid())\n\
                       open('/tmp/a', 'w').write('x'); open('/work/b', 'w').write('y')\n\
                       print(subprocess.run(['sh', '-c', 'echo child'], capture_output=True, text=True).stdout)\n\
                       a, b = socket.socketpair(); a.send(b'pair'); print(b.recv(4))\n\
                       import threading; t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n\
                       import asyncio; asyncio.run(asyncio.sleep(0)); print('loop')\n\
                       print('err', file=sys.stderr)\nprint('écoute')");
    assert_eq!(outcome.status, RunStatus::Completed, "{outcome:?}");
    let out = text(&outcome.stdout);
    for wanted in ["input one True 1000", "child", "b'pair'", "thread", "loop", "écoute"] {
        assert!(out.contains(wanted), "{wanted}: {out}");
    }
    assert_eq!(text(&outcome.stderr), "err\n");
    assert_eq!(outcome.exit_code, Some(0));
}

#[test]
fn every_attack_is_denied() {
    controls();
    let mut failures = Vec::new();
    for (name, code) in ATTACKS {
        let outcome = run(code);
        let out = text(&outcome.stdout);
        let denied = out.contains("DENIED") && !out.contains("ESCAPED");
        if !denied || outcome.status == RunStatus::Refused {
            failures.push(format!(
                "{name}: {:?} {} {}\n{out}\n{}",
                outcome.status,
                outcome.reason,
                outcome.detail,
                text(&outcome.stderr)
            ));
        }
    }
    assert!(ATTACKS.len() >= 60);
    assert!(failures.is_empty(), "{}", failures.join("\n---\n"));
}

#[test]
fn every_attack_is_denied_in_a_fork_of_a_warm_interpreter() {
    let controls = "print(input(), open('/work/main.py').read()[:1] == '\\n', os.getuid(), os.getgid())\n\
                    open('/tmp/a', 'w').write('x'); open('/work/b', 'w').write('y')\n\
                    print(subprocess.run(['sh', '-c', 'echo child'], capture_output=True, text=True).stdout)\n\
                    a, b = socket.socketpair(); a.send(b'pair'); print(b.recv(4))\n\
                    import threading; t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n\
                    import asyncio; asyncio.run(asyncio.sleep(0)); print('loop')";
    let outcome = run_warm(controls, limits());
    assert_eq!(outcome.status, RunStatus::Passed, "{outcome:?}");
    let out = text(&outcome.stdout);
    for wanted in ["input True 1000 1000", "child", "b'pair'", "thread", "loop"] {
        assert!(out.contains(wanted), "{wanted}: {out}");
    }
    let mut failures = Vec::new();
    for (name, code) in ATTACKS {
        let other = WITHOUT_PROC.iter().find(|(replaced, _)| replaced == name);
        let outcome = run_warm(other.map_or(code, |(_, code)| code), limits());
        let out = text(&outcome.stdout);
        if !out.contains("DENIED") || out.contains("ESCAPED") || outcome.status == RunStatus::Refused {
            let err = text(&outcome.stderr);
            failures.push(format!("{name}: {:?} {} {}\n{out}\n{err}", outcome.status, outcome.reason, outcome.detail));
        }
    }
    let known = |name: &&str| ATTACKS.iter().any(|(attack, _)| attack == name);
    assert!(WITHOUT_PROC.iter().all(|(name, _)| known(name)));
    assert!(failures.is_empty(), "{}", failures.join("\n---\n"));
}

#[test]
fn bombs_end_with_the_right_status() {
    controls();
    let endless = Limits { timeout_ms: 700, ..limits() };
    let go = |code: &str, limits: Limits| run_with(&format!("{PRELUDE}\n{code}\n"), limits, &Cancel::default());
    let check = |name: &str, outcome: OsOutcome, wanted: &[RunStatus]| {
        assert!(wanted.contains(&outcome.status), "{name}: {outcome:?}");
    };
    check("endless loop", go("while True: pass", endless.clone()), &[RunStatus::TimedOut]);
    check(
        "ignored signals",
        go(
            "for n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: time.sleep(1)",
            endless.clone(),
        ),
        &[RunStatus::TimedOut],
    );
    check(
        "orphans in new sessions",
        go(
            "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        while True: time.sleep(1)\n    os._exit(0)\nprint('left')",
            limits(),
        ),
        &[RunStatus::Completed],
    );
    check(
        "fork bomb",
        go("while True:\n    try: os.fork()\n    except OSError: pass", endless),
        &[RunStatus::TimedOut, RunStatus::OutOfMemory],
    );
    check(
        "thread bomb",
        go(
            "import threading\nn = 0\ntry:\n    while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); n += 1\nexcept RuntimeError: print('DENIED', n); sys.stdout.flush(); os._exit(3)",
            limits(),
        ),
        &[RunStatus::Error],
    );
    check(
        "memory bomb",
        go("x = []\nwhile True: x.append(bytearray(10 << 20))", limits()),
        &[RunStatus::Error, RunStatus::OutOfMemory],
    );
    check(
        "memory bomb of many processes",
        go(
            "for _ in range(8):\n    if os.fork() == 0:\n        x = bytearray(60 << 20); time.sleep(60)\ntime.sleep(60)",
            limits(),
        ),
        &[RunStatus::OutOfMemory],
    );
    check("flood of stdout", go("while True: os.write(1, b'x' * 65536)", limits()), &[RunStatus::OutputLimit]);
    check("flood of stderr", go("while True: os.write(2, b'x' * 65536)", limits()), &[RunStatus::OutputLimit]);
    check("signal", go("os.kill(os.getpid(), signal.SIGSEGV)", limits()), &[RunStatus::Crashed]);
    check("exit status", go("sys.exit(7)", limits()), &[RunStatus::Error]);
}

#[test]
fn planted_names_do_not_trouble_the_host() {
    let code = "os.mkfifo('/work/pipe'); os.symlink('/etc/passwd', '/work/out'); os.makedirs('/work/a/b')\n\
                os.mkdir('/work/locked', 0); os.mkfifo('/tmp/stdout'); os.chmod('/work/a', 0)\n\
                deep = '/tmp'\n\
                try:\n    for _ in range(2000): os.mkdir(deep + '/d' * 1); os.chdir('/tmp'); deep = deep + '/d'\n\
                except OSError as e: print(e)\nprint('done')";
    let before = host_scratch();
    let outcome = run(code);
    assert_eq!(outcome.status, RunStatus::Completed, "{outcome:?}");
    assert_eq!(before, host_scratch(), "a run leaves nothing on the host");
}

fn host_scratch() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir("/sys/fs/cgroup/pids")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(&format!("edgecoder-{}-", std::process::id())))
        .collect();
    names.sort();
    names
}

#[test]
fn cancel_ends_a_run_at_once() {
    let cancel = Cancel::default();
    let other = cancel.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        other.cancel();
    });
    let started = Instant::now();
    let outcome = run_with("import time\nwhile True: time.sleep(1)\n", limits(), &cancel);
    thread.join().unwrap();
    assert_eq!(outcome.status, RunStatus::Cancelled, "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// Runs forever in a process of its own, for `a_killed_parent_leaves_no_process`.
#[test]
fn sleeper_for_the_kill_test() {
    let Some(marker) = std::env::var_os("EDGECODER_TEST_SLEEPER") else { return };
    let code = format!(
        "import subprocess, time\nsubprocess.Popen(['sleep', '{}'])\nwhile True: time.sleep(1)\n",
        marker.to_string_lossy()
    );
    run_with(&code, Limits { timeout_ms: 60_000, ..limits() }, &Cancel::default());
}

#[test]
fn a_killed_parent_leaves_no_process() {
    for signal in ["-KILL", "-INT"] {
        let marker = format!("{}", 70_000 + std::process::id());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sleeper_for_the_kill_test"])
            .env("EDGECODER_TEST_SLEEPER", &marker)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while processes_with(&marker) == 0 {
            assert!(started.elapsed() < Duration::from_secs(20), "the sandboxed sleeper never started");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        child.wait().unwrap();
        let started = Instant::now();
        while processes_with(&marker) > 0 {
            assert!(started.elapsed() < Duration::from_secs(10), "an orphan is left after {signal}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn processes_with(marker: &str) -> usize {
    let entries = fs::read_dir("/proc").expect("there is a /proc").flatten();
    entries
        .filter(|entry| {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|part| part == marker.as_bytes())
        })
        .count()
}

#[test]
fn the_same_holds_for_an_ordinary_user() {
    run_as_an_ordinary_user();
}
