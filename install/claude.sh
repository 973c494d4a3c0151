# shellcheck shell=bash
# Claude Code from npm, in a private root that every clone of this user shares.

CLAUDE_PINNED=${CCPAR_CLAUDE_VERSION:-2.1.197}
NODE_WANTED=18

find_claude() {
  CLAUDE=$(command -v "${CCPAR_CLAUDE_COMMAND:-claude}" 2>/dev/null) && return
  CLAUDE=$TOOLS/bin/claude
  [ -x "$CLAUDE" ]
}

need_node() {
  local version
  version=$(node --version 2>/dev/null | first_version || true)
  if ! at_least "${version:-0}" "$NODE_WANTED" || ! command -v npm >/dev/null 2>&1; then
    install_part node "Claude Code needs node >= $NODE_WANTED with npm; found: ${version:-none}."
  fi
}

# A configuration of its own, so that asking for the version leaves nothing in the user's.
claude_runs() {
  mkdir -p "$1/config" &&
    CLAUDE_CONFIG_DIR=$1/config HOME=$1/config "$1/node_modules/.bin/claude" --version &&
    rm -rf "$1/config"
}

fetch_claude() ( # DIRECTORY
  cd "$1" && npm install --prefix "$1" --no-audit --no-fund --no-update-notifier \
    "@anthropic-ai/claude-code@$CLAUDE_PINNED" && claude_runs "$1"
)

need_claude() {
  if ! find_claude; then
    need_node
    local partial=$TOOLS/claude-$CLAUDE_PINNED.partial
    rm -rf "$partial"
    mkdir -p "$partial"
    must "Installing Claude Code $CLAUDE_PINNED with npm (240 MB)" \
      "Is the npm registry reachable? Then run this again." fetch_claude "$partial"
    rm -rf "$TOOLS/claude-$CLAUDE_PINNED"
    mv "$partial" "$TOOLS/claude-$CLAUDE_PINNED"
    ln -sfn "../claude-$CLAUDE_PINNED/node_modules/.bin/claude" "$TOOLS/bin/claude"
    find_claude || die "Claude Code was installed, but $TOOLS/bin/claude does not run."
  fi
  say "Claude Code ($CLAUDE)"
}
