#!/bin/sh
# A machine of its own in one process tree: network, processes, mounts and cgroups that nobody else sees.
#   sandbox.sh NAME FOLDER
# Runs until it is killed; with its first process the kernel ends every other one in it, and its mounts and links
# go. What remains are empty cgroups called NAME, which the caller removes.
set -eu

cgroups=/sys/fs/cgroup

mount_own_cgroups() {
  if [ "$(stat -fc %T $cgroups)" = cgroup2fs ]; then
    mount -t cgroup2 cgroup2 $cgroups
    mkdir $cgroups/host # controllers can't be handed on by a group that holds processes itself
    echo 0 >$cgroups/host/cgroup.procs
    return
  fi
  controllers=$(cd $cgroups && echo *)
  mount -t tmpfs -o mode=755 tmpfs $cgroups
  for controller in $controllers; do
    mkdir "$cgroups/$controller"
    case $controller in
      unified) mount -t cgroup2 cgroup2 "$cgroups/$controller" ;;
      systemd) mount -t cgroup -o none,name=systemd cgroup "$cgroups/$controller" ;;
      *) mount -t cgroup -o "$controller" cgroup "$cgroups/$controller" ;;
    esac
  done
}

inside() {
  mount --make-rprivate /
  mount_own_cgroups
  # What a kubelet and CNI plugins write to fixed paths stays here.
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t tmpfs -o mode=755 tmpfs /var/log
  mount --bind "$1/var-lib" /var/lib
  ip link set lo up
  echo 1 >/proc/sys/net/ipv4/ip_forward
  : >"$1/sandbox.ready"
  # The first process adopts the orphans of all others: wait reaps them.
  while :; do
    sleep 3600 &
    wait $!
  done
}

join_cgroups() {
  while IFS=: read -r _ controllers path; do
    case $controllers in
      '') if [ -d $cgroups/unified ]; then folder=$cgroups/unified$path; else folder=$cgroups$path; fi ;;
      name=*) folder=$cgroups/${controllers#name=}$path ;;
      *) folder=$cgroups/$controllers$path ;;
    esac
    mkdir -p "$folder/$1"
    if [ "$controllers" = cpuset ]; then # a new one is born without processors and memory
      for setting in cpuset.cpus cpuset.mems; do cat "$folder/$setting" >"$folder/$1/$setting"; done
    fi
    echo $$ >"$folder/$1/cgroup.procs"
  done </proc/self/cgroup
}

if [ "${SANDBOX_FOLDER:-}" ]; then inside "$SANDBOX_FOLDER"; fi
join_cgroups "$1"
SANDBOX_FOLDER=$2 exec unshare --net --pid --mount --cgroup --fork --kill-child --mount-proc "$0" "$1"
