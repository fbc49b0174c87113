# shellcheck shell=bash
# Completion for carte-stack. Made by `make generate` from the tables in src/cli.

_carte_stack_complete()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' words='' values='' services='' globals given=() i

    globals=' --file -f --project-name -p --project-directory --env-file --profile --loose --progress --help -h --version'
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --file | -f | --project-name | -p | --project-directory | --env-file | --profile | --progress | --) given+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}"); i=$((i + 1)) ;;
        -*) ;;
        *)
            command=${COMP_WORDS[i]}
            break ;;
        esac
    done
    case $previous in
    --progress) values='auto tty plain quiet' ;;
    esac
    case $command in
    up)
        words="$globals --detach -d --wait --wait-timeout --build --no-build --pull --insecure --force-recreate --scale --timeout -t --no-log-prefix --timestamps"
        services=1
        case $previous in
        --pull) values='missing always never policy' ;;
        esac ;;
    down)
        words="$globals --volumes -v --timeout -t"
        case $previous in
        esac ;;
    ps)
        words="$globals --all -a --quiet -q --services --format"
        services=1
        case $previous in
        --format) values='table json' ;;
        esac ;;
    logs)
        words="$globals --follow -f --tail -n --timestamps -t --raw --since --no-log-prefix --no-color"
        services=1
        case $previous in
        esac ;;
    events)
        words="$globals --json --all -a"
        services=1
        case $previous in
        esac ;;
    exec)
        words="$globals --detach -d --env -e --user -u --workdir -w --privileged --no-tty -T --index"
        services=1
        case $previous in
        esac ;;
    attach)
        words="$globals --detach-keys --no-stdin --no-sig-proxy --index"
        services=1
        case $previous in
        esac ;;
    scale)
        words="$globals"
        services=1
        case $previous in
        esac ;;
    start)
        words="$globals"
        services=1
        case $previous in
        esac ;;
    stop)
        words="$globals --timeout -t"
        services=1
        case $previous in
        esac ;;
    restart)
        words="$globals --timeout -t"
        services=1
        case $previous in
        esac ;;
    build)
        words="$globals --build-arg --check --no-cache --insecure"
        services=1
        case $previous in
        esac ;;
    pull)
        words="$globals --insecure --quiet -q"
        services=1
        case $previous in
        esac ;;
    push)
        words="$globals --insecure --compression --quiet -q"
        services=1
        case $previous in
        --compression) values='keep gzip' ;;
        esac ;;
    config)
        words="$globals --quiet -q --services --images --networks --volumes --format"
        case $previous in
        --format) values='yaml' ;;
        esac ;;
    schema)
        words="$globals"
        case $previous in
        esac ;;
    version)
        words="$globals --short --format -f"
        case $previous in
        --format) values='text json' ;;
        esac ;;
    '')
        words="$globals up down ps logs events exec attach scale start stop restart build pull push config schema version" ;;
    esac
    [ -n "$values" ] && words=$values
    if [ -n "$services" ] && [ -z "$values" ]; then
        words="$words $(carte-stack "${given[@]}" config --services 2>/dev/null)"
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o default -F _carte_stack_complete carte-stack
