"""The most memory that this process ever held."""

import resource
from pathlib import Path


def peak_mb():
    """Of this program alone; `ru_maxrss` keeps that of the process which started it, if larger.

    Where the system does not tell it apart, it is `ru_maxrss` all the same.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        status = ""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
