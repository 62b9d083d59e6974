# The lab's map, read by the commands beside it: two nodes of a Pacemaker cluster, and a client.
#
# The floating address that clients use is 10.79.0.100.
# shellcheck shell=sh
# shellcheck disable=SC2034  # used by those who read this file

lab=${LAB_NAME:-handover-pacemaker}
networks=lan
machines='n1 n2'
bystanders=client
cables='
lan control 10.79.0.9
lan n1      10.79.0.11
lan n2      10.79.0.12
lan client  10.79.0.21
'
floating=10.79.0.100

. "$here/../../lab/machines/lib.sh"
