# shellcheck shell=bash
# The environment of scripts/demo and scripts/test: .venv in the repository, made on first use, installed again only
# when pyproject.toml or constraints.txt changed. Nothing outside the repository is touched and no root is needed.
#
#   PYTHON=...   the Python to use (3.11 or newer; otherwise the first of python3.11, 3.12, 3.13, python3 that will do)

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
venv="$root/.venv"
state="$venv/edgerec-state" # "installing", or what was installed: a digest and the extras
needed_kilobytes=3000000

say() {
  printf 'edgerec: %s\n' "$*" >&2
}

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 2
}

# environment EXTRAS: leaves an environment in .venv that has edgerec with these extras.
environment() {
  local extras="$1" wanted
  if command -v flock >/dev/null; then # two scripts started at once take turns
    exec 9<"${BASH_SOURCE[0]}"
    flock 9
  fi
  trap 'printf "\nerror: interrupted. Run this again to begin anew.\n" >&2; exit 130' INT TERM
  wanted="$(digest)"
  if ! installed "$wanted" "$extras"; then
    make_venv
    install "$extras"
    printf '%s %s\n' "$wanted" "$extras" >"$state"
  fi
  trap - INT TERM
  exec 9<&-
}

digest() {
  { printf '%s\n' "$root" && cat "$root/pyproject.toml" "$root/scripts/constraints.txt"; } | cksum | tr ' ' -
}

# installed DIGEST EXTRAS: whether .venv holds that already; what the tests need begins with what the demo needs.
installed() {
  local digest="" extras=""
  [ -x "$venv/bin/python" ] && [ -r "$state" ] || return 1
  read -r digest extras <"$state" || return 1
  [ "$digest" = "$1" ] && [ "${extras#"$2"}" != "$extras" ] && same_python
}

# same_python: whether .venv is of the version that PYTHON asks for, when it asks.
same_python() {
  [ -z "${PYTHON:-}" ] || [ "$(version "$PYTHON")" = "$(version "$venv/bin/python")" ]
}

version() {
  "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

make_venv() {
  local python kilobytes
  if [ -e "$venv" ] && [ ! -e "$state" ]; then
    fail "$venv was not made by this script. Move it away, or install edgerec in it yourself: pip install -e '.[compress]'"
  fi
  if [ -x "$venv/bin/python" ] && [ "$(cat "$state")" != installing ] && same_python; then
    printf 'installing\n' >"$state"
    say "bringing $venv up to date"
    return
  fi
  python="$(find_python)"
  kilobytes="$(df -Pk "$root" | awk 'NR == 2 { print $4 }')"
  if [ "$kilobytes" -lt "$needed_kilobytes" ]; then
    fail "$root has $((kilobytes / 1024)) MB of free disk, and TensorFlow with what it needs takes about $((needed_kilobytes / 1024)) MB."
  fi
  say "making $venv with $python ($(version "$python"))"
  rm -rf "$venv"
  mkdir "$venv"
  printf 'installing\n' >"$state"
  if "$python" -c 'import ensurepip' 2>/dev/null; then
    quietly "$python" -m venv "$venv"
  else
    quietly "$python" -m venv --without-pip "$venv"
    install_pip
  fi
  say "installing edgerec with pip; TensorFlow makes this a minute or more and 2.3 GB, once"
}

# quietly PROGRAM ...: shows what the program says only when it fails.
quietly() {
  "$@" >"$venv/log" 2>&1 || {
    tail -n 5 "$venv/log" >&2
    fail "$1 could not make $venv; the lines above say why. Run this again to begin anew."
  }
  rm "$venv/log"
}

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3; do
    if "$candidate" -c 'import sys, ssl, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
    if [ "$candidate" = "${PYTHON:-}" ]; then
      fail "PYTHON=$candidate is not a Python 3.11 or newer with its whole standard library."
    fi
  done
  fail "No Python 3.11 or newer was found. Install one (Debian, Ubuntu: apt-get install python3), or give its path as PYTHON=..."
}

# install_pip: pip out of Debian's own package, which ensurepip would use if python3-venv were installed.
install_pip() {
  local wheel scratch=""
  wheel="$(first_file /usr/share/python-wheels/pip-*.whl)"
  if [ -z "$wheel" ]; then
    command -v apt-get >/dev/null ||
      fail "This Python has no ensurepip, which puts pip into $venv. Install it, or give another Python as PYTHON=..."
    say "this Python has no ensurepip: taking pip out of Debian's package python3-pip-whl"
    scratch="$venv/pip"
    mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial"
    chmod -R go+rx "$scratch"
    download_pip "$scratch" >"$scratch/log" 2>&1 || {
      tail -n 5 "$scratch/log" >&2
      fail "apt-get could not download python3-pip-whl; the lines above say why. With root, apt-get install python3-venv does instead."
    }
    wheel="$(first_file "$scratch"/usr/share/python-wheels/pip-*.whl)"
    [ -n "$wheel" ] || fail "Debian's package python3-pip-whl holds no wheel of pip. With root, apt-get install python3-venv does instead."
  fi
  PYTHONPATH="$wheel" "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-index "$wheel"
  [ -z "$scratch" ] || rm -rf "$scratch"
}

# download_pip FOLDER: with the system's package lists, or with lists of our own where there are none.
download_pip() (
  mine=(-o "Dir::State::Lists=$1/lists" -o "Dir::Cache=$1/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User=root)
  cd "$1" || exit
  apt-get download python3-pip-whl ||
    { apt-get "${mine[@]}" update && apt-get "${mine[@]}" download python3-pip-whl; } || exit
  dpkg -x python3-pip-whl_*.deb "$1"
)

first_file() {
  local file
  for file in "$@"; do
    if [ -f "$file" ]; then
      printf '%s' "$file"
      return
    fi
  done
}

install() {
  "$venv/bin/python" -m pip --disable-pip-version-check --no-input install -qq --progress-bar off \
    --constraint "$root/scripts/constraints.txt" --editable "${root}[$1]" </dev/null ||
    fail "pip could not install edgerec[$1]; the lines above say why. Run this again to begin anew."
}
