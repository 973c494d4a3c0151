# shellcheck shell=bash
# Words of install.sh: one line for each thing done, and a clear end when one fails.

say() { printf '%s\n' "$*"; }

# die SENTENCE [ADVICE...]: what failed, then what to do.
die() {
  printf 'install.sh: %s\n' "$1" >&2
  shift
  local advice
  for advice in "$@"; do printf '  %s\n' "$advice" >&2; done
  exit 1
}

# try TEXT COMMAND...: runs it quietly with its output in $STEP_LOG; says TEXT and how long it took.
try() {
  local text=$1 start=$SECONDS code=0
  shift
  printf '%s ... ' "$text"
  "$@" >"$STEP_LOG" 2>&1 </dev/null || code=$?
  if [ "$code" -eq 0 ]; then say "done ($((SECONDS - start)) s)"; else say "failed"; fi
  return "$code"
}

# must TEXT ADVICE COMMAND...: as try, and the end if it fails.
must() {
  local text=$1 advice=$2
  shift 2
  try "$text" "$@" && return
  printf '%s\n' "--- the last lines of: $*" >&2
  tail -n 15 "$STEP_LOG" | sed 's/^/  | /' >&2
  die "this step failed: $text." "$advice"
}

# ask QUESTION: yes with --yes; without a terminal there is nobody to ask, so no.
ask() {
  [ "$YES" = 1 ] && return
  if ! [ -t 0 ]; then
    say "Not done, as there is no terminal to ask at: $1 (--yes answers yes)"
    return 1
  fi
  local answer
  read -r -p "$1 [Y/n] " answer || return 1
  case $answer in '' | y | Y | yes | Yes) ;; *) return 1 ;; esac
}

# at_least VERSION WANTED: compares dotted numbers, e.g. 3.10a >= 3.2.
at_least() {
  local IFS=. i
  # shellcheck disable=SC2206 # splitting at the dots is the point
  local have=($1) want=($2)
  for i in "${!want[@]}"; do
    local h=${have[$i]:-0} w=${want[$i]}
    h=${h%%[!0-9]*}
    [ "${h:-0}" -gt "$w" ] && return 0
    [ "${h:-0}" -lt "$w" ] && return 1
  done
  return 0
}

# all_of NAME: every executable of that name on PATH, one a line.
all_of() { type -ap "$1" 2>/dev/null || true; }

# first_version: the first dotted number of standard input, e.g. 4.0.4 of "pueue 4.0.4".
# It reads all of it, as one that stops early would break the pipe of what writes.
first_version() { sed -n 's/^[^0-9]*\([0-9][0-9.]*[a-z]*\).*/\1/p' | sed -n 1p; }
