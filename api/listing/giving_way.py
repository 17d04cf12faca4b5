"""What takes long gives way to what is answered at once."""

import os
import sys
import threading
from contextlib import suppress

# By how much: while all are busy on one core, the event loop gets three quarters of it.
NICE = 5
_THREAD = threading.local()


def give_way() -> None:
    """Let the other threads of the process go first from now on, where a system tells them apart (Linux).

    For threads that answer lists and exports: what the event loop finds at once must not wait for a facet.
    Where nobody else is busy it changes nothing.
    """
    if sys.platform == "linux" and not getattr(_THREAD, "gives_way", False):
        own = threading.get_native_id()
        # Never back: that takes rights which a service has not. Where this takes them too, all are equal.
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, own, os.getpriority(os.PRIO_PROCESS, own) + NICE)
        _THREAD.gives_way = True
