# shellcheck shell=bash
# The system's package manager: which one, what it calls things, and asking before using root.

TMUX_WANTED=3.2
APT_FRESH=

find_manager() {
  local name
  for name in apt-get dnf pacman apk zypper xbps-install brew nix-env; do
    command -v "$name" >/dev/null 2>&1 && echo "$name" && return
  done
  return 1
}

# packages_for PART: the names of a part's packages in $MANAGER.
packages_for() {
  case $MANAGER:$1 in
    apt-get:python) apt_python ;;
    brew:python) echo python@3.13 ;;
    nix-env:python) echo nixpkgs.python313 ;;
    pacman:python) echo python ;;
    dnf:python | zypper:python) echo python3.12 ;;
    *:python) echo python3 ;;
    apt-get:compiler) echo gcc libc6-dev ;;
    apk:compiler) echo build-base ;;
    *:compiler) echo gcc ;;
    apt-get:node | apk:node | xbps-install:node) echo nodejs npm ;;
    dnf:node | zypper:node | pacman:node) echo nodejs npm ;;
    brew:node) echo node ;;
    nix-env:*) echo "nixpkgs.$1" ;;
    *) echo "$1" ;;
  esac
}

# apt_python: Debian splits venv off, and an old default may stand beside a newer python.
apt_python() {
  local version
  for version in 3.13 3.12 3.11; do
    if apt-cache policy "python$version-venv" 2>/dev/null | grep -q 'Candidate: [0-9]'; then
      echo "python$version python$version-venv"
      return
    fi
  done
  echo python3 python3-venv
}

manager_install() {
  case $MANAGER in
    apt-get) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" ;;
    dnf) dnf install -y "$@" ;;
    pacman) pacman -S --needed --noconfirm "$@" ;;
    apk) apk add "$@" ;;
    zypper) zypper --non-interactive install "$@" ;;
    xbps-install) xbps-install -Sy "$@" ;;
    brew) brew install "$@" ;;
    nix-env) nix-env -iA "$@" ;;
  esac
}

needs_root() { case $MANAGER in brew | nix-env) return 1 ;; esac; }

# as_root COMMAND...: directly, or by sudo, which asks for no password when it was told --yes.
as_root() {
  if ! needs_root || [ "$(id -u)" = 0 ]; then "$@"; return; fi
  if [ "$YES" = 1 ]; then sudo -n "$@"; else sudo "$@"; fi
}

# may_install WHAT: is there a manager, may root be used, and does the person agree?
may_install() {
  [ -n "$MANAGER" ] || return 1
  if needs_root; then
    [ "$ROOT_ALLOWED" = 1 ] || return 1
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1 || return 1
    ask "Install $1 with $MANAGER (needs root)?"
  else
    ask "Install $1 with $MANAGER?"
  fi
}

# Lists that are not there yet or old name no packages, or ones that are gone.
refresh_lists() {
  [ "$MANAGER" = apt-get ] && [ -z "$APT_FRESH" ] || return 0
  try "Reading what $MANAGER offers" as_root apt-get update || true
  APT_FRESH=1
}

# Functions cannot go through sudo, so their text does.
run_manager() {
  if needs_root && [ "$(id -u)" != 0 ]; then
    as_root bash -c "MANAGER=$MANAGER; $(declare -f manager_install); manager_install \"\$@\"" -- "$@"
  else
    manager_install "$@"
  fi
}

# install_part PART WHY: installs it or ends with the line that a person can run.
install_part() {
  local packages
  packages=$(packages_for "$1")
  if ! may_install "$1"; then
    die "$2" "Install it yourself${MANAGER:+ (${MANAGER}: $packages)} and run this again."
  fi
  refresh_lists
  packages=$(packages_for "$1")
  # shellcheck disable=SC2086 # several names, none of them a person's
  must "Installing $1 with $MANAGER" "Install $packages yourself and run this again." \
    run_manager $packages
  hash -r
}

tmux_version() { tmux -V 2>/dev/null | first_version || true; }

need_tmux() {
  local version
  version=$(tmux_version)
  if [ -z "$version" ] || ! at_least "$version" "$TMUX_WANTED"; then
    install_part tmux "tmux >= $TMUX_WANTED is needed; found: ${version:-none}."
    version=$(tmux_version)
    at_least "${version:-0}" "$TMUX_WANTED" ||
      die "$MANAGER gave tmux ${version:-nothing}; $TMUX_WANTED or later is needed." \
        "Build a later tmux from source, put it first on PATH and run this again."
  fi
  say "tmux $version"
}

need_git() {
  command -v git >/dev/null 2>&1 || install_part git "git is needed; found: none."
  say "git $(git --version | first_version)"
}
