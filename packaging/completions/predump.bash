# shellcheck shell=bash
# bash completion for predump, which itself knows what could come next. Where it knows nothing, files are offered.
_predump()
{
    local cur=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT} word
    COMPREPLY=()
    while read -r word; do
        # options only where one was begun
        if [[ $word == "$cur"* && ( $cur == -* || $word != -* ) ]]; then
            COMPREPLY+=("$word")
        fi
    done < <("$1" "[suggest:${#line}]" "$line" 2> /dev/null)
}
complete -o default -F _predump predump
