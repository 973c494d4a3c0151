"""install.sh and the starters in bin/, in a checkout and a home of their own, with no network.

PATH holds nothing but the usual tools and stand-ins for tmux, git, pueue and python, so that the
same things are there, or missing, on every machine. bin/test runs the real installation.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
USUAL_TOOLS = (
    "bash sh cat chmod cksum cp dirname env flock grep head id ln mkdir mktemp mv readlink rm sed "
    "tail touch tr uname"
)
PYTHON = """#!/bin/sh
case "$*" in
  *"-m venv"*)
    for last in "$@"; do :; done
    mkdir -p "$last/bin"; cp "$0" "$last/bin/python"; : >"$last/pyvenv.cfg"
    echo venv >>"$HOME/log" ;;
  *"-m pip"*)
    [ ! -e "$HOME/no-index" ] || { echo "the index is away"; exit 1; }
    echo pip >>"$HOME/log" ;;
  "-I -c import sys"*) echo "VERSION good $0" ;;
  "-P -m ccpar_hybrid"*) shift 3; printf '<%s>' "$@" ;;
  "-I -S "*) shift 2; printf '<%s>' "$@" ;;
esac
"""


class Machine:
    """A checkout, a home and a PATH in a directory whose name has a blank and quotes."""

    def __init__(self, directory: Path) -> None:
        self.checkout = directory / 'it\'s "the" checkout'
        self.home = directory / "home"
        self.tools = directory / "bin"
        self.links = self.home / ".local/bin"
        self.log = self.home / "log"
        for path in (self.checkout, self.home, self.tools):
            path.mkdir()
        for name in ("install", "bin", "requirements"):
            shutil.copytree(ROOT / name, self.checkout / name)
        for name in ("install.sh", "pyproject.toml"):
            shutil.copy2(ROOT / name, self.checkout / name)
        for name in USUAL_TOOLS.split():
            if found := shutil.which(name):
                (self.tools / name).symlink_to(found)
        self.provide("tmux", "echo tmux 3.3a")
        self.provide("git", "echo git version 2.39.5")
        self.provide("pueue", "echo pueue 4.0.4")
        self.provide("pueued", "echo pueued 4.0.4")
        self.provide_python("python3", "3.12.1")

    def provide(self, name: str, script: str) -> None:
        """Put a program on PATH."""
        self.write(self.tools / name, f"#!/bin/sh\n{script}\n")

    def provide_python(self, name: str, version: str) -> None:
        """Put a python on PATH that says it is of that version."""
        self.write(self.tools / name, PYTHON.replace("VERSION", version))

    @staticmethod
    def write(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def environment(self, **more: str) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": str(self.tools), **more}

    def run(self, *argv: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in argv],
            cwd=cwd or self.home,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def install(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.checkout / "install.sh", *options)

    def installed(self) -> "Machine":
        assert self.install("--yes").returncode == 0
        return self

    def everything(self) -> set[tuple[str, str]]:
        """Every file below the checkout and the home, and where the links lead."""
        return {
            (str(path), str(path.readlink()) if path.is_symlink() else "")
            for top in (self.checkout, self.home)
            for path in top.rglob("*")
        }


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_unknown_option_is_refused_with_the_usage(machine: Machine) -> None:
    done = machine.install("--frobnicate")
    assert done.returncode == 2
    assert "unknown option: --frobnicate" in done.stderr
    assert "usage: ./install.sh" in done.stderr


def test_help_names_every_option_that_is_accepted(machine: Machine) -> None:
    done = machine.install("--help")
    assert done.returncode == 0
    for option in ("--yes", "--no-root", "--dev", "--claude", "--prefix", "--check", "--uninstall"):
        assert option in done.stdout


def test_check_says_what_is_missing_and_changes_nothing(machine: Machine) -> None:
    (machine.tools / "tmux").unlink()
    machine.provide("pueue", "echo pueue 3.4.1")
    machine.provide("pueued", "echo pueued 3.4.1")
    before = machine.everything()
    done = machine.install("--check")
    assert done.returncode == 4
    missing = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("MISSING")]
    assert missing == ["tmux", "pueue", "environment"]
    assert f"found: 3.4.1 ({machine.tools})" in done.stdout
    assert machine.everything() == before


def test_check_is_content_with_what_the_installation_left(machine: Machine) -> None:
    done = machine.installed().install("--check")
    assert done.returncode == 0, done.stdout
    assert "MISSING" not in done.stdout


def test_it_installs_from_anywhere_through_a_link(machine: Machine, tmp_path: Path) -> None:
    link = tmp_path / "a link"
    link.symlink_to(machine.checkout / "install.sh")
    done = machine.run(link, "--yes", cwd=Path("/"))
    assert done.returncode == 0, done.stderr
    for name in ("ccpar-hybrid", "ccpar-task", "ccpar-hook"):
        assert (machine.links / name).resolve() == machine.checkout / "bin" / name


def test_a_second_run_does_nothing_again(machine: Machine) -> None:
    before = machine.installed().everything()
    done = machine.install("--yes")
    assert done.returncode == 0
    assert "up to date" in done.stdout
    assert "Linking" not in done.stdout
    assert machine.everything() == before
    assert machine.log.read_text().split() == ["venv", "pip"]


def test_new_pins_are_installed_into_the_same_environment(machine: Machine) -> None:
    machine.installed()
    with (machine.checkout / "requirements/constraints.txt").open("a") as pins:
        pins.write("another==1.0\n")
    assert machine.install("--yes").returncode == 0
    assert machine.log.read_text().split() == ["venv", "pip", "pip"]


def test_a_step_that_fails_is_named_and_the_next_run_mends_it(machine: Machine) -> None:
    (machine.home / "no-index").touch()
    failed = machine.install("--yes")
    assert failed.returncode == 1
    assert "this step failed: Installing the project" in failed.stderr
    assert "| the index is away" in failed.stderr
    (machine.home / "no-index").unlink()
    assert machine.install("--yes").returncode == 0
    assert machine.run(machine.links / "ccpar-hybrid", "list").stdout == "<list>"


def test_a_checkout_that_was_moved_gets_its_environment_anew(machine: Machine) -> None:
    machine.installed()
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("moved"))
    assert machine.run(machine.checkout / "bin/ccpar-hybrid", "list").returncode == 4
    done = machine.install("--yes")
    assert "Replacing" in done.stdout
    assert machine.log.read_text().split() == ["venv", "pip", "venv", "pip"]
    assert machine.run(machine.links / "ccpar-hybrid", "list").stdout == "<list>"


def test_what_others_put_into_local_bin_is_kept(machine: Machine) -> None:
    machine.links.mkdir(parents=True)
    (machine.links / "ccpar-task").write_text("mine")
    (machine.links / "ccpar-hook").symlink_to(machine.tools / "tmux")
    done = machine.install("--yes")
    assert done.returncode == 0
    assert done.stdout.count("KEPT") == 2
    assert (machine.links / "ccpar-task").read_text() == "mine"
    assert (machine.links / "ccpar-hook").readlink() == machine.tools / "tmux"


def test_uninstall_takes_back_what_it_made_and_nothing_else(machine: Machine) -> None:
    machine.installed()
    (machine.links / "ccpar-task").unlink()
    (machine.links / "ccpar-task").write_text("mine")
    assert machine.install("--uninstall").returncode == 0
    assert [path.name for path in machine.links.iterdir()] == ["ccpar-task"]
    assert not (machine.checkout / ".venv").exists()
    assert machine.install("--uninstall").returncode == 0


def test_the_environment_can_lie_elsewhere(machine: Machine, tmp_path: Path) -> None:
    assert machine.install("--yes", "--prefix", str(tmp_path / "else where")).returncode == 0
    assert (tmp_path / "else where/venv/bin/python").exists()
    assert machine.run(machine.links / "ccpar-hybrid", "list").stdout == "<list>"
    assert machine.install("--uninstall").returncode == 0
    assert not (tmp_path / "else where/venv").exists()


def test_a_later_python_is_taken_where_the_default_is_too_old(machine: Machine) -> None:
    machine.provide_python("python3", "3.9.2")
    machine.provide_python("python3.13", "3.13.0")
    assert f"python 3.13.0 ({machine.tools / 'python3.13'})" in machine.install("--yes").stdout


def test_without_pueue_and_cargo_it_says_what_to_do(machine: Machine) -> None:
    (machine.tools / "pueue").unlink()
    done = machine.install("--yes", "--no-root", "--no-download")
    assert done.returncode == 1
    assert "there is no cargo >= 1.88" in done.stderr
    assert "rustup" in done.stderr
    assert not (machine.checkout / ".venv").exists()


def test_two_installations_do_not_run_at_once(machine: Machine, tmp_path: Path) -> None:
    tools = machine.home / ".local/share/ccpar-hybrid/tools"
    tools.mkdir(parents=True)
    output = tmp_path / "output"
    with (tools / "lock").open("w") as lock, output.open("w") as sink:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [machine.checkout / "install.sh", "--yes"],
            env=machine.environment(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        with second:
            wait_until(lambda: "waiting for it" in output.read_text())
            assert not machine.log.exists()
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert second.wait(60) == 0


def test_the_starter_passes_every_argument_on_as_it_is(machine: Machine) -> None:
    machine.installed()
    words = ("add", "a  b", "*", "$(id)", "", "-x", "two\nlines")
    wanted = "".join(f"<{word}>" for word in words)
    starters = machine.checkout / "bin"
    assert machine.run(machine.links / "ccpar-hybrid", *words).stdout == wanted
    assert machine.run("./ccpar-hybrid", *words, cwd=starters).stdout == wanted
    assert machine.run("../bin/ccpar-hybrid", *words, cwd=starters).stdout == wanted
    shim = machine.checkout / "ccpar_hybrid/worker/start_shim.py"
    assert machine.run(machine.links / "ccpar-task", *words).stdout == f"<{shim}>{wanted}"
    hook = machine.checkout / "ccpar_hybrid/worker/start_hook.py"
    assert machine.run(machine.links / "ccpar-hook", *words).stdout == f"<{hook}>{wanted}"


@pytest.mark.parametrize("starter", ["ccpar-hybrid", "ccpar-task", "ccpar-hook"])
def test_a_starter_that_is_not_installed_says_so_in_one_line(
    machine: Machine, starter: str
) -> None:
    done = machine.run(machine.checkout / "bin" / starter, "list")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert str(machine.checkout / "install.sh") in done.stderr


def test_a_change_of_the_pins_stops_the_starter_until_it_is_installed(machine: Machine) -> None:
    machine.installed()
    later = (machine.checkout / ".venv/ccpar-stamp").stat().st_mtime + 5
    os.utime(machine.checkout / "requirements/constraints.txt", (later, later))
    assert machine.run(machine.links / "ccpar-hybrid", "list").returncode == 4


def test_the_demo_installs_what_it_needs_and_links_nothing(machine: Machine) -> None:
    done = machine.run(machine.checkout / "bin/ccpar-hybrid", "demo", "--keep")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "<demo><--keep>"
    assert not machine.links.exists()
