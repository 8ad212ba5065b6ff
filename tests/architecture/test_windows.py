"""The code runs on Windows: calls that only POSIX has are guarded and listed, and text files name their encoding."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.architecture.source import ROOT, calls, files, imports, keywords, location, nodes

CODE = [ROOT / "app.py", *files("gan_core", "ui", "pages")]
POSIX_MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix"}
POSIX_NAMES = re.compile(
    r"os\.(fork\w*|(get|set)(e|re|res)?[ug]id|getgroups|setgroups|initgroups|kill|killpg|nice|[gs]etpriority|PRIO_\w+|"
    r"sched_\w+|f?statvfs|l?chown|mkfifo|mknod|uname|getpgid|setpgid|setsid|wait\w*|O_(DIRECTORY|NOFOLLOW|CLOEXEC|SYNC)|"
    r"pread\w*|pwrite\w*|sysconf\w*|getloadavg|register_at_fork|openpty|ttyname|memfd_create|sendfile|posix_\w+|chroot)"
    r"|signal\.(SIG(KILL|HUP|ALRM|USR[12]|PIPE|QUIT|CHLD|STOP|CONT|TSTP)|pthread_\w+|sigwait\w*|setitimer|alarm|pause)"
    r"|time\.tzset|socket\.AF_UNIX|ctypes\.CDLL"
)
GUARDED = {  # what only POSIX has, in each file, and the condition that keeps Windows away from it
    "gan_core/session/evaluator.py": ({"os.setpriority", "os.PRIO_PROCESS"}, 'sys.platform == "linux"'),
    "gan_core/system/allocator.py": ({"ctypes.CDLL"}, 'platform.libc_ver()[0] == "glibc"'),
    "gan_core/system/folders.py": ({"os.getuid"}, 'hasattr(os, "getuid")'),
    "gan_core/system/signals.py": ({"signal.SIGHUP"}, 'hasattr(signal, "SIGHUP")'),
}


def posix_names(file: Path) -> set[str]:
    """The names in a file that Windows lacks: os.fork, fcntl."""
    attributes = {ast.unparse(node) for node in nodes(file) if isinstance(node, ast.Attribute)}
    return {name for name in attributes if POSIX_NAMES.fullmatch(name)} | (imports(file) & POSIX_MODULES)


def test_every_call_that_windows_lacks_is_guarded() -> None:
    found = {file.relative_to(ROOT).as_posix(): posix_names(file) for file in CODE}
    assert {name: used for name, used in found.items() if used} == {name: used for name, (used, _) in GUARDED.items()}
    for name, (_, guard) in GUARDED.items():
        assert guard in (ROOT / name).read_text(encoding="utf-8"), name


def test_text_files_are_opened_with_an_encoding() -> None:
    """Windows would read them as cp1252."""
    for file in CODE:
        for name, call in calls(file):
            method = name.split(".")[-1]
            if method in ("read_text", "write_text"):
                assert "encoding" in keywords(call) or len(call.args) > (method == "write_text"), location(file, call)
            if name in ("open", "io.open", "os.fdopen") or (method == "open" and _is_text_mode(call)):
                assert "encoding" in keywords(call) or not _is_text_mode(call, default=True), location(file, call)
            if name in ("subprocess.run", "subprocess.Popen", "subprocess.check_output") and "text" in keywords(call):
                assert "encoding" in keywords(call), location(file, call)


def _is_text_mode(call: ast.Call, default: bool = False) -> bool:
    """Whether a call of `open` has a mode, among its first arguments or by name, for text."""
    given = [*call.args[:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    modes = [mode for mode in modes if re.fullmatch(r"[rwxa]\+?[bt]?\+?", mode)]
    return "b" not in modes[-1] if modes else default


def test_paths_and_times_have_no_posix_forms() -> None:
    for file in CODE:
        for node in nodes(file):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.startswith(("/dev/", "/tmp", "/usr/")), location(file, node)
        for name, call in calls(file):
            text = ast.unparse(call)
            assert not (name.endswith("strftime") and re.search(r"%-|%:", text)), location(file, call)
            assert name != "os.rename", f"{location(file, call)}: fails on Windows where the target exists; os.replace"
            assert not name.endswith((".symlink_to", ".hardlink_to", "os.symlink")), location(file, call)
            assert not ("split" in name and text.endswith("('/')") and "path" in name.lower()), location(file, call)
