# shellcheck shell=bash
# Completion for carte. Made by `make generate` from the tables in src/cli.

_carte_complete()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' words='' values='' services='' globals given=() i

    globals=' --progress --help -h --version'
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --progress | --) given+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}"); i=$((i + 1)) ;;
        -*) ;;
        *)
            command=${COMP_WORDS[i]}
            [ "$command" != network ] || ((i + 1 >= COMP_CWORD)) ||
                command+=" ${COMP_WORDS[i + 1]}"
            break ;;
        esac
    done
    case $previous in
    --progress) values='auto tty plain quiet' ;;
    esac
    case $command in
    network)
        words='create ls inspect rm prune' ;;
    build)
        words="$globals --tag -t --file -f --build-arg --check --no-cache --insecure --label --target --no-cache-filter --cache-from --cache-to --network --secret --ssh --build-context --allow --quiet -q"
        case $previous in
        esac ;;
    bootstrap)
        words="$globals --tag -t --variant --include --mirror --quiet -q"
        case $previous in
        --variant) values='minbase apt' ;;
        esac ;;
    images)
        words="$globals --quiet -q --digests --no-trunc --filter -f --format"
        case $previous in
        esac ;;
    inspect)
        words="$globals --format -f"
        case $previous in
        esac ;;
    history)
        words="$globals --quiet -q --no-trunc --human -H --format"
        case $previous in
        esac ;;
    tag)
        words="$globals"
        case $previous in
        esac ;;
    rmi)
        words="$globals --force -f"
        case $previous in
        esac ;;
    prune)
        words="$globals --all -a --force -f --filter"
        case $previous in
        esac ;;
    df)
        words="$globals --format --verbose -v"
        case $previous in
        esac ;;
    fsck)
        words="$globals --repair --deep"
        case $previous in
        esac ;;
    save)
        words="$globals --output -o --format"
        case $previous in
        --format) values='docker oci' ;;
        esac ;;
    load)
        words="$globals --input -i --platform --quiet -q"
        case $previous in
        esac ;;
    import)
        words="$globals --change -c --message -m"
        case $previous in
        esac ;;
    export)
        words="$globals --output -o"
        case $previous in
        esac ;;
    pull)
        words="$globals --platform --insecure --quiet -q"
        case $previous in
        esac ;;
    push)
        words="$globals --all-tags -a --compression --chunk-size --insecure --quiet -q"
        case $previous in
        --compression) values='keep gzip' ;;
        esac ;;
    login)
        words="$globals --username -u --password-stdin --insecure"
        case $previous in
        esac ;;
    logout)
        words="$globals"
        case $previous in
        esac ;;
    ps)
        words="$globals --all -a --quiet -q --services --format"
        case $previous in
        --format) values='table json' ;;
        esac ;;
    run)
        words="$globals --detach -d --interactive -i --tty -t --rm --name --detach-keys --pull --quiet -q --platform --cidfile --sig-proxy --env -e --env-file --volume -v --mount --tmpfs --publish -p --publish-all -P --expose --network --network-alias --ip --add-host --dns --dns-search --dns-option --hostname -h --domainname --user -u --group-add --userns --pid --ipc --workdir -w --entrypoint --memory -m --cpus --memory-swap --memory-reservation --cpuset-cpus --cpu-shares -c --pids-limit --shm-size --ulimit --sysctl --cap-add --cap-drop --security-opt --device --privileged --read-only --init --restart --stop-signal --stop-timeout --label -l --label-file --log-driver --log-opt --health-cmd --health-interval --health-timeout --health-start-period --health-start-interval --health-retries --no-healthcheck"
        case $previous in
        --pull) values='missing always never' ;;
        esac ;;
    create)
        words="$globals --detach -d --interactive -i --tty -t --rm --name --detach-keys --pull --quiet -q --platform --cidfile --sig-proxy --env -e --env-file --volume -v --mount --tmpfs --publish -p --publish-all -P --expose --network --network-alias --ip --add-host --dns --dns-search --dns-option --hostname -h --domainname --user -u --group-add --userns --pid --ipc --workdir -w --entrypoint --memory -m --cpus --memory-swap --memory-reservation --cpuset-cpus --cpu-shares -c --pids-limit --shm-size --ulimit --sysctl --cap-add --cap-drop --security-opt --device --privileged --read-only --init --restart --stop-signal --stop-timeout --label -l --label-file --log-driver --log-opt --health-cmd --health-interval --health-timeout --health-start-period --health-start-interval --health-retries --no-healthcheck"
        case $previous in
        --pull) values='missing always never' ;;
        esac ;;
    start)
        words="$globals --attach -a --interactive -i --detach-keys"
        case $previous in
        esac ;;
    stop)
        words="$globals --time -t"
        case $previous in
        esac ;;
    restart)
        words="$globals --time -t"
        case $previous in
        esac ;;
    kill)
        words="$globals --signal -s"
        case $previous in
        esac ;;
    wait)
        words="$globals"
        case $previous in
        esac ;;
    rm)
        words="$globals --force -f"
        case $previous in
        esac ;;
    exec)
        words="$globals --detach -d --env -e --user -u --workdir -w --privileged --interactive -i --tty -t"
        case $previous in
        esac ;;
    attach)
        words="$globals --detach-keys --no-stdin --no-sig-proxy"
        case $previous in
        esac ;;
    logs)
        words="$globals --follow -f --tail -n --timestamps -t --raw --since"
        case $previous in
        esac ;;
    update)
        words="$globals --memory -m --cpus --pids-limit"
        case $previous in
        esac ;;
    rename)
        words="$globals"
        case $previous in
        esac ;;
    pause)
        words="$globals"
        case $previous in
        esac ;;
    unpause)
        words="$globals"
        case $previous in
        esac ;;
    cp)
        words="$globals --archive -a --follow-link -L"
        case $previous in
        esac ;;
    commit)
        words="$globals --author -a --message -m --change -c --pause -p"
        case $previous in
        esac ;;
    diff)
        words="$globals"
        case $previous in
        esac ;;
    port)
        words="$globals"
        case $previous in
        esac ;;
    top)
        words="$globals"
        case $previous in
        esac ;;
    stats)
        words="$globals --all -a --no-stream --format"
        case $previous in
        esac ;;
    'network create')
        words="$globals --internal --subnet --gateway --label --driver -d"
        case $previous in
        --driver) values='bridge' ;;
        esac ;;
    'network ls')
        words="$globals --quiet -q --filter -f --format"
        case $previous in
        esac ;;
    'network inspect')
        words="$globals --format -f"
        case $previous in
        esac ;;
    'network rm')
        words="$globals"
        case $previous in
        esac ;;
    'network prune')
        words="$globals --force -f --filter"
        case $previous in
        esac ;;
    version)
        words="$globals --short --format -f"
        case $previous in
        --format) values='text json' ;;
        esac ;;
    '')
        words="$globals build bootstrap images inspect history tag rmi prune df fsck save load import export pull push login logout ps run create start stop restart kill wait rm exec attach logs update rename pause unpause cp commit diff port top stats network version" ;;
    esac
    [ -n "$values" ] && words=$values
    if [ -n "$services" ] && [ -z "$values" ]; then
        words="$words $(carte "${given[@]}" config --services 2>/dev/null)"
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o default -F _carte_complete carte
