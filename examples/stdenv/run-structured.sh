# Runs the shell text in the attribute `script`, which makes ${outputs[out]}; every attribute is a
# variable of bash, whose lists and sets are arrays.
source "$NIX_ATTRS_SH_FILE"
source "$setup"
eval "$script"
