# shellcheck shell=bash disable=SC2034,SC2154 # `chain` sets the variables that are read here, and reads those set here
# The steps of `chain`, which sets their variables and makes $w the current directory.
# Under emulation a fork and exec costs 30 ms and more: hence bash's own means where it has any, and answers in variables, for
# $(...) forks.
#
# Set by `chain`, read here:
#   victim victim_args rounds predump predump_args criu server server_args link prove break logs    its options
#   here w started    the directory of the scripts, that of the chain, and $cs at its start
#   n last            the round under way (1, 2, ...), for the logs that `fail` shows; and the number of the final dump
#   job pid           the program that we started ('' once it is gone), and the tree's root, which it named
#   may_miss          not '': the final dump may fail for a page that the parent lacks; `run` then sets missed=1
# Set here, read by `chain` too:
#   cs                by uptime_cs: hundredths of a second since the boot
#   text              by heard: the victim's complete output, with a newline before and after it
#   counts            by count: for each round the pages that it wrote + left to its parent
#   images            by serve_all: where the rounds' pages are; with a page server s/N instead of ./N
#   to_server         by serve_all and serve: the options that send pages to the page server
#   tls far           by serve_all: its options for TLS, and what makes a command run behind the link
#   told              not '': the last line is written, so that cleanup need not
#   nothing           a descriptor that never becomes readable, for nap

uptime_cs() { local up; read -r up _ < /proc/uptime; cs=${up/./}; }
release=$(< /proc/sys/kernel/osrelease)
name() {
    local by="${server:+ to $server}${server_args:+ ($server_args)}${link:+ by $link}"
    echo "$victim${victim_args:+ ${victim_args[*]}} $rounds${prove:+ --prove}${break:+ --break $break}$by${predump_args:+ ($predump_args)} on $release"
}

exec {nothing}<> <(:)
nap() { read -rt "$1" -u "$nothing" || true; }
pause() { nap 0.4; }

# The victim's output so far, and whether a line begins with one of the given words.
heard() { text=$'\n'$(< out)$'\n'; }
said() { local w; heard; for w in "$@"; do [[ $text != *$'\n'$w* ]] || return 0; done; return 1; }
said_line() { heard; [[ $text == *$'\n'$1$'\n'* ]]; }
value() { local v; heard; [[ $text != *$'\n'"$1 "* ]] || { v=${text#*$'\n'"$1 "}; echo "${v%%$'\n'*}"; }; }
last_round() { heard; local v=${text##*$'\n'round }; echo "${v%% *}"; }

verdict() { # WORD [NOTE]
    told=1
    uptime_cs
    cs=$((cs - started))
    printf '%s %s: pages %s; %d.%02d s%s\n' "$1" "$(name)" "${counts[*]:-none}" $((cs / 100)) $((cs % 100)) "${2:+; $2}"
    exit 0
}
caught() { verdict CHAIN-CAUGHT "$1"; }

# Ends the chain successfully if the wrong result is the one that the break should cause.
wrong() {
    case $break:$1 in
        spoiled-page:*memory* | trust:*memory* | lost-dirty:*memory* | lost-dirty:*'go on'* | no-reset:*counts*)
            caught "$1: $(value BAD)"
            ;;
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
            tail -8 "$2/run.out" || true
            # shellcheck disable=SC2046 # one word for each directory
            echo "-- images: $("$here/images.py" check $(printf '%s:lazy ' [0-9]*) 2>&1)"
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
        to="$logs/$victim-${rounds//,/-}${break:+-$break}-$release-$$"
        mkdir -p "$to"
        for d in [0-9]*; do
            mkdir -p "$to/$d"
            cp "$d"/*.log "$d"/run.out "$d"/pagemap-* "$d"/inventory.img "$d"/stats-* "$to/$d/" 2>/dev/null || true
            ls -l "$d" > "$to/$d/ls"
        done
        cp --backup=numbered out ps.log s/*/ps.log "$to/" 2>/dev/null || true
        echo "logs: $to" >&2
    fi
    cleanup
    echo "FAIL $(name): $1"
    exit 1
}

tree() { # PID: it and all below it
    local children child
    echo "$1"
    for children in /proc/"$1"/task/*/children; do
        for child in $(< "$children"); do tree "$child"; done
    done 2> /dev/null
}

cleanup() {
    local code=$?
    [ "$break" != no-reset ] || umount "/proc/$pid/clear_refs" 2>/dev/null || true
    [ -z "$link" ] || ip netns del far || true
    [ ! -s "$w/ps.pid" ] || kill -TERM "$(< "$w/ps.pid")" 2>/dev/null || true
    # shellcheck disable=SC2046 # one word for each pid
    kill -KILL $([ -z "$job" ] || tree "$job") $([ -z "$pid" ] || tree "$pid") 2>/dev/null || true
    [ ! -e "$w/box" ] || umount -l "$w/box" || true # (boxed's root)
    cd / && rm -rf "$w"
    [ -n "${told:-}" ] || echo "FAIL $(name): the script itself ended with $code"
    return $code
}

wait_for() { # SECONDS WHAT COMMAND...
    local until what=$2
    uptime_cs
    until=$((cs + $1 * 100))
    shift 2
    until "$@"; do
        if said BAD; then wrong 'the victim found wrong memory'; fail 'the victim found wrong memory' "$n"; fi
        uptime_cs
        [ "$cs" -lt $until ] || { wrong "waited in vain for $what"; fail "waited in vain for $what" "$n"; }
        nap 0.1
    done
}

gone() { ! [ -e "/proc/$1" ]; }
beyond() { [ "$(last_round)" -gt "$1" ]; } # ROUND

run() { # DIR WHAT COMMAND...
    local dir=$1 what=$2 code=0 started frozen
    uptime_cs
    started=$cs
    shift 2
    timeout -k 5 120 "$@" < /dev/null > "$dir/run.out" 2>&1 || code=$?
    if [ $code != 0 ] && [ -n "$may_miss" ] && grep -q 'Missing.*in parent pagemap' "$dir"/dump.log; then
        missed=1
        return
    fi
    [ $code = 0 ] || fail "$what in round $dir: exit code $code" "$dir"
    uptime_cs
    frozen=$(< "$dir/run.out")
    [[ $frozen == *'Frozen time: '* ]] && frozen=${frozen#*Frozen time: } || frozen=
    printf '  %s %s %d.%02d s%s\n' "$dir" "$what" $(((cs - started) / 100)) $(((cs - started) % 100)) \
        "${frozen:+, frozen ${frozen%%$'\n'*}}" >&2
}

# ---- page servers: the pages of round N are in s/N, the rest of its images in N ----
serve_all() {
    local address=127.0.0.1 more=()
    far=()
    [ -z "$link" ] || { make_link; address=10.9.9.2 far=(ip netns exec far); }
    images=s
    mkdir s
    to_server=(--page-server --address "$address" --port 12321)
    tls=()
    case $server in
        *+tls)
            certificates
            tls=(--tls --tls-cacert "$w/ca.pem" --tls-cert "$w/cert.pem" --tls-key "$w/key.pem" --tls-no-cn-verify)
            to_server+=("${tls[@]}")
            ;;
    esac
    case $server in
        predump*)
            read -r -a more <<< "$server_args"
            "${far[@]}" "$predump" page-server -D s --forever --address "$address" --port 12321 -d --pidfile "$w/ps.pid" \
                -v4 -o "$w/ps.log" "${tls[@]}" "${more[@]}" \
                < /dev/null > ps.out 2>&1 || { cat ps.out >&2; fail 'the page server does not start'; }
            ;;
    esac
}

serve() { # N: criu's servers end after one round
    case $server in
        criu*)
            mkdir "s/$1"
            local parent=()
            [ "$1" = 1 ] || parent=(--prev-images-dir ../$(($1 - 1)))
            rm -f ps.pid
            to_server[4]=$((12330 + $1))
            "${far[@]}" "$criu" page-server -D "$w/s/$1" "${parent[@]}" --address "${to_server[2]}" --port "${to_server[4]}" \
                -d --pidfile "$w/ps.pid" -v4 -o ps.log "${tls[@]}" \
                < /dev/null > ps.out 2>&1 || true # (the exit code of 3.17 is meaningless)
            [ -s ps.pid ] || { cat ps.out "s/$1/ps.log" >&2; fail 'the page server does not start'; }
            ;;
    esac
}

served() { # N
    case $server in
        criu*) wait_for 10 'a page server that ends' gone "$(< ps.pid)" ;;
        *) [ -d "s/$1" ] || { tail -5 ps.log >&2; fail "the page server has no round $1"; } ;;
    esac
    [ "$1" != "$last" ] || cp -a --no-clobber "$1/." "s/$1/" # the restore wants it all in one place
}

# criu without --track-mem sends all pages; the server leaves to round $n those that are there with the same bytes.
final_by_content() {
    rm -f ps.pid
    "$predump" page-server -D "$last" --prev-images-dir "../$n" --compare --port 12320 -d --pidfile "$w/ps.pid" -v4 -o "$w/ps.log" \
        < /dev/null > ps.out 2>&1 || { cat ps.out >&2; fail 'the comparing page server does not start'; }
    run $last dump "$criu" dump -t "$pid" -D "$w/$last" -v4 -o dump.log --display-stats --page-server --address 127.0.0.1 \
        --port 12320 "${dump_args[@]}"
}

make_link() {
    ip netns add far
    ip link add near type veth peer name far netns far
    ip addr add 10.9.9.1/24 dev near
    ip link set near up
    ip -n far addr add 10.9.9.2/24 dev far
    ip -n far link set far up
    # shellcheck disable=SC2086 # netem's words
    {
        tc qdisc add dev near root netem ${link//[=,]/ }
        tc -n far qdisc add dev far root netem ${link//[=,]/ }
    }
}

certificates() {
    export OPENSSL_CONF=/dev/null # (the VM's /etc has none)
    {
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca \
            -addext basicConstraints=critical,CA:TRUE
        openssl req -newkey rsa:2048 -nodes -keyout key.pem -out csr.pem -subj /CN=localhost
        openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2
    } > openssl.out 2>&1 || { cat openssl.out >&2; fail 'no certificates'; }
}

# A pre-dump leaves no task traced.
not_traced() {
    local p status lines
    for p in $(tree "$pid"); do
        for status in /proc/"$p"/task/*/status; do
            { mapfile -t lines < "$status"; } 2> /dev/null || continue # ($(< ...) of a file that has gone ends bash)
            status="${lines[*]}"
            [[ $status != *TracerPid:$'\t'[1-9]* ]] || fail "task $p is still traced" "$n"
        done
    done
}

# The number of pages that each round wrote; also checks the rules for pagemaps.
count() { # DIR[:lazy]...
    local line
    line=$("$here/images.py" check "$@" 2>&1) || fail "images: $line" "$n"
    read -r -a counts <<< "$line"
}

# Only these are predictable enough. Between two rounds, toucher writes to a small part of its memory. So does thp, but that makes
# nearly all of it dirty: a round of predump compares and then writes little; without comparing it has to write most of it.
counts_right() {
    local tools=() i wrote first=${counts[0]%+*}
    read -r -a tools <<< "${rounds//,/ }"
    for ((i = 1; i < ${#counts[@]}; i++)); do
        wrote=${counts[i]%+*}
        case $victim:${tools[i]:-dump}:$predump_args in
            toucher:*) [ $((wrote * 2)) -lt "$first" ] || wrong_counts 'a round wrote about everything again' ;;
            thp:predump:*--no-compare*)
                [ $((wrote * 3)) -gt "$first" ] || wrong_counts 'huge pages were not written as a whole'
                ;;
            thp:predump:*) [ $((wrote * 4)) -lt "$first" ] || wrong_counts 'pages were written that had not changed' ;;
        esac
    done
}
wrong_counts() { wrong "page counts ${counts[*]}"; fail "page counts ${counts[*]}: $1"; }

step() { # N: lets the victim do what it does between rounds
    pause
    kill -USR1 "$pid" || fail "the victim is gone" "$n"
    wait_for 30 "STEP $1" said_line "STEP $1"
    pause
}

# The number of the round is memory too: with a stale page it would continue from an old value.
no_gap() {
    awk '$1 == "round" && $2 != n++ { exit 1 }' out && return
    wrong 'memory: round numbers jump'
    fail 'round numbers jump' "$n"
}
