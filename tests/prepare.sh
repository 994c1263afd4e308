# shellcheck shell=bash
# Shared by tests/run and tests/demo, which source it after `set -euo pipefail`.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# No process of the .NET SDK outlives the script, and telemetry is off.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1 \
    DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false

step() { printf '== %s\n' "$*"; }

# quietly COMMAND...: shows the command's output only if it fails.
quietly() {
    local log rc=0
    log=$(mktemp)
    "$@" > "$log" 2>&1 < /dev/null || rc=$?
    [ "$rc" = 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$rc"
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]; }

# install_packages NAME...: by apt, those that are missing. Where that can't be done it says so and goes on: a test
# that misses a program is skipped and names the package. Fails only if apt-get does.
install_packages() {
    local package missing=() unknown=()
    if ! command -v apt-get > /dev/null; then
        echo "No apt-get here: what is missing of these packages has to be installed by hand: $*"
        return
    fi
    for package; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$EUID" != 0 ]; then
        echo "Not root, so these packages are not installed: ${missing[*]}"
        return
    fi
    step "Installing ${missing[*]}"
    quietly apt-get update -qq || echo "apt-get update failed: going on with the package lists that are here"
    for package in "${missing[@]}"; do
        [ -n "$(apt-cache madison "$package" 2> /dev/null)" ] || unknown+=("$package")
    done
    if [ ${#unknown[@]} -gt 0 ]; then
        echo "This distribution has no package ${unknown[*]}: going on without"
        mapfile -t missing < <(printf '%s\n' "${missing[@]}" | grep -vxF "$(printf '%s\n' "${unknown[@]}")")
        [ ${#missing[@]} -gt 0 ] || return 0
    fi
    without_services env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "${missing[@]}"
}

# without_services COMMAND...: no package that it installs starts its service (redis-server's would, now and at each boot).
without_services() {
    local policy=/usr/sbin/policy-rc.d rc=0 redis=
    installed redis-server || redis=new
    if [ -e $policy ]; then
        policy= # the machine's owner has a policy already
    else
        printf '#!/bin/sh\nexit 101\n' > $policy
        chmod +x $policy
        # shellcheck disable=SC2064 # the path of now
        trap "rm -f $policy; exit 1" INT TERM HUP
    fi
    quietly "$@" || rc=$?
    if [ -n "$policy" ]; then
        rm -f $policy
        trap - INT TERM HUP
    fi
    if [ -n "$redis" ] && installed redis-server && command -v systemctl > /dev/null; then
        systemctl --quiet disable redis-server > /dev/null 2>&1 || true
    fi
    return "$rc"
}

need_dotnet() {
    command -v dotnet > /dev/null && dotnet --list-sdks | grep -q '^10\.' && return
    echo "needs the .NET 10 SDK (https://dotnet.microsoft.com/download/dotnet/10.0), with dotnet in the PATH" >&2
    return 1
}

# publish_predump: publishes the AOT binary for release, to $predump.
predump=$top/artifacts/predump/predump
publish_predump() {
    case $(uname -m) in
        x86_64) publish linux-x64 "$predump" ;;
        aarch64) publish linux-arm64 "$predump" ;;
        *) echo "no release for $(uname -m): only x86_64 and aarch64" >&2; return 1 ;;
    esac
}

# cross_publish_arm64: the same for arm64 on x86-64, to $predump_arm64; with clang, lld, llvm, and a C library for arm64. (The
# linker's driver has to know --target, which gcc does not.)
predump_arm64=$top/artifacts/predump-arm64/predump
cross_publish_arm64() { publish linux-arm64 "$predump_arm64" -p:LinkerFlavor=lld -p:ObjCopyName=llvm-objcopy; }

publish() { # RID FILE [PROPERTY...]
    local to
    to=$(dirname "$2")
    need_dotnet
    step "Publishing predump ($1) to ${to#"$top"/}"
    quietly dotnet publish "$top/src/PreDump" -c Release -r "$1" -o "$to" "${@:3}"
}

# predump_is_fresh: no source was changed after it was published.
predump_is_fresh() {
    [ -x "$predump" ] && [ -z "$(find "$top/src" "$top/images-schema" "$top/Directory.Build.props" \
        \( -name bin -o -name obj \) -prune -o -type f -newer "$predump" -print -quit)" ]
}
