# shellcheck shell=bash
# The commands in ~/.local/bin: links that are ours are made and removed, nothing else is touched.

OUR_COMMANDS="ccpar-hybrid ccpar-task ccpar-hook"
PRIVATE_TOOLS="pueue pueued claude"

# link NAME TARGET: never over something that does not point into this checkout or our tools.
link() {
  local place=$BIN/$1 now
  now=$(readlink "$place" 2>/dev/null || true)
  [ "$now" = "$2" ] && return
  if [ -n "$now" ] && is_ours "$1" "$now"; then
    say "Replacing $place: it pointed to $now"
  elif [ -e "$place" ] || [ -L "$place" ]; then
    say "KEPT $place: it is not ours. Remove it and run this again, or call $2"
    return
  else
    say "Linking $place"
  fi
  ln -sfn "$2" "$place"
}

# is_ours NAME TARGET: does the link lead into our tools, or to a checkout of this project that is
# there or gone? (The link of pipx, say, leads to a bin directory with no install.sh beside it.)
is_ours() {
  local checkout=${2%"/bin/$1"}
  [ "$2" = "$TOOLS/bin/$1" ] && return
  case " $OUR_COMMANDS " in *" $1 "*) ;; *) return 1 ;; esac
  [ "$checkout" != "$2" ] && { [ -f "$checkout/install/link.sh" ] || ! [ -e "$checkout" ]; }
}

link_commands() {
  local name
  mkdir -p "$BIN" || die "cannot make the directory $BIN."
  for name in $OUR_COMMANDS; do link "$name" "$ROOT/bin/$name"; done
  for name in $PRIVATE_TOOLS; do
    # Only what we put there, and only where no other is found first.
    [ -x "$TOOLS/bin/$name" ] || continue
    case $(command -v "$name" || true) in '' | "$BIN/$name" | "$TOOLS/bin/$name") ;; *) continue ;; esac
    link "$name" "$TOOLS/bin/$name"
  done
  tell_path
}

tell_path() {
  case :$PATH_BEFORE: in *":$BIN:"*) return ;; esac
  say "$BIN is not on your PATH. Add this line to your shell's start file:"
  # shellcheck disable=SC2016 # the line is for the person's shell to expand
  say '  export PATH="$HOME/.local/bin:$PATH"'
}

# tell_shadow: a pueue that is too old and comes first would be the one that is run.
tell_shadow() {
  local first
  first=$(PATH=$PATH_BEFORE command -v pueue || true)
  [ -n "$first" ] || return 0
  local version
  version=$(pueue_version "${first%/*}")
  [ -n "$version" ] && at_least "$version" "$PUEUE_WANTED" && return
  say "WARNING: $first comes first on your PATH and is too old (${version:-unknown}); put $PUEUE_DIR before it"
}

uninstall() {
  local name place
  for name in $OUR_COMMANDS; do
    place=$BIN/$name
    if [ -L "$place" ] && [ "$(readlink "$place")" = "$ROOT/bin/$name" ]; then
      say "Removing $place"
      rm -f "$place"
    elif [ -e "$place" ] || [ -L "$place" ]; then
      say "Kept $place: it does not belong to this checkout"
    fi
  done
  remove_venv
  # Other clones and running daemons use them, so they are not taken away unasked.
  [ ! -d "$TOOLS" ] || say "Kept the tools that other clones may use: rm -rf $(printf %q "$TOOLS")"
}

remove_venv() {
  [ -e "$VENV" ] || [ -L "$VENV" ] || return 0
  say "Removing $VENV"
  if [ -f "$VENV/pyvenv.cfg" ] && [ -L "$VENV" ]; then rm -rf "$(readlink "$VENV")"; fi
  rm -rf "$VENV"
}
