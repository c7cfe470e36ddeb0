# Sourced by the scripts beside it, in the repository's directory. Messages go to standard error:
# standard output belongs to the command that follows.

find_python() {
    for candidate in "${PYTHON:-}" python3.11 python3 python3.12 python3.13; do
        if [ -n "$candidate" ] && "$candidate" -c \
            'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed (Debian: apt-get install python3-venv);" \
        "PYTHON names the one to use." >&2
    return 1
}

# install REQUIREMENT STAMP: `.` or `.[test]` in .venv, with the pinned dependencies, unless they
# are there already; STAMP is a name to remember that by.
install() {
    stamp=.venv/$2
    wanted=$(cat pyproject.toml constraints.txt | cksum)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    echo "Installing Whipstitch into .venv: once, a minute or two …" >&2
    if ! .venv/bin/python -c '' 2>/dev/null; then
        python=$(find_python)
        if ! "$python" -m venv --clear .venv >&2; then
            echo "Python's venv module is needed (Debian: apt-get install python3-venv)." >&2
            return 1
        fi
    fi
    quiet=--quiet
    if [ -t 2 ]; then quiet=; fi
    PIP_ROOT_USER_ACTION=ignore .venv/bin/python -m pip install --disable-pip-version-check \
        ${quiet:+"$quiet"} --constraint constraints.txt --editable "$1" >&2
    echo "$wanted" >"$stamp"
}

# need_debian_package NAME WITHOUT: installs it where that is possible, else says what is missing.
need_debian_package() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update --quiet >&2
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
            "$1" >&2
    else
        echo "Without $1 $2 (Debian: apt-get install $1)." >&2
    fi
}
