"""Whether a file lies on a network share, where SQLite's locks do not hold and two posters could both win."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import psutil

REMOTE = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "ncpfs", "fuse.sshfs",
        "fuse.rclone", "fuse.davfs", "fuse.davfs2", "fuse.smbnetfs",
    }
)  # fmt: skip
"""Kinds of file system that lie on another machine."""


class Mount(NamedTuple):
    """Where a file system hangs in the tree, its kind, and what the system says of it."""

    point: str
    kind: str
    opts: str = ""

    @property
    def remote(self) -> bool:
        # Windows says of a mapped drive that it is remote, and nothing of the kind
        return self.kind.lower() in REMOTE or "remote" in self.opts.split(",")


def on_share(path: Path) -> str | None:
    r"""The share that `path` lies on, as the operator knows it; None on a disk of this machine.

    A path like \\server\finance\disburse.db names its share itself.
    """
    real = path.resolve()
    if real.drive.startswith("\\\\"):
        return real.drive
    return remote_mount(
        real, [Mount(each.mountpoint, each.fstype, each.opts) for each in psutil.disk_partitions(all=True)]
    )


def remote_mount(real: Path, mounted: list[Mount]) -> str | None:
    """The mount of another machine under which `real` lies; the innermost mount decides.

    >>> mounted = [Mount("/", "ext4"), Mount("/srv", "nfs4"), Mount("/srv/local", "ext4")]
    >>> remote_mount(Path("/srv/a/disburse.db"), mounted), remote_mount(Path("/srv/local/disburse.db"), mounted)
    ('/srv (nfs4)', None)
    """
    # of two file systems on one point the later covers the earlier
    over = [mount for mount in mounted if real.is_relative_to(mount.point)]
    innermost = max(reversed(over), key=lambda mount: len(Path(mount.point).parts), default=None)
    return f"{innermost.point} ({innermost.kind})" if innermost and innermost.remote else None
