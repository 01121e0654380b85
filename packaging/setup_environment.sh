#!/bin/sh
# Sets this checkout up: the system libraries Qt needs, a virtual environment in .venv, and the project in it, editable.
# Run by the Makefile before everything else, so it must say nothing and take no time when there is nothing to do.
set -eu
cd "$(dirname "$0")/.."

# Shared library and the Debian package that holds it. The first lines are needed to import Qt at all, the others for a
# window under X11 or Wayland.
QT_LIBRARIES="
libGL.so.1 libgl1
libEGL.so.1 libegl1
libfontconfig.so.1 libfontconfig1
libdbus-1.so.3 libdbus-1-3
libglib-2.0.so.0 libglib2.0-0
libgthread-2.0.so.0 libglib2.0-0
libxkbcommon.so.0 libxkbcommon0
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libX11-xcb.so.1 libx11-xcb1
libxcb-cursor.so.0 libxcb-cursor0
libxcb-glx.so.0 libxcb-glx0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-shm.so.0 libxcb-shm0
libxcb-sync.so.1 libxcb-sync1
libxcb-xfixes.so.0 libxcb-xfixes0
libxcb-xkb.so.1 libxcb-xkb1
libwayland-client.so.0 libwayland-client0
libwayland-cursor.so.0 libwayland-cursor0
libwayland-egl.so.1 libwayland-egl1
"

say() { echo "setup: $*" >&2; }

fail() {
    say "$*"
    exit 2
}

# install PACKAGE...: succeeds only where this is Debian (or a child of it), we are root, and apt-get did it.
install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null >/dev/null &&
        apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

missing_packages() {
    [ -x /sbin/ldconfig ] || return 0
    known=$(/sbin/ldconfig -p)
    echo "$QT_LIBRARIES" | while read -r library package; do
        case "$known" in *"$library "*) ;; *) echo "$package" ;; esac
    done | sort -u | tr '\n' ' '
}

# Without these the viewer cannot open, but everything headless works: say so and go on.
install_libraries() {
    packages=$(missing_packages)
    [ -z "$packages" ] && return 0
    # shellcheck disable=SC2086  # one word per package
    install $packages || say "Qt misses system libraries; install them as root: apt-get install $packages"
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

make_venv() {
    # A venv that was cut short, or whose Python is gone, has no working pip.
    .venv/bin/python -m pip --version >/dev/null 2>&1 && return 0
    python=$(find_python) || fail "Cairn needs Python 3.11, 3.12 or 3.13; install one, or name it: make PYTHON=/path/to/python3.11"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        install "$package" || fail "Python cannot make virtual environments; install as root: apt-get install $package"
    fi
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

# The stamp names all that an installation depends on, so a moved checkout or a changed pyproject.toml is installed anew.
install_project() {
    wanted="$PWD $(cksum <pyproject.toml)"
    [ "$(cat .venv/cairn-setup 2>/dev/null)" = "$wanted" ] && return 0
    make_venv
    say "installing Cairn and its libraries into .venv (minutes the first time)"
    quiet=-qq
    [ -t 2 ] && quiet= # a person wants to see it move, a log does not
    .venv/bin/python -m pip install $quiet --editable '.[dev]' || fail "pip could not install the libraries; see above"
    echo "$wanted" >.venv/cairn-setup
}

install_libraries
install_project
