# shellcheck shell=bash
# Pueue 4: what is there, else a package, else a release file, else a build with cargo.

PUEUE_WANTED=4.0
PUEUE_PINNED=4.0.4
RUST_WANTED=1.88
RELEASES=https://github.com/Nukesor/pueue/releases/download

# pueue_version DIR: the version of a client and daemon that fit together, or nothing.
pueue_version() {
  local client daemon
  client=$("$1/pueue" --version 2>/dev/null | first_version) || return 0
  daemon=$("$1/pueued" --version 2>/dev/null | first_version) || return 0
  [ -n "$client" ] && [ "$client" = "$daemon" ] && echo "$client"
  return 0
}

# find_pueue: sets PUEUE_DIR and PUEUE_VERSION, or PUEUE_SEEN to what was there instead.
find_pueue() {
  local dir version
  PUEUE_DIR='' PUEUE_SEEN=none
  while IFS= read -r dir; do
    version=$(pueue_version "$dir")
    if [ -n "$version" ] && at_least "$version" "$PUEUE_WANTED"; then
      PUEUE_DIR=$dir PUEUE_VERSION=$version
      return
    fi
    [ -n "$version" ] && [ "$PUEUE_SEEN" = none ] && PUEUE_SEEN="$version ($dir)"
  done < <(
    all_of pueue | sed 's,/[^/]*$,,'
    printf '%s\n' "$HOME/.local/bin" "$HOME/.cargo/bin" "$TOOLS/bin"
  )
  return 1
}

# packaged_pueue: the version that the package manager offers, or nothing.
packaged_pueue() {
  case $MANAGER in
    brew) brew info pueue ;;
    apk) apk search -e pueue ;;
    pacman) pacman -Si pueue | grep -i '^version' ;;
    xbps-install) xbps-query -R -p pkgver pueue ;;
    nix-env) nix-env -qaP pueue ;;
    *) return 0 ;;
  esac 2>/dev/null | sed 's/.*pueue[^0-9]*//' | first_version || true
}

pueue_from_package() {
  local version
  version=$(packaged_pueue)
  at_least "${version:-0}" "$PUEUE_WANTED" && may_install "pueue $version" || return
  try "Installing pueue $version with $MANAGER" run_manager "$(packages_for pueue)"
}

release_target() {
  case $(uname -s):$(uname -m) in
    Linux:x86_64) echo x86_64-unknown-linux-musl ;;
    Linux:aarch64 | Linux:arm64) echo aarch64-unknown-linux-musl ;;
    Darwin:arm64) echo aarch64-apple-darwin ;;
    Darwin:x86_64) echo x86_64-apple-darwin ;;
    *) return 1 ;;
  esac
}

download() { # URL FILE
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --proto '=https' --connect-timeout 4 --max-time 60 -o "$2" "$1"
  else
    wget -q --tries=1 --timeout=4 -O "$2" "$1"
  fi
}

fetch_release() { # DIRECTORY
  local target name
  target=$(release_target) || return
  mkdir -p "$1"
  for name in pueue pueued; do
    download "$RELEASES/v$PUEUE_PINNED/$name-$target" "$1/$name" || return
    chmod 755 "$1/$name"
  done
  [ "$(pueue_version "$1")" = "$PUEUE_PINNED" ]
}

pueue_from_release() {
  [ "$DOWNLOADS" = 1 ] || return
  local partial=$TOOLS/pueue-$PUEUE_PINNED.partial
  rm -rf "$partial"
  if try "Fetching the release of pueue $PUEUE_PINNED" fetch_release "$partial/bin"; then
    rm -rf "$TOOLS/pueue-$PUEUE_PINNED"
    mv "$partial" "$TOOLS/pueue-$PUEUE_PINNED"
    return
  fi
  rm -rf "$partial"
  return 1
}

# cargo_version CARGO: of a cargo that runs from here, whatever toolchain files lie about.
cargo_version() { (cd / && "$1" --version 2>/dev/null </dev/null) | first_version; }

# lend_rustup_home CARGO: rustup's proxies look under $HOME, which need not be the home that they
# were installed in. Asked only where $HOME has none, as a proxy that finds none makes an empty one.
lend_rustup_home() {
  local home
  [ -z "${RUSTUP_HOME:-}" ] && ! [ -d "$HOME/.rustup" ] || return 0
  home=$(readlink -f "$1") && home=${home%/bin/*}
  [ -d "${home%/*}/.rustup" ] || return 0
  export RUSTUP_HOME=${home%/*}/.rustup CARGO_HOME=${CARGO_HOME:-$home}
  [ -w "$CARGO_HOME" ] || CARGO_HOME=$TOOLS/cargo-home
}

# find_cargo: sets CARGO and CARGO_VERSION, or CARGO_SEEN to what was there instead.
find_cargo() {
  local candidate version
  CARGO='' CARGO_SEEN=none
  while IFS= read -r candidate; do
    [ -x "$candidate" ] || continue
    lend_rustup_home "$candidate"
    version=$(cargo_version "$candidate")
    if [ -n "$version" ] && at_least "$version" "$RUST_WANTED"; then
      CARGO=$candidate CARGO_VERSION=$version
      return
    fi
    [ "$CARGO_SEEN" != none ] || CARGO_SEEN=${version:-one that does not run}
  done < <(all_of cargo; echo "$HOME/.cargo/bin/cargo")
  return 1
}

# packaged_cargo: a package of the manager with a cargo that is new enough, or nothing.
packaged_cargo() {
  local name version
  for name in cargo cargo-web rust; do
    case $MANAGER in
      apt-get) version=$(apt-cache policy "$name" | sed -n 's/.*Candidate: //p') ;;
      dnf) version=$(dnf -q info "$name" | sed -n 's/^Version *: //p' | head -n 1) ;;
      pacman) version=$(pacman -Si "$name" | sed -n 's/^Version *: //p') ;;
      apk) version=$(apk search -e "$name" | sed "s/^$name-//") ;;
      brew) version=$(brew info "$name" | first_version) ;;
      *) return 0 ;;
    esac 2>/dev/null
    at_least "$(echo "${version:-0}" | first_version)" "$RUST_WANTED" && echo "$name" && return
  done
  return 0
}

need_cargo() {
  find_cargo && return
  local package
  if may_install "cargo, to build pueue,"; then
    refresh_lists
    package=$(packaged_cargo)
    [ -z "$package" ] || try "Installing $package with $MANAGER" run_manager "$package" || true
    hash -r
  fi
  find_cargo || die \
    "pueue >= $PUEUE_WANTED is needed (found: $PUEUE_SEEN), and there is no cargo >= $RUST_WANTED to build it with (found: $CARGO_SEEN)." \
    "Install pueue $PUEUE_PINNED with your package manager, or Rust with rustup (https://rustup.rs)," \
    "then run this again."
}

build_pueue() (
  cd / || exit
  # In the private root, so that a build that was interrupted goes on where it stopped.
  CARGO_TARGET_DIR=$TOOLS/pueue-build "$CARGO" install --locked --force \
    --root "$TOOLS/pueue-$PUEUE_PINNED" pueue --version "=$PUEUE_PINNED" &&
    rm -rf "$TOOLS/pueue-build"
)

pueue_from_cargo() {
  need_cargo
  command -v cc >/dev/null 2>&1 || install_part compiler "A C compiler is needed to build pueue."
  must "Building pueue $PUEUE_PINNED with cargo $CARGO_VERSION (some minutes)" \
    "Is the crates registry reachable, and is there 1 GB of space? Then run this again." build_pueue
}

need_pueue() {
  if ! find_pueue; then
    [ "$PUEUE_SEEN" = none ] || say "pueue $PUEUE_SEEN is too old: $PUEUE_WANTED is needed"
    pueue_from_package || pueue_from_release || pueue_from_cargo
    local name
    for name in pueue pueued; do
      [ ! -x "$TOOLS/pueue-$PUEUE_PINNED/bin/$name" ] ||
        ln -sfn "../pueue-$PUEUE_PINNED/bin/$name" "$TOOLS/bin/$name"
    done
    find_pueue || die "pueue was installed, but no client and daemon >= $PUEUE_WANTED run." \
      "Run 'pueue --version' and 'pueued --version' to see why."
  fi
  say "pueue $PUEUE_VERSION ($PUEUE_DIR)"
}
