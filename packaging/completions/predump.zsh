#compdef predump
# zsh completion for predump, which itself knows what could come next. Where it knows nothing, files are offered.
local line="${(j: :)words[1,CURRENT]}"
local -a suggested
suggested=(${(f)"$(predump "[suggest:${#line}]" "$line" 2> /dev/null)"})
if [[ $PREFIX != -* ]]; then
    suggested=(${suggested:#-*}) # options only where one was begun
fi
compadd -a suggested || _files
