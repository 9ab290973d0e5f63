"""Tries the kernel's doors out of a sandbox."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
CALLS = {  # a KeyError elsewhere: no sentence that the corpus takes
    "x86_64": {"bpf": 321, "userfaultfd": 323, "io_uring_setup": 425, "keyctl": 250},
    "aarch64": {"bpf": 280, "userfaultfd": 282, "io_uring_setup": 425, "keyctl": 219},
}[os.uname().machine]  # fmt: skip
NEW_USER, NEW_MOUNTS, NEW_PIDS, NEW_NETWORK = 0x10000000, 0x20000, 0x20000000, 1 << 30


def door(name, *arguments):
    if getattr(libc, name)(*arguments) >= 0:
        print("ESCAPED by", name, arguments)


for flags in (NEW_USER, NEW_USER | NEW_MOUNTS, NEW_MOUNTS, NEW_PIDS, NEW_NETWORK):
    door("unshare", flags)
door("mount", b"proc", b"/proc", b"proc", 0, None)
door("mount", b"tmpfs", b"/usr", b"tmpfs", 0, None)
door("mount", None, b"/layerwise/course", None, 32 | 4096, None)
door("umount2", b"/proc", 2)
door("umount2", b"/scratch", 2)
door("chroot", b"/scratch")
door("setns", 3, 0)
for user in {0, 65534} - {os.getuid()}:
    door("setuid", user)
    door("setgid", user)
door("syscall", CALLS["bpf"], 5, None, 0)
door("syscall", CALLS["userfaultfd"], 0)
door("syscall", CALLS["io_uring_setup"], 8, None)
door("syscall", CALLS["keyctl"], 0, 0, 0, 0)
for path in ("kernel/core_pattern", "kernel/hostname", "vm/overcommit_memory"):
    for top in ("/proc/sys", "/proc/1/root/proc/sys"):
        try:
            with open(f"{top}/{path}", "w") as file:
                file.write("layerwise")
            print("ESCAPED by writing", path)
        except OSError:
            pass
try:
    os.link("/proc/self/exe", "/scratch/python")
    print("ESCAPED by a link")
except OSError:
    pass


class Conv2D:
    pass
