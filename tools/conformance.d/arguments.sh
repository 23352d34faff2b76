# What the judges of this folder have in common in reading their arguments; sourced, and so no judge itself. Whoever calls
# one wrongly is told so with exit code 3: 1 would say that Kafka disagrees.

usage_error() { echo "${0##*/}: $1; see --help" >&2; exit 3; }

# OPTION [VALUE …]: prints the value.
word() { [ -n "${2:-}" ] || usage_error "$1 needs a value"; echo "$2"; }
whole() { [[ ${2:-} =~ ^(0|[1-9][0-9]{0,17})$ ]] || usage_error "$1 needs a whole number"; echo "$2"; }
# None at all would agree, and prove nothing.
count() { [[ ${2:-} =~ ^[1-9][0-9]{0,17}$ ]] || usage_error "$1 needs a number from 1 on"; echo "$2"; }
