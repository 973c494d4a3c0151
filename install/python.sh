# shellcheck shell=bash
# The interpreter and the project's own virtual environment, with a stamp that says what is in it.

PYTHON_WANTED=3.11
# Prints the version and the interpreter itself: a pyenv shim depends on the directory it is
# called in, and a virtual environment's python on that environment.
PROBE='import sys
try:
    import ensurepip, venv
except ImportError:
    word = "without-venv"
else:
    word = "good"
base = getattr(sys, "_base_executable", "") or sys.executable
print("%d.%d.%d" % sys.version_info[:3], word, base)'

# find_python: sets PYTHON and PYTHON_VERSION, or PYTHON_SEEN to what was there instead.
find_python() {
  local name candidate version word base
  PYTHON='' PYTHON_SEEN=none
  for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
    while IFS= read -r candidate; do
      # From / no .python-version of some project is in the way.
      read -r version word base < <(cd / && "$candidate" -I -c "$PROBE" 2>/dev/null </dev/null) ||
        continue
      if at_least "$version" "$PYTHON_WANTED" && [ "$word" = good ]; then
        PYTHON=$base PYTHON_VERSION=$version
        return
      fi
      [ "$PYTHON_SEEN" = none ] && PYTHON_SEEN="$version, $word"
    done < <(all_of "$name")
  done
  return 1
}

need_python() {
  local why="python >= $PYTHON_WANTED with venv is needed"
  if ! find_python; then
    install_part python "$why; found: $PYTHON_SEEN."
    find_python || die "$why; after the installation found: $PYTHON_SEEN." \
      "Install python 3.11 or later from your distribution or with pyenv, then run this again."
  fi
  say "python $PYTHON_VERSION ($PYTHON)"
}

inputs_digest() { cat "$ROOT/pyproject.toml" "$ROOT/requirements/constraints.txt" | cksum; }

# stamp_line N: 1 the checkout it was made for, 2 what it was made from, 3 "dev" or nothing.
stamp_line() { sed -n "$1p" "$STAMP" 2>/dev/null || true; }

venv_works() {
  "$VENV/bin/python" -I -c 'import importlib.util as u, sys
sys.exit(not all(map(u.find_spec, "ccpar_hybrid cbor2 libtmux pydantic rich typer yaml".split())))' \
    >/dev/null 2>&1
}

# venv_current: made for this checkout, from these inputs, with what is asked for, and running.
venv_current() {
  [ -f "$STAMP" ] && [ "$(stamp_line 1)" -ef "$ROOT" ] &&
    [ "$(stamp_line 2)" = "$(inputs_digest)" ] &&
    { [ "$DEV" = 0 ] || [ "$(stamp_line 3)" = dev ]; } && venv_works
}

write_stamp() {
  printf '%s\n' "$ROOT" "$(inputs_digest)" "$1" >"$STAMP.new"
  mv "$STAMP.new" "$STAMP"
}

# Compiled once here: in an environment that forbids Python to keep what it compiles, each start
# would compile everything anew.
compile_package() {
  "$VENV/bin/python" -m compileall -q "$ROOT/ccpar_hybrid"
}

fill_venv() (
  cd "$ROOT" || exit
  # Both by name: -c holds for the project, the variable also for the isolated build of it.
  # The variable takes no path with a blank, so it is relative.
  env -u PYTHONHOME -u PYTHONPATH -u PIP_TARGET -u PIP_PREFIX PIP_USER=0 PIP_NO_INPUT=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_REQUIRE_VIRTUALENV=0 \
    PIP_CONSTRAINT=requirements/constraints.txt \
    "$VENV/bin/python" -m pip install -e ".${1:+[$1]}" -c requirements/constraints.txt
)

# place_venv: with --prefix the environment lies there, and .venv in the checkout points to it.
place_venv() {
  [ -n "$PREFIX" ] || return 0
  mkdir -p "$PREFIX" || die "cannot make the directory $PREFIX." "Give another --prefix."
  local home
  home=$(cd "$PREFIX" && pwd -P)/venv
  [ "$VENV" -ef "$home" ] && return
  if [ -e "$VENV" ] && ! [ -L "$VENV" ]; then
    say "Removing the environment in $VENV: --prefix puts it elsewhere"
    rm -rf "$VENV"
  fi
  mkdir -p "$home"
  ln -sfn "$home" "$VENV"
}

need_venv() {
  place_venv
  if venv_current; then
    touch "$STAMP" 2>/dev/null || true
    say "Environment is up to date: $VENV"
    return
  fi
  local extra='' fresh=1
  { [ "$DEV" = 1 ] || [ "$(stamp_line 3)" = dev ]; } && extra=dev
  [ "$(stamp_line 1)" -ef "$ROOT" ] && "$VENV/bin/python" -c '' 2>/dev/null && fresh=0
  # No stamp while it is half made: the next run then begins anew.
  rm -f "$STAMP"
  [ -e "$VENV" ] || rm -f "$VENV"
  if [ "$fresh" = 1 ]; then
    must "Making the environment $VENV" "Is there space, and may you write there?" \
      "$PYTHON" -m venv --clear "$VENV"
  fi
  must "Installing the project${extra:+ and what its tests need} into it" \
    "Is the package index reachable? Then run this again." fill_venv "$extra"
  compile_package
  write_stamp "$extra"
}
