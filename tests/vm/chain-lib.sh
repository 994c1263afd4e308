# The steps of `chain`. It has set: w n counts victim rounds break logs pid (and cd'ed into w).

uptime_cs() { local up; read -r up _ < /proc/uptime; echo "${up/./}"; }
name() { echo "$victim $rounds${break:+ --break $break}${predump_args:+ ($predump_args)} on $(uname -r)"; }

verdict() { # WORD [NOTE]
    told=1
    local cs=$(($(uptime_cs) - started))
    printf '%s %s: pages %s; %d.%02d s%s\n' "$1" "$(name)" "${counts[*]:-none}" $((cs / 100)) $((cs % 100)) "${2:+; $2}"
    exit 0
}
caught() { verdict CHAIN-CAUGHT "$1"; }

# A wrong outcome of the kind a break is meant to bring about is what was to be proved.
wrong() {
    case $break:$1 in
        spoiled-page:*memory* | lost-dirty:*memory* | lost-dirty:*'go on'* | no-reset:*counts*) caught "$1: $(grep -m1 '^BAD' out || true)" ;;
    esac
}

fail() { # REASON [ROUND]
    trap - EXIT
    told=1
    {
        echo "---- FAIL $(name): $1"
        echo "-- the victim's last lines"
        grep '^BAD' out | head -3 || true
        tail -4 out
        if [ -n "${2:-}" ]; then
            echo "-- output"
            tail -8 run.out || true
            for log in "$2"/*.log; do
                [ -e "$log" ] || continue
                echo "-- $(basename "$log") of round $2: errors, then its end"
                grep -a 'Error\|Warn\|\[ERR\]\|\[FTL\]\|\[WRN\]' "$log" | tail -8 || true
                tail -4 "$log"
            done
        fi
        dmesg 2>/dev/null | grep 'Oops\|segfault\|BUG:' | tail -3 || true
    } >&2
    if [ -n "$logs" ]; then
        local to
        to="$logs/$victim-${rounds//,/-}${break:+-$break}-$(uname -r)-$$"
        mkdir -p "$to"
        for d in [0-9]*; do
            mkdir -p "$to/$d"
            cp "$d"/*.log "$d"/pagemap-* "$d"/inventory.img "$d"/stats-* "$to/$d/" 2>/dev/null || true
            ls -l "$d" > "$to/$d/ls"
        done
        cp out run.out "$to/" 2>/dev/null || true
        echo "logs: $to" >&2
    fi
    cleanup
    echo "FAIL $(name): $1"
    exit 1
}

tree() { # PID: it and all below it
    local child
    echo "$1"
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do tree "$child"; done
}

cleanup() {
    local code=$?
    umount "/proc/${pid:-0}/clear_refs" 2>/dev/null || true
    # (a tree whose root isn't ours any more was restored and has the same pids)
    [ -z "${pid:-}" ] || kill -KILL $(tree "$pid") 2>/dev/null || true
    umount -l "$w/box" 2>/dev/null || true # (boxed's root)
    cd / && rm -rf "$w"
    [ -n "${told:-}" ] || echo "FAIL $(name): the script itself ended with $code"
    return $code
}

wait_for() { # SECONDS WHAT COMMAND...
    local until=$(($(uptime_cs) + $1 * 100)) what=$2
    shift 2
    until "$@" 2>/dev/null; do
        if grep -q '^BAD\|WRONG' out; then wrong 'the victim found wrong memory'; fail 'the victim found wrong memory' "${last:-}"; fi
        [ "$(uptime_cs)" -lt "$until" ] || { wrong "waited in vain for $what"; fail "waited in vain for $what" "${last:-$n}"; }
        sleep 0.1
    done
}

pause() { sleep 0.4; }
gone() { ! [ -e "/proc/$1" ]; }
rounds_ok() { grep -c '^round [0-9]* ok' out || true; }
goes_on() { [ "$(rounds_ok)" -ge "$1" ]; }

run() { # ROUND WHAT COMMAND...
    local round=$1 what=$2 code=0 t
    t=$(uptime_cs)
    shift 2
    timeout -k 5 120 "$@" < /dev/null > run.out 2>&1 || code=$?
    cp run.out "$round/run-$what.out"
    [ $code = 0 ] || fail "$what in round $round: exit code $code" "$round"
    t=$(($(uptime_cs) - t))
    echo "  $round $what $((t / 100)).$(printf %02d $((t % 100))) s$(frozen)" >&2
}
frozen() { sed -n 's/^Frozen time: */, frozen /p' run.out; }

# A pre-dump leaves nobody behind that is traced, and everybody running.
not_traced() {
    local p
    for p in $(tree "$pid"); do
        if grep -q '^TracerPid:[[:space:]]*[1-9]' /proc/"$p"/task/*/status 2>/dev/null; then fail "task $p is still traced" "$n"; fi
    done
}

# Remembers how many pages a round wrote, and checks the rules of its pagemaps.
count() { # ROUND TOOL
    local line lazy=lazy
    [ "$2" != predump ] || lazy=
    line=$("$here/images.py" check "$1" $lazy 2>&1) || fail "images of round $1: $line" "$1"
    set -- $line
    counts+=("$2+$4")
}

# Only the toucher is predictable enough: what it does between two rounds is a small part of its memory.
counts_right() {
    [ "$victim" = toucher ] || return 0
    local first=${counts[0]%+*} c
    for c in "${counts[@]:1}"; do
        [ $((${c%+*} * 2)) -lt "$first" ] || { wrong "page counts ${counts[*]}"; fail "page counts ${counts[*]}: a round wrote about everything again"; }
    done
}

step() { # N: lets the victim do what it does between rounds
    pause
    kill -USR1 "$pid"
    wait_for 30 "STEP $1" grep -q "^STEP $1\$" out
    pause
}

# The number of the round is memory too: from a stale page it would count from an old value again.
no_gap() {
    sed -n 's/^round \([0-9]*\) .*/\1/p' out | awk '$1 != NR - 1 { exit 1 }' && return
    wrong 'memory: round numbers jump'
    fail 'round numbers jump'
}
