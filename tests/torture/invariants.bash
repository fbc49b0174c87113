# What must hold whenever the stack has settled. Each check prints what is wrong, and nothing
# when all is well.

settle_seconds=25

fail() {
    echo "torture: FAILED: $1" >&2
    [ ! -s problems ] || sed 's/^/    /' problems >&2
    stop_requests
    tail -n 5 steps >&2
    carte-stack ps -a >&2
    tail -n 20 "$CARTE_ROOT/stacks/torture/supervisor.log" >&2
    carte-stack down -t 0 >/dev/null 2>&1
    exit 1
}

# Every wanted replica runs once, and none beside them.
check_replicas() {
    local service got
    carte-stack ps -a --format json >ps.json 2>/dev/null || { echo 'ps fails'; return; }
    jq -rs '.[] | [.Service, .State, .Health // "", .Pid, (.Addresses | map(values) | join(" "))] | @tsv' \
        ps.json >table
    for service in "${!desired[@]}"; do
        got=$(awk -F '\t' -v s="$service" \
            '$1 == s && $2 == "running" && ($3 == "" || $3 == "none" || $3 == "healthy")' table | wc -l)
        [ "$got" = "${desired[$service]}" ] || echo "$service: $got run, wanted ${desired[$service]}"
    done
    [ "$(wc -l <table)" = "$(total)" ] || echo "$(wc -l <table) replicas, wanted $(total)"
    cut -f 5 table | tr ' ' '\n' | grep . | sort | uniq -d | sed 's/^/address twice: /'
    cut -f 4 table | sort | uniq -d | sed 's/^/process twice: /'
    while read -r pid; do
        [ -d "/proc/$pid" ] || echo "process $pid is not there"
    done < <(cut -f 4 table)
}

total() {
    local sum=0 n
    for n in "${desired[@]}"; do sum=$((sum + n)); done
    echo "$sum"
}

hash_of_stack() {
    nft list tables 2>/dev/null | sed -n 's/^table inet carte//p'
}

# One cgroup, one namespace, one link and one record for each replica, and no more.
check_objects() {
    local hash wanted n seen=0
    hash=$(hash_of_stack)
    wanted=$(total)
    [ "$(echo "$hash" | wc -w)" = 1 ] || echo "tables of packet rules: '$hash'"
    for n in /sys/fs/cgroup/{memory,pids,unified,.}/carte/carte"$hash"; do
        [ -d "$n" ] || continue
        seen=1
        [ "$(find "$n" -mindepth 1 -maxdepth 1 -type d | wc -l)" = "$wanted" ] ||
            echo "cgroups in $n: $(find "$n" -mindepth 1 -maxdepth 1 -type d | wc -l), wanted $wanted"
    done
    [ "$seen" = 1 ] || echo 'no cgroups'
    n=$(grep -c " $CARTE_RUN/stacks/torture/netns/" /proc/self/mountinfo)
    [ "$n" = "$wanted" ] || echo "network namespaces: $n, wanted $wanted"
    n=$(ip -o link | grep -c ": c${hash}[0-9a-z]*@")
    [ "$n" = "$wanted" ] || echo "links: $n, wanted $wanted"
    n=$(find "$CARTE_RUN/stacks/torture/replicas" -name '*.json' | wc -l)
    [ "$n" = "$wanted" ] || echo "records: $n, wanted $wanted"
    n=$(find "$CARTE_ROOT/stacks/torture/replicas" -mindepth 1 -maxdepth 1 | wc -l)
    [ "$n" = "$wanted" ] || echo "writable layers: $n, wanted $wanted"
    find "$CARTE_RUN/stacks/torture" -name '*.new*' ! -name control.sock.new | sed 's/^/left: /'
}

# The rules lead to the replicas that are ready and to no others.
check_rules() {
    nft list table inet "carte$(hash_of_stack)" >rules 2>/dev/null || { echo 'no rules'; return; }
    sed -n '/chain port0/,/}$/p' rules | grep dnat | grep -oE '10\.[0-9]+\.[0-9]+\.[0-9]+|1(72|92)\.[0-9]+\.[0-9]+\.[0-9]+' |
        sort >backends
    awk -F '\t' '$1 == "web" { print $5 }' table | tr ' ' '\n' | grep . | sort >ready
    diff ready backends >/dev/null || echo "rules lead to: $(paste -sd' ' backends), ready are: $(paste -sd' ' ready)"
}

descriptors_of() {
    find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l
}

remember_descriptors() {
    keeper_descriptors=$(descriptors_of "$(keeper_pid torture)")
    supervisor_descriptors=$(descriptors_of "$(supervisor_pid torture)")
    descriptors_total=$(total)
}

# A replica has a process, a log and four pipes and files: six descriptors at most.
check_processes() {
    local keepers supervisors n allowed
    keepers=$(process_of "^[^ ]*carte-keeper .*torture" | wc -l)
    supervisors=$(process_of '^[^ ]*carte-stack supervise.* torture$' | wc -l)
    [ "$keepers" = 1 ] || echo "keepers: $keepers"
    [ "$supervisors" = 1 ] || echo "supervisors: $supervisors"
    [ "$keepers" = 1 ] && [ "$supervisors" = 1 ] || return
    n=$(descriptors_of "$(keeper_pid torture)")
    [ "$n" -le "${keeper_descriptors:-99}" ] || echo "the keeper holds $n descriptors, was $keeper_descriptors"
    n=$(descriptors_of "$(supervisor_pid torture)")
    allowed=$((${supervisor_descriptors:-999} + 6 * ($(total) - ${descriptors_total:-0}) + 8))
    [ "$n" -le "$allowed" ] || echo "the supervisor holds $n descriptors, allowed are $allowed"
    n=$(pgrep -cP "$(supervisor_pid torture)" -f '^carte-front')
    [ "$n" = 1 ] || echo "fronts: $n"
}

settled() {
    { check_replicas && check_objects && check_rules && check_processes; } >problems 2>&1
    [ ! -s problems ]
}

settle() {
    eventually "$settle_seconds" settled 2>/dev/null
}

# Each life of a ticker writes its name and 0, 1, 2, ...: none is lost and none comes twice.
check_logs() {
    cat "$CARTE_ROOT"/stacks/torture/logs/ticker-*.jsonl | jq -r '.log' |
        awk '{ n++; if ($2 == "") print "torn: " $0; else if ($2 != next_[$1] + 0) print "line " $2 " of " $1 " where " next_[$1] + 0 " is due"; next_[$1] = $2 + 1 }
             END { print n + 0 >"logged" }' >problems
    [ "$(cat logged)" -gt 0 ] && [ ! -s problems ]
}

# A request counts as harmed when it began or ended beside the death of a replica.
check_requests() {
    grep harsh failed >failed_harsh
    grep -v harsh failed | head -n 20 >problems
    [ -s answered ] && [ ! -s problems ]
}

ask_on() {
    local before
    : >>answered
    while [ ! -e quiet ]; do
        before=$(cat kind step 2>/dev/null | paste -sd' ')
        if curl -sf -m 5 -o /dev/null http://127.0.0.1:8080/index.html; then
            echo >>answered
        else
            echo "curl $? in: $before, then: $(cat kind step 2>/dev/null | paste -sd' ')" >>failed
        fi
    done
}

start_requests() {
    rm -f quiet
    : >failed
    ask_on &
    first=$!
    ask_on &
    second=$!
}

stop_requests() {
    : >quiet
    wait "${first:-$$}" "${second:-$$}" 2>/dev/null
}
