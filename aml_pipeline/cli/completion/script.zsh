#compdef aml-pipeline
# Completion of aml-pipeline for zsh. Save it as _aml-pipeline in a folder of $fpath, or load it after compinit with:
# eval "$(aml-pipeline completion zsh)"

_aml-pipeline() {
    local line answer
    local -a closed open
    answer=$(${~words[1]} completion --words -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    for line in ${(f)answer}; do
        case $line in
            (:files) compset -P '*='; _files; return ;;
            (:folders) compset -P '*='; _path_files -/; return ;;
        esac
        line=${${line//:/\\:}/$'\t'/:}
        if [[ ${line%%:*} == *= ]]; then open+=$line; else closed+=$line; fi
    done
    _describe -V aml-pipeline closed -- open -S ''
}

if [[ $funcstack[1] == _aml-pipeline ]]; then
    _aml-pipeline "$@"
else
    compdef _aml-pipeline aml-pipeline
fi
