# Completion of aml-pipeline for fish. Save it as ~/.config/fish/completions/aml-pipeline.fish

function __aml_pipeline_words
    set -l before (commandline -xpc 2>/dev/null; or commandline -opc)
    set -l word (commandline -ct | string replace -ra '[\'"\\\\]' '')
    set -l program (string replace -r '^~/' "$HOME/" -- $before[1])
    for line in (command $program completion --words -- $before[2..] $word 2>/dev/null)
        switch $line
            case :files
                set -l option (string match -r '^[^=/]*=' -- $word)
                string replace -r '^' -- "$option" (__fish_complete_path (string replace -- "$option" '' $word))
            case :folders
                __fish_complete_directories $word ''
            case '*'
                echo $line
        end
    end
end

complete -c aml-pipeline -f -k -a '(__aml_pipeline_words)'
