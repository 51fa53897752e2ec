"""A machine with a systemd of its own, in namespaces on this one: the package is installed there and runs as it would."""

import os
import pathlib
import shutil
import signal
import subprocess

import relay as roomwire

# Nothing of this machine is changed: /usr, /etc and /var are seen through an overlay that goes with the namespace, and
# of systemd's units only those exist that are needed to reach the relay's.
BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs {home}
for folder in usr etc var; do
    mkdir -p {home}/$folder/upper {home}/$folder/work
    mount -t overlay overlay -o lowerdir=/$folder,upperdir={home}/$folder/upper,workdir={home}/$folder/work /$folder
done
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/lock
rm -rf /etc/systemd/system/* /usr/sbin/policy-rc.d
for name in basic default local-fs multi-user network-online paths shutdown slices sockets sysinit timers; do
    printf '[Unit]\\nDescription=%s\\nDefaultDependencies=no\\n' $name >/run/systemd/system/$name.target
done
export SYSTEMD_UNIT_PATH=/run/systemd/system:/etc/systemd/system:/run/package container=test
mkdir /run/package
ln -s /lib/systemd/system/roomwire.service /lib/systemd/system/roomwire.socket /run/package/
exec /lib/systemd/systemd --system --log-target=console --default-standard-output=journal+console
"""


def why_not():
    """Why there can be no such machine here, if there cannot."""
    if os.geteuid() != 0:
        return "only root may make namespaces with a systemd in them"
    if pathlib.Path("/run/systemd/system").exists():
        return "this machine has a systemd of its own, which rules the control groups"
    if not pathlib.Path("/lib/systemd/systemd").exists() or not shutil.which("nsenter"):
        return "there is no systemd here"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-c",
         "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w && "
         "mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc"],
        capture_output=True, text=True, timeout=60)
    return f"no overlays in namespaces here: {tried.stderr.strip()}" if tried.returncode else None


class Machine:
    """Boots; then commands run inside. It shares the network, so its relay is reached on a port of this machine."""

    def __init__(self, folder):
        self.log = folder / "machine.txt"
        home = folder / "overlay"
        home.mkdir()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--uts", "--ipc", "bash", "-c",
                 BOOT.format(home=home)], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        roomwire.wait_until(self.is_up, "systemd to be up")

    def children(self):
        return pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()

    def is_up(self):
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        if not self.children():
            return False
        return self.command("systemctl", "is-active", "default.target").stdout.strip() == "active"

    def command(self, *arguments, input=None):
        return subprocess.run(
            ["nsenter", "-t", self.children()[0], "-m", "-p", "-u", "-i", *arguments], input=input,
            capture_output=True, text=True, timeout=120, cwd="/")

    def run(self, *arguments, input=None):
        """A command that must succeed."""
        done = self.command(*arguments, input=input)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}\n{self.said()}"
        return done.stdout.strip()

    def write(self, path, text):
        """Keeps the file's owner and rights."""
        self.run("mkdir", "-p", str(pathlib.Path(path).parent))
        self.run("tee", path, input=text)

    def show(self, name, unit="roomwire.service"):
        return self.run("systemctl", "show", "-P", name, unit)

    def said(self):
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self):
        for child in self.children() if self.process.poll() is None else []:
            os.kill(int(child), signal.SIGKILL)
        self.process.wait(roomwire.DEADLINE_SECONDS)
