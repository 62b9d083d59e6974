# The lab's map, read by the commands beside it: two sites, one PostgreSQL host in each, a client, and the network.
#
#   east: pg1 ──┐
#               ├── wan: control (10.77.0.9, where plans run), client
#   west: pg2 ──┘
#
# The network and every host is a network namespace `$lab-…`; pg1 and pg2 also have process and mount namespaces of their
# own, which begin with a power-on and end with a power-off. Disks are folders of one tmpfs and survive both.
# shellcheck shell=sh
# shellcheck disable=SC2034  # used by those who read this file

lab=${LAB_NAME:-handover-lab}
disks=/var/tmp/$lab
floating=10.77.0.100

PATH=$(find /usr/lib/postgresql /usr/pgsql-* -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1):/usr/sbin:/sbin:$PATH
export PATH LC_ALL=C PGCONNECT_TIMEOUT=2

die() { echo "$(basename -- "$0"): $*" >&2; exit 255; }

address_of() {
  case $1 in
    control) echo 10.77.0.9 ;;
    pg1) echo 10.77.0.11 ;;
    pg2) echo 10.77.0.12 ;;
    client) echo 10.77.0.21 ;;
    *) die "no host is called \`$1\`" ;;
  esac
}

site_of() {
  case $1 in
    pg1) echo east ;;
    pg2) echo west ;;
    client) echo wan ;;
    *) die "no host is called \`$1\`" ;;
  esac
}

# Runs a command in the network of a host, without entering the host.
in_network() { name=$1; shift; nsenter --net="/run/netns/$lab-$name" -- "$@"; }

# The first process of a host; fails if its power is off. A process id that was given to another process is told by
# its network.
init_of() {
  pid=$(cat "$disks/$1/init" 2>/dev/null) || return
  [ "$(stat -Lc %i "/proc/$pid/ns/net" 2>/dev/null)" = "$(stat -Lc %i "/run/netns/$lab-$1")" ] && echo "$pid"
}

# Runs a command inside a host, as its console would: needs its power, not its network.
inside() {
  host=$1
  shift
  pid=$(init_of "$host") || die "$host is off"
  exec nsenter --target "$pid" --net --mount --pid --uts --wdns=/ -- "$@"
}
