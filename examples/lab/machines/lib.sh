# What the labs with real machines share. Read by the `map.sh` of each lab, which is read by the commands in its folder.
#
# A machine is a network namespace `$lab-NAME`, and process, mount and host name namespaces that begin with a power-on and
# end with a power-off. It has a disk that survives both, sshd, and a network card for each network that it is on. The
# networks are bridges in a namespace of their own; plans run there, on `control`.
#
# The map says: `lab`, the lab's name; `networks`; `machines` (with power and a disk) and `bystanders` (without); and for
# each cable `NETWORK MACHINE ADDRESS` in `cables`, `control` among them.
# shellcheck shell=sh
# shellcheck disable=SC2154  # what the map says

disks=/var/tmp/$lab
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"

die() { echo "$(basename -- "$0"): $*" >&2; exit 255; }

known() {
  case " $machines " in *" ${1:?which machine} "*) ;; *) die "no machine is called \`$1\`" ;; esac
}

# The networks of a machine, and its address on one of them: the first if it is not said which.
networks_of() { echo "$cables" | awk -v machine="$1" '$2 == machine { print $1 }'; }
address_of() { echo "$cables" | awk -v m="$1" -v n="${2-}" '$2 == m && (n == "" || $1 == n) { print $3; exit }'; }

# Runs a command in the network of a machine, without entering the machine.
in_network() { name=$1; shift; nsenter --net="/run/netns/$lab-$name" -- "$@"; }

# The first process of a machine; fails if its power is off. A process id that was given to another process is told by
# its network.
init_of() {
  pid=$(cat "$disks/$1/init" 2>/dev/null) || return
  [ "$(stat -Lc %i "/proc/$pid/ns/net" 2>/dev/null)" = "$(stat -Lc %i "/run/netns/$lab-$1")" ] && echo "$pid"
}

# Runs a command inside a machine, as its console would: needs its power, not its network.
inside() {
  name=$1
  shift
  pid=$(init_of "$name") || die "$name is off"
  exec nsenter --target "$pid" --net --mount --pid --uts --wdns=/ -- "$@"
}
