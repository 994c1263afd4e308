# fish completion for predump, which itself knows what could come next; files are offered as well.
function __predump_suggest
    set -l line (commandline -cp | string collect)
    set -l suggested (predump "[suggest:"(string length -- $line)"]" $line 2> /dev/null)
    if string match -qv -- '-*' (commandline -ct)
        string match -v -- '-*' $suggested # options only where one was begun
    else
        printf '%s\n' $suggested
    end
end
complete -c predump -a '(__predump_suggest)'
