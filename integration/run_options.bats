# The options of carte run: what they do, and how those that cannot be are refused.

load lib
load lib_single

# refused WORDS... : `carte run` says so and ends as users know it; $output tells why.
refused() {
    run carte run "$@" tool true
    echo "$output"
    [ "$status" -eq 125 ]
    [[ $output != *services.* ]]
}

@test "what is wrong is told by the option it was written with" {
    refused --frob
    [[ $output == *"'--frob'"* ]]
    refused -m 3x
    [[ $output == *"option '--memory': '3x'"* ]]
    refused --cpus many
    [[ $output == *"option '--cpus': 'many'"* ]]
    refused -p 99999999
    [[ $output == *"option '--publish': '99999999'"* ]]
    refused --ulimit nofile=20:10
    [[ $output == *"option '--ulimit'"* ]]
    refused --health-cmd true --health-interval 1ms
    [[ $output == *"option '--health-interval'"* ]]
    refused --restart sometimes
    [[ $output == *"option '--restart': 'sometimes'"* ]]
    run carte run
    [ "$status" -eq 125 ]
    [ -z "$(carte ps -aq)" ]
}

@test "options that contradict each other are refused" {
    refused --rm --restart always
    [[ $output == *"'--rm' and '--restart'"* ]]
    refused --no-healthcheck --health-cmd true
    [[ $output == *"'--no-healthcheck'"* ]]
    carte run --rm --restart no tool true
}

@test "a mount option that would have no effect is refused" {
    refused -v src:/dst:bogus
    [[ $output == *"option '--volume'"*bogus* ]]
}
