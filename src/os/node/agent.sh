# Tells what a node is like, then answers what became of commands and ends them, a line for each, behind the tag. It goes
# on until its standard input ends. The first line of that says who asks.

IFS= read -r line && eval "$line" || exit

tell() { printf '%s %s\n' "$tag" "$*"; }

who=$(id)
me=${who#uid=}
me=${me%%[!0-9]*}
user=${who#"uid=$me("}
[ "$user" = "$who" ] && user=$me
boot=
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
tell user "${user%%") gid="*}"
tell clock "$(date +%s)"
tell boot "$boot"
for command in $wanted; do
  command -v "$command" >/dev/null 2>&1 || tell missing "$command"
done

# The folder of notes: private, and on what survives as long as the node is up.
top=
[ "$me" = 0 ] && roots='/run /var/run /tmp' || roots='/tmp /var/tmp'
for root in $roots; do
  [ -d "$root/handover-$me" ] || mkdir -m 700 "$root/handover-$me" 2>/dev/null
  if [ -d "$root/handover-$me" ] && [ ! -L "$root/handover-$me" ] && [ -O "$root/handover-$me" ] &&
    [ -w "$root/handover-$me" ]; then
    top=$root/handover-$me
    break
  fi
done
base=$top/$place
fresh=
if [ -z "$top" ]; then
  tell folder "neither of $roots can be written to"
elif mkdir -m 700 "$base" 2>/dev/null && echo "$boot" >"$base/boot"; then
  fresh=1
elif [ ! -s "$base/boot" ]; then
  tell folder "$base cannot be written to"
fi
made=
{ read -r made <"$base/boot"; } 2>/dev/null
space=$(df -Pk "$top" 2>/dev/null)
# The second line counts.
# shellcheck disable=SC2086
set -- ${space#*"
"}
tell space "${4:-?}"
# What other runs have left here; of a great many, the latest.
# shellcheck disable=SC2012
[ -z "$top" ] || ls -t "$top" 2>/dev/null | {
  told=0
  while [ "$told" -lt 100 ] && IFS= read -r name; do
    case $name in "${place%%.*}".*) continue ;; esac
    [ ! -d "$top/$name" ] || { tell notes "$name" && told=$((told + 1)); }
  done
}
tell ready "$base"

# When process $1 started; nothing if it is not there.
began() {
  began=
  { IFS= read -r stat </proc/"$1"/stat; } 2>/dev/null || return 1
  # shellcheck disable=SC2086
  set -- ${stat##*") "}
  shift 19
  began=$1
}

# The folder of place $1. One that ends in `*` stands for the last of several: if there is none yet, there will be none.
find_place() {
  dir=$base/$1
  case $1 in *'*') ;; *) return ;; esac
  mkdir -m 700 "$base/shut.${1%.*}" 2>/dev/null
  for dir in "$base/${1%'*'}"*; do :; done
}

# Reads the notes of place $1 into `what`: ended, late or stuck with the exit code, alive, ending, starting, never, gone or
# lost.
# $2 is the boot in which the command was sent, `unknown`, or `here` if that was while this agent was there.
study() {
  pid='' since=''
  find_place "$1"
  if [ -s "$dir/ended" ]; then
    read -r what <"$dir/ended"
  elif [ "$made" != "$boot" ]; then
    what=gone
    # Without its first line the list says nothing.
    [ "$made" ] || what=lost
  elif [ -d "$dir" ]; then
    alive
  elif [ "$2" != here ] && [ "$fresh" ]; then
    # There was no such folder when this agent came: what was noted has vanished.
    case $2 in unknown | "$boot") what=lost ;; *) what=gone ;; esac
  elif grep -Fqx "${dir##*/}" "$base/boot"; then
    # It has been there: somebody has removed its folder.
    what=lost
  elif mkdir -m 700 "$dir" 2>/dev/null; then
    # Its place is taken now, so that it will never begin.
    what=never
    echo never >"$dir/ended"
  else
    what=lost
    [ ! -d "$dir" ] || what=starting
  fi
}

# The same for a command that has begun in this boot and not ended by the notes.
alive() {
  what=starting
  if [ -s "$dir/begun" ]; then
    read -r pid since runner within <"$dir/begun"
    what=alive
    if [ "$within" != "$(namespace)" ]; then
      # Whether it is there cannot be seen from here.
      what=lost
    elif { began "$pid" && [ "$began" != "$since" ]; } || over "$pid"; then
      what=gone
      # Its runner, which is older than it, has still to note how it ended.
      if began "$runner" && [ "$began" -le "$since" ]; then
        what=ending
      fi
    fi
  fi
}

# What has just ended may not have been noted yet, what has just begun neither.
settle() {
  tries=0
  study "$1" "$2"
  while [ -d "$dir" ] && [ "$tries" -lt 20 ]; do
    case $what in starting | gone | ending) ;; *) break ;; esac
    pause
    [ "$what" = ending ] || tries=$((tries + tenths))
    study "$1" "$2"
  done
  [ "$what" != starting ] || what=lost
}

# Tells what became of a command, and if it is alive, of its end.
look() {
  settle "$1" "$2"
  if [ "$what" = alive ]; then
    tell "$1" alive
    while [ "$what" = alive ]; do
      pause
      pause
      study "$1" "$2"
    done
    settle "$1" "$2"
  fi
  tell "$1" "$what"
}

# Ends a command with its session, and tells what became of it: what is ended here has not ended by itself.
end() {
  settle "$1" "$2"
  if [ "$what" = alive ]; then
    if finish "$pid"; then what=late; else what=stuck; fi
  fi
  tell "$1" "$what"
}

watchers=
while read -r verb slot when; do
  case $verb in
    look)
      look "$slot" "$when" &
      watchers="$watchers $!"
      ;;
    end) end "$slot" "$when" & ;;
    clear)
      case $slot in */* | .* | '') ;; *) [ -z "$top" ] || rm -rf "${top:?}/$slot" ;; esac
      ;;
    remove)
      rm -rf "$base"
      tell removed
      ;;
  esac
done
# shellcheck disable=SC2086
[ -z "$watchers" ] || kill $watchers 2>/dev/null
wait
