"""A demo as a person starts it, in a copy of the portal, so that the one in this folder is left alone."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "var", "node_modules", "__pycache__", ".*_cache")


def copy_portal(folder: Path) -> Path:
    """Copy the portal into a folder, which gets no database and shares the installed packages."""
    copy = folder.resolve() / "portal"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    return copy


class Demo:
    """A demo started by ./run, as in a shell where nothing of the tests is set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PORT": str(self.port)}
        self.output = folder / "output"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(["./run"], cwd=folder, env=self.env, stdout=output, stderr=output)
        self.says("Stop  ")

    def says(self, pattern: str) -> re.Match:
        deadline = time.monotonic() + 60
        while not (found := re.search(pattern, self.output.read_text())):
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.1)
        return found

    @property
    def address(self) -> str:
        return self.says(r"Open +(http://\S+)")[1]

    def ask(self, *arguments: str, **env: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["./run", *arguments], cwd=self.folder, env=self.env | env, capture_output=True, text=True, check=False
        )

    def programs(self, name: str = "") -> list[int]:
        """Return the processes of this folder's programs, its own first."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_text().replace("\0", " ") if entry.name.isdecimal() else ""
                if f"bin/{name}" in command and (entry / "cwd").resolve() == self.folder:
                    found.append(int(entry.name))
            except OSError:
                continue  # It ended while we looked.
        return sorted(found)

    def clear_away(self) -> None:
        self.process.kill()
        self.process.wait()
        for process in self.programs():
            os.kill(process, signal.SIGKILL)
