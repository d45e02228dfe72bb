# Completion of aml-pipeline for bash, also for 3.2 of macOS. Load it with: eval "$(aml-pipeline completion bash)"

_aml_pipeline() {
    local program=${COMP_WORDS[0]/#\~/$HOME} line piece before='' word='' words=() IFS=$' \t\n'
    # bash splits words at = and :, and leaves quotes and backslashes in them.
    for piece in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $piece == [=:]* || $word == *[=:] ]] && ((${#words[@]})); then
            before=$word word=$word$piece
            words[${#words[@]} - 1]=$word
        else
            before='' word=$piece
            words+=("$word")
        fi
    done
    [[ $piece == [=:]* ]] && before=$word
    for line in "${!words[@]}"; do
        words[line]=${words[line]//[\'\"\\]/}
    done
    before=${before//[\'\"\\]/}

    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files) compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "${word#"$before"}")) ;;
            :folders) compopt -o dirnames 2>/dev/null || COMPREPLY=($(compgen -d -- "${word#"$before"}")) ;;
            ?*)
                line=${line%%$'\t'*} line=${line#"$before"}
                # A value stays one word, and is not run: inside an open quote, what could end the quote is not offered.
                if [[ $piece != [\'\"]* ]]; then
                    printf -v line %q "$line"
                elif [[ $line == *[\'\"\`\$\\]* ]]; then
                    continue
                fi
                COMPREPLY+=("$line")
                ;;
        esac
    done < <("$program" completion --words -- "${words[@]}" 2>/dev/null)
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -o nosort -F _aml_pipeline aml-pipeline 2>/dev/null || complete -F _aml_pipeline aml-pipeline
