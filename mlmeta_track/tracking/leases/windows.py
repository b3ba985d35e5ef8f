"""What Windows knows of its processes, and of itself."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import winreg
    from ctypes import wintypes

    _QUERY_LIMITED = 0x1000
    _NO_SUCH_PROCESS = 87  # ERROR_INVALID_PARAMETER, which is what a pid that nobody has gives
    _STILL_ACTIVE = 259
    _GUID = r"SOFTWARE\Microsoft\Cryptography"

    def machine_id() -> str | None:
        """Return the id that Windows was given when it was installed."""
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _GUID) as key:
                return str(winreg.QueryValueEx(key, "MachineGuid")[0])
        except OSError:
            return None

    def start_of(pid: int) -> str | None:
        """Return when a process started; "-" if that cannot be had, None if there is none."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = wintypes.HANDLE
        handle = kernel.OpenProcess(_QUERY_LIMITED, False, pid)  # noqa: FBT003 - C has no names
        if not handle:
            return None if ctypes.get_last_error() == _NO_SUCH_PROCESS else "-"
        try:
            return _start_of(kernel, wintypes.HANDLE(handle))
        finally:
            kernel.CloseHandle(wintypes.HANDLE(handle))

    def _start_of(kernel: ctypes.WinDLL, handle: wintypes.HANDLE) -> str | None:
        code = wintypes.DWORD()
        if kernel.GetExitCodeProcess(handle, ctypes.byref(code)) and code.value != _STILL_ACTIVE:
            return None
        times = [wintypes.FILETIME() for _ in range(4)]
        if not kernel.GetProcessTimes(handle, *(ctypes.byref(time) for time in times)):
            return "-"
        return str((times[0].dwHighDateTime << 32) + times[0].dwLowDateTime)
