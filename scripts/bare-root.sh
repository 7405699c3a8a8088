# Bare Debian roots for scripts/fresh-install and scripts/container/try-root, which source this file. Functions work on
# `$root`; `$suite`, `$repository` and `$work` (a scratch directory) are set by who sources it.
#
# Needs root, mmdebstrap and unshare. APT sources, certificates and npm's configuration are this machine's.

fail() {
  echo "$1" >&2
  exit 1
}

# $1: Debian packages besides the base, separated by commas.
make_root() {
  local sources=()
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.sources; do
    [ -s "$file" ] && sources+=("$file")
  done
  mmdebstrap --quiet --variant=minbase --include="$1" --components=main \
    "$suite" "$root" "${sources[@]}" 2>"$work/mmdebstrap.log" || fail "$(tail -n 20 "$work/mmdebstrap.log")"
  # Settings without hooks: those name programs that a bare root lacks.
  for file in $(grep -LE 'Invoke|Hook|Post|Pre' /etc/apt/apt.conf.d/* 2>/dev/null); do
    cp "$file" "$root/etc/apt/apt.conf.d/"
  done
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  [ -d /usr/local/share/ca-certificates ] && cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"
  if command -v "$root/usr/bin/qemu-system-x86_64" >/dev/null; then fail 'The bare root has QEMU already.'; fi
}

# This machine's own Node with its npm and, for native modules, its headers: the suite's may be too old.
put_node() {
  local node npm
  node=$(readlink -f "$(command -v node)")
  npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
  install -D "$node" "$root/usr/bin/node"
  mkdir -p "$root/usr/lib/node_modules"
  cp -r "$npm" "$root/usr/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/bin/npx"
  if [ -d "$(dirname "$node")/../include/node" ]; then
    mkdir -p "$root/usr/include"
    cp -r "$(dirname "$node")/../include/node" "$root/usr/include/node"
  fi
  [ -f "$HOME/.npmrc" ] && cp "$HOME/.npmrc" "$root/root/.npmrc"
  [ -f /usr/etc/npmrc ] && install -D -m 644 /usr/etc/npmrc "$root/usr/etc/npmrc"
  chroot "$root" node --version >/dev/null || fail 'This machine’s Node does not run in the bare root.'
}

# Puts the work tree's files, committed or not, at $1 in the root.
put_worktree() {
  mkdir -p "$root$1"
  (cd "$repository" && git ls-files -z --cached --others --exclude-standard |
    xargs -0 sh -c 'for f; do [ -e "$f" ] && printf "%s\0" "$f"; done' sh |
    tar --null -T - -cf -) | tar -xf - -C "$root$1"
  chown -R 0:0 "$root$1"
}

# Runs a command in the root, in name spaces of its own: whatever it leaves running ends with it.
inside() {
  unshare --mount --pid --fork --kill-child --propagation private sh -c '
    set -e
    root=$1
    # A root that is a mount of its own, as on a real machine: Chiave makes a mount name space of its own in it.
    mount --bind "$root" "$root"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/run"
    exec chroot "$root" env -i HOME=/root USER=root TERM=dumb LANG=C.UTF-8 \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -c "$2"' sh "$root" "$1"
}
