# The lab's map, read by the commands beside it: two nodes, the array that keeps the volume, a client, and two networks.
#
#   lan: control (10.78.0.9, where plans run), client, st1, st2, and the array's management
#   san: st1, st2 and the array
#
# The floating address that clients use is 10.78.0.100, on the lan.
# shellcheck shell=sh
# shellcheck disable=SC2034  # used by those who read this file

lab=${LAB_NAME:-handover-storage}
networks='lan san'
machines='array st1 st2'
bystanders=client
cables='
lan control 10.78.0.9
lan array   10.78.0.10
san array   10.78.1.10
lan st1     10.78.0.11
san st1     10.78.1.11
lan st2     10.78.0.12
san st2     10.78.1.12
lan client  10.78.0.21
'
floating=10.78.0.100

. "$here/../../lab/machines/lib.sh"
