# The lab's map, read by the commands beside it: two sites with a PostgreSQL host and a control host each, and the network.
#
#   east: pg1, ctl-east ──┐
#                         ├── wan: client
#   west: pg2, ctl-west ──┘
#
# The network and every host is a network namespace `$lab-…`. Hosts also have a mount namespace of their own, with a disk at
# /srv and an /etc/ssh that nobody else has; the database hosts have process numbers of their own, too. All that begins
# with a power-on and ends with a power-off; disks survive both. Control hosts share the processes of this machine: from
# there, the service processors and the switches are reached, which are not on the network.
# shellcheck shell=sh
# shellcheck disable=SC2034  # used by those who read this file

lab=${LAB_NAME:-handover-lab}
disks=/var/tmp/$lab
floating=10.77.0.100
databases='pg1 pg2'
hosts="$databases ctl-east ctl-west"

PATH=$(find /usr/lib/postgresql /usr/pgsql-* -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1):/usr/sbin:/sbin:$PATH
export PATH LC_ALL=C PGCONNECT_TIMEOUT=2

# Where whoever logs in finds commands.
logins=/srv/bin:$PATH

die() { echo "$(basename -- "$0"): $*" >&2; exit 255; }

address_of() {
  case $1 in
    pg1) echo 10.77.0.11 ;;
    pg2) echo 10.77.0.12 ;;
    client) echo 10.77.0.21 ;;
    ctl-east) echo 10.77.0.31 ;;
    ctl-west) echo 10.77.0.32 ;;
    *) die "no host is called \`$1\`" ;;
  esac
}

site_of() {
  case $1 in
    pg1 | ctl-east) echo east ;;
    pg2 | ctl-west) echo west ;;
    client) echo wan ;;
    *) die "no host is called \`$1\`" ;;
  esac
}

# Runs a command in the network of a host, without entering the host.
in_network() { name=$1; shift; nsenter --net="/run/netns/$lab-$name" -- "$@"; }

# Sends a signal to every process of a host, also to those that appear meanwhile.
signal_all() {
  reached=
  while pids=$(ip netns pids "$lab-$1") && [ "$pids" != "$reached" ]; do
    # shellcheck disable=SC2086  # one word a process
    kill -s "$2" $pids 2>/dev/null
    reached=$pids
  done
}

# Ends every process of a host at once.
end_all() {
  while pids=$(ip netns pids "$lab-$1") && [ -n "$pids" ]; do
    # shellcheck disable=SC2086  # one word a process
    kill -9 $pids 2>/dev/null
    sleep 0.01
  done
}

# The first process of a host; fails if its power is off. A process id that was given to another process is told by
# its network.
init_of() {
  pid=$(cat "$disks/$1/init" 2>/dev/null) || return
  [ "$(stat -Lc %i "/proc/$pid/ns/net" 2>/dev/null)" = "$(stat -Lc %i "/run/netns/$lab-$1")" ] && echo "$pid"
}

# Runs a command inside a host, as its console would: needs its power, not its network. Control hosts have the plans and
# a journal at hand.
inside() {
  host=$1
  shift
  pid=$(init_of "$host") || die "$host is off"
  case $host in
    ctl-*) exec nsenter --target "$pid" --net --mount --uts --wdns="$here/.." -- env PATH="$logins" HANDOVER_STATE=/srv/journal "$@" ;;
    *) exec nsenter --target "$pid" --net --mount --pid --uts --wdns=/ -- "$@" ;;
  esac
}
