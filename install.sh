#!/usr/bin/env bash
# Installs ccpar-hybrid from this checkout. May be run again at any time: it mends what is missing.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: ./install.sh [options]

Finds or installs what ccpar-hybrid needs (tmux, git, python, pueue), builds its environment in
.venv, and links its commands into ~/.local/bin. Run again, it does only what is missing.

  --yes           ask nothing; root is used only if you are root or sudo needs no password
  --no-root       never use root; say what is missing instead
  --dev           also what the tests need
  --claude        also Claude Code, from npm, if no claude is found
  --no-link       do not touch ~/.local/bin
  --no-download   fetch no release file of pueue (a package, or a build with cargo instead)
  --prefix DIR    build the environment in DIR/venv instead of .venv
  --check         change nothing; say what is there and what is missing (exit 4 if anything is)
  --uninstall     remove our links and the environment, nothing else
  --help          this text

exit codes: 0 good, 1 a step failed, 2 bad usage, 4 something is missing (--check)
TEXT
}

bad_usage() {
  printf 'install.sh: %s\n\n' "$1" >&2
  usage >&2
  exit 2
}

YES=0 ROOT_ALLOWED=1 DEV=0 WITH_CLAUDE=0 LINKS=1 DOWNLOADS=1 PREFIX='' MODE=install
while [ $# -gt 0 ]; do
  case $1 in
    -y | --yes) YES=1 ;;
    --no-root) ROOT_ALLOWED=0 ;;
    --dev) DEV=1 ;;
    --claude) WITH_CLAUDE=1 ;;
    --no-link) LINKS=0 ;;
    --no-download) DOWNLOADS=0 ;;
    --prefix) [ -n "${2:-}" ] || bad_usage "--prefix needs a directory" && PREFIX=$2 && shift ;;
    --prefix=?*) PREFIX=${1#--prefix=} ;;
    --check) MODE=check ;;
    --uninstall) MODE=uninstall ;;
    -h | --help) usage && exit ;;
    *) bad_usage "unknown option: $1" ;;
  esac
  shift
done

case $PREFIX in '' | /*) ;; *) PREFIX=$PWD/$PREFIX ;; esac

# A link to this script may lie anywhere; readlink without -f is what old systems have too.
self=${BASH_SOURCE[0]}
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in /*) self=$target ;; *) self=$(dirname "$self")/$target ;; esac
done
ROOT=$(cd "$(dirname "$self")" && pwd -P)
# shellcheck source=install/say.sh
. "$ROOT/install/say.sh"
# shellcheck source=install/system.sh
. "$ROOT/install/system.sh"
# shellcheck source=install/python.sh
. "$ROOT/install/python.sh"
# shellcheck source=install/pueue.sh
. "$ROOT/install/pueue.sh"
# shellcheck source=install/claude.sh
. "$ROOT/install/claude.sh"
# shellcheck source=install/link.sh
. "$ROOT/install/link.sh"

[ -n "${HOME:-}" ] || die "HOME is not set." "Run this with HOME set to your home directory."
BIN=$HOME/.local/bin
TOOLS=${XDG_DATA_HOME:-$HOME/.local/share}/ccpar-hybrid/tools
VENV=$ROOT/.venv
STAMP=$VENV/ccpar-stamp
PATH_BEFORE=$PATH
PATH=$PATH:$BIN:$HOME/.cargo/bin
MANAGER=$(find_manager || true)

# lock: one installation at a time for a user, as clones share the tools. The lock goes with the
# process, however it ends; where there is no flock (macOS) two runs are not kept apart.
lock() {
  command -v flock >/dev/null 2>&1 || return 0
  exec 9>"$TOOLS/lock"
  if ! flock -n 9; then
    say "Another installation is running; waiting for it"
    flock 9
  fi
}

prepare() {
  # The directory above holds private data of the program later, so it is private from the start.
  { mkdir -p "${TOOLS%/ccpar-hybrid/tools}" && (umask 077 && mkdir -p "$TOOLS/bin"); } || die "cannot make the directory $TOOLS." \
    "May you write in ${TOOLS%/ccpar-hybrid/tools}?"
  lock
  STEP_LOG=$(mktemp "${TMPDIR:-/tmp}/ccpar-install.XXXXXX")
  trap 'rm -f "$STEP_LOG"' EXIT
  trap 'say ""; say "Interrupted. Run this again to go on."; exit 130' INT TERM
}

install_all() {
  prepare
  need_tmux
  need_git
  need_python
  need_pueue
  [ "$WITH_CLAUDE" = 0 ] || need_claude
  need_venv
  [ "$LINKS" = 0 ] || link_commands
  tell_shadow
  if [ "$LINKS" = 1 ]; then say "Ready: ccpar-hybrid --help"; else say "Ready: $ROOT/bin/ccpar-hybrid"; fi
}

MISSING=0
report() { # PART FOUND WANTED
  if [ -n "$2" ]; then
    printf 'ok       %-12s %s\n' "$1" "$2"
  else
    printf 'MISSING  %-12s %s\n' "$1" "$3"
    MISSING=1
  fi
}

check_all() {
  local version
  version=$(tmux_version)
  at_least "${version:-0}" "$TMUX_WANTED" || version=''
  report tmux "$version" ">= $TMUX_WANTED is needed; found: $(tmux -V 2>/dev/null || echo none)"
  report git "$(git --version 2>/dev/null | first_version)" "is needed"
  find_python || true
  report python "${PYTHON:+$PYTHON_VERSION ($PYTHON)}" ">= $PYTHON_WANTED with venv is needed; found: $PYTHON_SEEN"
  find_pueue || true
  report pueue "${PUEUE_DIR:+$PUEUE_VERSION ($PUEUE_DIR)}" ">= $PUEUE_WANTED is needed; found: $PUEUE_SEEN"
  if find_claude || [ "$WITH_CLAUDE" = 1 ]; then
    [ -x "$CLAUDE" ] || CLAUDE=''
    report claude "$CLAUDE" "no claude is found; --claude installs it"
  fi
  venv_current && version=$VENV || version=''
  report environment "$version" "$VENV is missing or out of date"
  [ "$MISSING" = 0 ] || { say "Run ./install.sh to install what is missing" && exit 4; }
}

case $MODE in
  check) check_all ;;
  uninstall) uninstall ;;
  install) install_all ;;
esac
