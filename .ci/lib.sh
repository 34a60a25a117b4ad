#!/usr/bin/env bash
# What `setup`, `check` and `.ci/run` share: words on the screen, packages, the doctor. Sourced, never run.

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
note() { printf '    %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# rustup puts cargo here; a fresh shell may not know it yet.
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
export PATH

# One setting for every command of these scripts: a changed compiler compiles RocksDB anew.
if command -v ccache >/dev/null; then
    export CC="${CC:-ccache cc}" CXX="${CXX:-ccache c++}"
fi

# Installs Debian packages that are not there yet; says so first.
packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "these packages are missing and there is no sudo: ${missing[*]}
  as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    note "installing ${missing[*]} (apt-get)"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -q >/dev/null || note "apt-get update failed; going on with the lists that are here"
    "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "could not install ${missing[*]}"
}

# libclang reads RocksDB's header for its Rust bindings.
build_packages() {
    if command -v apt-get >/dev/null; then
        packages libclang-dev
        return
    fi
    if [ -z "${LIBCLANG_PATH:-}" ] && ! ldconfig -p 2>/dev/null | grep -q 'libclang'; then
        fail "libclang is missing: install your distribution's clang development package, or set LIBCLANG_PATH"
    fi
}

# At least version $2?  version_at_least 6.1 5.11
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

DOCTOR_ERRORS=0
good() { printf '    ok    %s\n' "$*"; }
warn() { printf '    warn  %s\n' "$*"; }
bad() { printf '    BAD   %s\n' "$*"; DOCTOR_ERRORS=$((DOCTOR_ERRORS + 1)); }

in_container() {
    [ -e /.dockerenv ] || [ -e /run/.containerenv ] || grep -qaE 'docker|containerd|podman' /proc/1/cgroup
}

read_setting() { cat "/proc/sys/$1" 2>/dev/null || true; }

# Why do user namespaces not work here, and what changes that?
explain_namespaces() {
    if in_container; then
        note "      this is a container: its seccomp profile or its masked /proc is in the way. Start it with"
        note "      --security-opt seccomp=unconfined --security-opt systempaths=unconfined \\"
        note "      --security-opt apparmor=unconfined   (or --privileged)"
    fi
    if [ "$(read_setting kernel/apparmor_restrict_unprivileged_userns)" = 1 ]; then
        note "      Ubuntu's AppArmor restricts user namespaces. As root, until the next start:"
        note "      sysctl -w kernel.apparmor_restrict_unprivileged_userns=0   (README: Ubuntu 24.04, to keep it)"
    fi
    if [ "$(read_setting kernel/unprivileged_userns_clone)" = 0 ]; then
        note "      as root: sysctl -w kernel.unprivileged_userns_clone=1"
    fi
    if [ "$(read_setting user/max_user_namespaces)" = 0 ]; then
        note "      as root: sysctl -w user.max_user_namespaces=15000"
    fi
}

doctor_namespaces() {
    if ! command -v unshare >/dev/null; then
        warn "cannot try namespaces: unshare (package util-linux) is missing"
    elif ! unshare -Ur true 2>/dev/null; then
        bad "user namespaces do not work: gx cannot build in a sandbox"
        explain_namespaces
    elif ! unshare -Urmpuin --fork --mount-proc true 2>/dev/null; then
        bad "a private /proc cannot be mounted in a new namespace"
        explain_namespaces
    else
        good "user, mount, pid, ipc, uts and network namespaces"
    fi
}

doctor_tools() {
    local tool
    for tool in git curl cc c++ ar ld; do
        command -v "$tool" >/dev/null || bad "$tool is missing (Debian: apt-get install git curl build-essential)"
    done
    if ! command -v cargo >/dev/null; then
        bad "cargo is missing: install Rust with rustup"
    elif version_at_least "$(cargo --version | cut -d ' ' -f 2)" 1.88; then
        good "$(cargo --version | cut -d '(' -f 1)"
    else
        bad "$(cargo --version | cut -d '(' -f 1) is too old, 1.88 or newer is needed: rustup update stable"
    fi
    command -v c++ >/dev/null && good "$(c++ --version | head -n 1)"
}

# Looks at the machine before anything long starts. Counts what is wrong in DOCTOR_ERRORS.
doctor() {
    DOCTOR_ERRORS=0
    if [ "$(uname -s)" = Linux ] && version_at_least "$(uname -r)" 5.11; then
        good "Linux $(uname -r)"
    else
        bad "$(uname -s) $(uname -r): Linux 5.11 or newer is needed"
    fi
    doctor_namespaces
    doctor_tools
    local free memory
    free=$(($(df -Pk . | awk 'NR == 2 { print $4 }') / 1048576))
    if [ "$free" -ge 6 ]; then good "$free GiB of disk free"; else warn "$free GiB of disk free, 6 GiB are wanted"; fi
    memory=$(($(awk '/^MemAvailable/ { print $2 }' /proc/meminfo) / 1024))
    if [ "$memory" -ge 2500 ]; then good "$memory MiB of memory"; else
        warn "$memory MiB of memory, 2500 are wanted: CARGO_BUILD_JOBS=1 ./setup needs less"
    fi
    good "$(nproc) processors"
}
