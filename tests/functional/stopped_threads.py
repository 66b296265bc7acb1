"""Threads of another process that get no time, one by one, as under a debugger: a stand-in for threads that hang."""
import ctypes
import os

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17  # <sys/ptrace.h>
WALL = 0x40000000  # waitpid() also for threads

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class StoppedThreads:
    """`with StoppedThreads(ids):` the threads stand still. To be entered and left by one thread. OSError where tracing
    is not allowed."""

    def __init__(self, threads):
        self.threads = list(threads)
        self.seized = []

    def __enter__(self):
        try:
            for thread in self.threads:
                _ptrace(SEIZE, thread)
                self.seized.append(thread)
                _ptrace(INTERRUPT, thread)
                os.waitpid(thread, WALL)
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for thread in self.seized:
            _ptrace(DETACH, thread)


def threads_of(pid, name):
    """The ids of the process's threads of that name."""
    def has_name(thread):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as file:
            return file.read().strip() == name
    return [int(thread) for thread in os.listdir(f"/proc/{pid}/task") if has_name(thread)]
