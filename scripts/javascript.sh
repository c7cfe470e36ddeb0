# Sourced: `javascript_tools` installs what CI and developers use for JavaScript, in the versions that
# .ci/javascript/package-lock.json pins, and says where their commands are ($tools). 1: it cannot, and
# $why says why.
tools=.ci/javascript/node_modules/.bin
javascript_tools() {
    lock=.ci/javascript/package-lock.json
    installed=.ci/javascript/node_modules/lock-of-this
    cmp -s "$lock" "$installed" && return 0
    if ! command -v npm >/dev/null; then
        why="npm is missing (Debian: apt-get install npm)."
        return 1
    fi
    limit=
    if command -v timeout >/dev/null; then limit="timeout -s KILL 60"; fi # macOS has none
    if ! $limit npm --prefix .ci/javascript ci --no-audit --no-fund --ignore-scripts --loglevel error >&2; then
        why="npm could not install its tools within a minute; run this again later."
        return 1
    fi
    cp "$lock" "$installed"
}
