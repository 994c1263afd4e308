# shellcheck shell=bash disable=SC2154 # those who source it have set $log
# What setup and engines/setup do with Debian's packages without installing them: they source this.

apt_log() { "$@" < /dev/null >> "$log" 2>&1; }

# private_apt DIR TYPE [ARCHITECTURE]: apt's options, in $private, for a directory of its own with this machine's Debian sources
# as TYPE (deb or deb-src); for another architecture nothing counts as installed.
private_apt() {
    local apt=$1
    mkdir -p "$apt/lists/partial" "$apt/archives/partial"
    private=(-o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt" -o APT::Sandbox::User=root)
    if [ $# -gt 2 ]; then
        : > "$apt/status"
        private+=(-o APT::Architecture="$3" -o APT::Architectures::="$3" -o Dir::State::status="$apt/status")
    fi
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(SUITE) $(CODENAME)' 'Created-By: Packages' 2>> "$log" \
        | awk -v type="$2" '$1 == "Debian" { print type, $2, $NF, "main" }' | sort -u > "$apt/sources.list"
    [ -s "$apt/sources.list" ] || { echo 'no lists of Debian packages' >> "$log"; return 1; }
    apt_log apt-get "${private[@]}" update
}

# unpack DIR DEB...: a merged /usr, for some packages still have files in /bin, /sbin and /lib
unpack() {
    local to=$1 deb merged
    shift
    for deb; do dpkg -x "$deb" "$to" || return; done
    for merged in bin sbin lib; do
        [ -d "$to/$merged" ] || continue
        mkdir -p "$to/usr/$merged"
        cp -a "$to/$merged/." "$to/usr/$merged/"
        rm -r "${to:?}/$merged"
    done
}
