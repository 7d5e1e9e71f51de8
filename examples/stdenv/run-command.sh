# Runs the shell text in $script, which makes $out.
source "$setup"
eval "$script"
