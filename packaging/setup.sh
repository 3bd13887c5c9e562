# shellcheck shell=bash
# Sourced by packaging/run and packaging/test: makes a bare Debian or Ubuntu ready, and goes straight through
# when it already is.
#
# Guarantees: nothing outside the checkout changes but Debian packages, and those only as root or with passwordless
# sudo; every Python package is one whose hash is pinned here; a set-up cut short is noticed and done anew; any
# failure ends in one line on standard error and, where there is one, the place of the log.

# ---- The Debian packages, "a|b" being two names of one thing -------------------------------------------------------

# What Qt needs to open a window, on X11 or Wayland, or to draw one into a file; and what plays sound.
apt_run=(
  "libglib2.0-0t64|libglib2.0-0"  # renamed in Ubuntu 24.04 and Debian 13
  libegl1
  libgl1
  libportaudio2
  libdbus-1-3
  libfontconfig1
  libxkbcommon0
  libxkbcommon-x11-0
  libxcb-cursor0
  libxcb-icccm4
  libxcb-keysyms1
  libxcb-shape0
  libxcb-xkb1
  libwayland-cursor0
  libwayland-egl1
)

# What the tests need as well: real windows on a virtual screen, message buses, a keyring to keep secrets in, a sound
# server, and what reads the tags of audio files.
apt_test=(
  dbus
  dbus-x11  # or gnome-keyring would bring all of systemd
  ffmpeg
  gnome-keyring
  libasound2-plugins
  libglib2.0-bin
  libimage-exiftool-perl
  pulseaudio
  pulseaudio-utils
  "postgresql-15|postgresql"  # 15 is the oldest that a team's database may be
  x11-utils
  xauth
  xvfb
)

# Better with than without, never a reason to fail: fonts for the scripts that the shipped one lacks, and dictionaries.
apt_recommended=(
  fonts-noto-color-emoji
  fonts-noto-core
  hunspell-en-us
  hunspell-sr
)

# ---- Progress and failure -------------------------------------------------------------------------------------------

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
log=build/setup.log
log_begun=""
stamp=.venv/.ready
cd "$root" || exit

die() {
  printf 'packaging/%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

now_us() {
  printf '%s' "${EPOCHREALTIME/[.,]/}"  # the separator is the locale's
}

since() {
  local tenths=$((($(now_us) - $1) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# step LABEL ON_FAILURE COMMAND...: run quietly, with one line of progress; a failure ends the script.
step() {
  local label=$1 on_failure=$2 start offset
  shift 2
  start=$(now_us)
  if [ -z "$log_begun" ]; then
    mkdir -p build
    : >"$log"
    log_begun=yes
  fi
  offset=$(stat -c %s "$log")
  printf '%s ... ' "$label"
  if LC_ALL=C.UTF-8 "$@" >>"$log" 2>&1 </dev/null; then
    printf 'ok, %s\n' "$(since "$start")"
  else
    printf 'failed, %s\n' "$(since "$start")"
    die "$on_failure$(reason "$offset"); the log is $root/$log"
  fi
}

# The likely cause, from what the failed step wrote; a hash comes first, as a mismatch may follow retried downloads.
reason() {
  local written
  written=$(tail -c "+$(($1 + 1))" "$log")
  case $written in
    *"DO NOT MATCH THE HASHES"*) echo ": a package is not the one that was pinned" ;;
    *"No space left on device"*) echo ": the disk is full" ;;
    *CERTIFICATE_VERIFY_FAILED*) echo ": the certificate of the packages' server is not trusted here" ;;
    *"emporary failure"* | *"ould not resolve"* | *NewConnectionError* | *"etwork is unreachable"* | *"imed out"* | \
      *"onnection refused"* | *"Cannot initiate the connection"* | *ConnectTimeoutError* | *NameResolutionError* | \
      *"ould not connect to"*)
      echo ": no network, or the server of the packages does not answer" ;;
    *"No matching distribution"*) echo ": a pinned package has no build for this Python and machine" ;;
  esac
}

# ---- Python ---------------------------------------------------------------------------------------------------------

python=       # the interpreter to make .venv with
python_apt=() # the packages that are needed for there to be one
python_tag=   # what .venv depends on of it

# The interpreter behind any active virtual environment, so that one made here never rests on the one it replaces.
probe='
import sys
if sys.version_info < (3, 11):
    sys.exit(3)
print(sys._base_executable)
print("%d.%d" % sys.version_info[:2], sys.base_prefix)
import ensurepip, venv
'

find_python() {
  local name found outdated="" status
  python="" python_apt=() python_tag=""
  for name in python3 python3.13 python3.12 python3.11; do
    status=0
    found=$("$name" -I -c "$probe" 2>/dev/null) || status=$?
    if [ "$status" -eq 0 ]; then
      { read -r python && read -r python_tag; } <<<"$found"
      python_apt=()
      return
    elif [ "$status" -eq 3 ]; then
      outdated=$("$name" --version)
    elif [ -n "$found" ] && [ ${#python_apt[@]} -eq 0 ]; then
      python_apt=("$name-venv")  # Debian keeps ensurepip in a package of its own
    fi
  done
  if [ ${#python_apt[@]} -gt 0 ]; then
    return
  elif [ -n "$outdated" ]; then
    die "Python 3.11 or newer is needed, and only $outdated was found"
  fi
  python_apt=(python3 python3-venv)
}

# ---- Debian packages ------------------------------------------------------------------------------------------------

# Of the packages named, those that are not there, one a line.
missing() {
  local installed package name
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n')
  for package; do
    for name in ${package//|/ }; do
      grep -qxF "installed $name" <<<"$installed" && continue 2
    done
    printf '%s\n' "$package"
  done
}

# Of the names, those that apt can install, one a line.
known() {
  [ $# -gt 0 ] || return 0
  # In one call, as apt-cache takes most of a second each time where it may not keep its cache.
  { apt-cache show --no-all-versions "$@" 2>/dev/null || true; } | sed -n 's/^Package: //p'
}

# The names to install the packages under. Of "a|b" where neither is known: b, the old name, which installs as both.
names() {
  local package name either can_install
  IFS='|' read -r -a either < <(IFS='|'; echo "$*")
  can_install=$(known "${either[@]}")
  for package; do
    for name in ${package//|/ }; do
      grep -qxF "$name" <<<"$can_install" && break
    done
    printf '%s\n' "$name"
  done
}

apt_update() {
  # An unreachable source leaves the lists as they were, which may well do.
  "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q update || true
}

apt_install() {
  "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q -y --no-install-recommends \
    install "$@"
}

apt_try_install() {
  apt_install "$@" || true
}

# install_packages PACKAGE...: and the recommended ones, which are asked for until a first set-up has ended.
install_packages() {
  local required recommended=() as_root
  if ! command -v apt-get >/dev/null; then
    [ -e "$stamp" ] || echo "not Debian or Ubuntu: the system libraries are up to you (packaging/setup.sh lists them)"
    return 0
  fi
  mapfile -t required < <(missing "$@")
  [ -e "$stamp" ] || mapfile -t recommended < <(missing "${apt_recommended[@]}")
  [ $((${#required[@]} + ${#recommended[@]})) -gt 0 ] || return 0

  if [ "$(id -u)" -eq 0 ]; then
    as_root=(env)
  elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n env)
  elif [ ${#required[@]} -gt 0 ]; then
    mapfile -t required < <(names "${required[@]}"; known "${recommended[@]}")
    die "packages are missing; install them with: sudo apt-get update && sudo apt-get install" \
      "--no-install-recommends ${required[*]}"
  else
    echo "recommended as well, if to be had: ${recommended[*]}"
    return 0
  fi
  step "apt-get update" "apt-get update failed" apt_update
  if [ ${#required[@]} -gt 0 ]; then
    mapfile -t required < <(names "${required[@]}")
    step "installing ${#required[@]} Debian packages" "the Debian packages could not be installed" \
      apt_install "${required[@]}"
  fi
  mapfile -t recommended < <(known "${recommended[@]}")
  if [ ${#recommended[@]} -gt 0 ]; then
    step "trying for ${#recommended[@]} recommended ones" "" apt_try_install "${recommended[@]}"
  fi
}

# ---- .venv ----------------------------------------------------------------------------------------------------------

digest() {
  sha256sum | cut -d ' ' -f 1
}

pip_install() {
  # PIP_USER: a person's own setting of it would be an error inside a virtual environment.
  PIP_USER=0 .venv/bin/python -I -m pip install --disable-pip-version-check --no-input --progress-bar off "$@"
}

install_requirements() {
  pip_install --only-binary :all: --require-hashes -r "$1"
}

install_project() {
  pip_install --no-deps --no-build-isolation --no-index -e .
}

# Make .venv what $1 (run or test) needs. The stamp is the last thing written and the first removed, so that a set-up
# cut short at any point leaves none.
make_venv() {
  local requirements=packaging/requirements.txt base dev="" project have_base="" have_dev="" have_project=""
  # The place counts: the scripts in .venv hold its absolute path.
  base=$({ printf '%s\n' "$root" "$python_tag"; cat packaging/requirements.txt; } | digest)
  project=$(digest <pyproject.toml)
  if [ "$1" = test ]; then
    requirements=packaging/requirements-dev.txt
    dev=$(digest <"$requirements")
  fi
  if [ -e "$stamp" ] && [ -x .venv/bin/reviewer ] && .venv/bin/python -I -c '' 2>/dev/null; then
    { read -r have_base && read -r have_project && read -r have_dev; } <"$stamp" || true
  fi

  if [ "$have_base" = "$base" ] && [ "$have_project" = "$project" ] && [[ -z $dev || $have_dev == "$dev" ]]; then
    return
  fi
  rm -f "$stamp"
  if [ "$have_base" != "$base" ] || [[ -n $dev && -n $have_dev && $have_dev != "$dev" ]]; then
    have_base="" have_dev=""
    rm -rf .venv
    step "making .venv with Python ${python_tag%% *}" "the Python environment could not be made" \
      "$python" -I -m venv .venv
  fi
  if [ -z "$have_base" ] || [[ -n $dev && $have_dev != "$dev" ]]; then
    step "installing $requirements" "the Python packages could not be installed" install_requirements "$requirements"
    have_dev=${dev:-$have_dev}
  fi
  step "installing reviewer" "reviewer itself could not be installed" install_project
  step "checking the pins" "the pins do not fit pyproject.toml (packaging/pin remakes them)" \
    .venv/bin/python -I -m pip check
  printf '%s\n' "$base" "$project" "$have_dev" >"$stamp.new"
  mv "$stamp.new" "$stamp"
}

# ---- The model that finds personal data -------------------------------------------------------------------------------

# Made once, from weights whose hash is pinned; known by its own hash, so that a damaged one is made anew.
make_model() {
  (cd resources/privacy && sha256sum --check --status model.sha256 2>/dev/null) && return
  step "making the model that finds personal data" "the model could not be made" .venv/bin/python -I packaging/model.py
}

# prepare KIND (run or test): all of the above.
prepare() {
  local wanted=("${apt_run[@]}")
  [ "$1" = run ] || wanted+=("${apt_test[@]}")
  # One set-up at a time. What this starts holds the lock too: an orphaned pip must end before .venv is made anew.
  exec 9<"$root"
  if ! flock -n 9; then
    echo "waiting for another set-up of this checkout to end"
    flock 9
  fi
  find_python
  install_packages "${python_apt[@]}" "${wanted[@]}" 9<&-  # a package may start a service, which would keep the lock
  if [ -z "$python" ]; then
    find_python
    [ -n "$python" ] || die "no Python 3.11 or newer that can make virtual environments was found"
  fi
  make_venv "$1"
  make_model
  exec 9<&-
}
