"""A run on a device that does not need the connection: a script there, and files that tell how it goes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgerec.targets.remote.store import last_line
from edgerec.targets.shell import Shell
from edgerec.targets.target import RunError, UnreachableError

RUNS, LOCK = "runs", "lock"
_GONE, _TAKEN, _FOLLOWED = 3, 4, 5
_POLL_S = 5  # how long the device looks for something new before it answers that there is nothing

# A process is told from a later one of the same number by the tick it was started in; a zombie is none. Without a
# program for each step: what follows a run must not take the time that is measured.
_ALIVE = """
born() {
  born=
  { read -r born < "/proc/$1/stat"; } 2>/dev/null || return 1
  set -- ${born##*) }
  born=${20}
  [ "$1" != Z ]
}
alive() { [ -n "$1" ] && born "${1%%.*}" && [ "$born" = "${1#*.}" ]; }
content() {
  content=
  { read -r content < "$1"; } 2>/dev/null
}
"""
# $1 is edgerec's folder, $2 the run's, $3 the time limit; the words after them are the harness.
# A link is made in one step and holds who made it, which a file does not.
_RUN = (
    _ALIVE
    + """
trap '' HUP
folder=$1 limit=$3
cd "$2" || exit 1
shift 3
born $$
me="$$.$born"
echo "$me" > process
while [ "$(readlink "$folder/lock")" != "$me" ]; do
  ln -s "$me" "$folder/lock" 2>/dev/null && continue
  owner=$(readlink "$folder/lock") || continue
  if ! alive "$owner"; then
    mv "$folder/lock" "$folder/lock.$$" 2>/dev/null || continue
    if [ "$(readlink "$folder/lock.$$")" = "$owner" ]; then
      rm -f "$folder/lock.$$"
    else
      mv "$folder/lock.$$" "$folder/lock"
    fi
    continue
  fi
  [ -f waiting ] || { : > waiting; echo "phase waiting for another run on the device" >> stderr; }
  sleep 1
done
for name in OMP OPENBLAS MKL BLIS VECLIB; do
  variable=${name}_NUM_THREADS
  [ $name = VECLIB ] && variable=VECLIB_MAXIMUM_THREADS
  export "$variable=1"
done
mkdir -p tmp
export TMPDIR="$PWD/tmp"
"$@" < /dev/null > /dev/null 2>> stderr &
harness=$!
( sleep "$limit" & echo $! > sleeper; wait $!; : > late; kill -9 $harness ) &
watch=$!
wait $harness
code=$?
kill -9 $watch "$(cat sleeper)" 2>/dev/null
[ -f late ] && code=late
[ "$(readlink "$folder/lock")" = "$me" ] && rm -f "$folder/lock"
echo "$code" > ended.part
mv ended.part ended
kill -9 "-$$" 2>/dev/null
"""
)
# $1 is edgerec's folder, $2 the run's, $3 who follows it from now on, $4 the script; after them time limit and harness.
_START = (
    _ALIVE
    + """
folder=$1 run=$2 token=$3 script=$4
if [ -d "$run" ]; then
  content "$run/follower"
  first=$content idle=0
  while [ $idle -lt 2 ]; do
    content "$run/follower"
    idle=$((idle + 1))
    if alive "$content"; then
      # The look of a host that is gone ends by itself; only one that is there looks again.
      [ "$content" = "$first" ] || exit 5
      idle=0
    fi
    sleep 1
  done
  content "$run/process"
  if [ -f "$run/ended" ] || alive "$content"; then
    echo "$token" > "$run/token"
    echo taken
    exit 0
  fi
  rm -rf "$run"
fi
mkdir -p "$run" || exit 1
: > "$run/stderr"
echo "$token" > "$run/token" || exit 1
shift 4
if command -v setsid >/dev/null 2>&1; then
  setsid sh -c "$script" sh "$folder" "$run" "$@" < /dev/null > /dev/null 2>&1 &
else
  sh -c "$script" sh "$folder" "$run" "$@" < /dev/null > /dev/null 2>&1 &
fi
tries=0
while [ ! -s "$run/process" ] && [ $tries -lt 10 ]; do
  tries=$((tries + 1))
  sleep 0.2 2>/dev/null || sleep 1
done
echo started
"""
)
# $1 is the run's folder, $2 who follows it, $3 how much of stderr is known here, $4 how often to look.
_LOOK = (
    _ALIVE
    + """
cd "$1" 2>/dev/null || exit 3
content token
[ "$content" = "$2" ] || exit 4
born $$
echo "$$.$born" > follower
content process
process=$content
tries=0
while :; do
  content ended
  if [ -z "$content" ] && ! alive "$process"; then
    content ended
    content=${content:-gone}
  fi
  ended=$content
  size=$(($(wc -c < stderr)))
  [ -z "$ended" ] && [ "$size" -le "$3" ] && [ $tries -lt "$4" ] || break
  tries=$((tries + 1))
  sleep 1
done
echo "${ended:-going} $size"
tail -c +$(($3 + 1)) stderr | head -c $((size - $3))
"""
)
# Only who follows a run may end it: another may have taken it up, or never let it go.
_STOP = (
    _ALIVE
    + """
content "$2/token"
[ "$content" = "$3" ] || exit 0
content "$2/process"
process=$content
if alive "$process"; then
  kill -9 "-${process%%.*}" 2>/dev/null || kill -9 "${process%%.*}"
fi
[ "$(readlink "$1/lock")" = "$process" ] && rm -f "$1/lock"
rm -rf "$2"
rmdir "$1/runs" 2>/dev/null
exit 0
"""
)
_CLEAN = (
    _ALIVE
    + """
alive "$(readlink "$1/lock")" && exit 5
rm -rf "$1"
"""
)


@dataclass(frozen=True)
class Look:
    """What was new on the device: how the run ended, None while it goes on, and what it wrote on stderr since."""

    ended: str | None
    size_bytes: int
    text: str


@dataclass(frozen=True)
class DeviceRun:
    """A run under a name on a device, followed by whoever holds the newest token."""

    shell: Shell
    name: str
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def folder(self) -> str:
        """Where the run's files lie, gone when it is over."""
        return f"{self.shell.folder}/{RUNS}/{self.name}"

    def start(self, command: Sequence[str], time_limit_s: float) -> "DeviceRun":
        """Begin the run, or take up the one of this name that nobody follows any more; gives the run to follow.

        Where somebody follows one of this name, another is begun, which waits until that is over. Raises RunError,
        ConnectionLostError, UnreachableError.
        """
        said = self.shell.ask(
            ("sh", "-c", _START, "sh", self.shell.folder, self.folder, self.token, _RUN, f"{time_limit_s:g}", *command)
        )
        if said.code == _FOLLOWED:
            return DeviceRun(self.shell, f"{self.name}-{self.token}", self.token).start(command, time_limit_s)
        if said.code or said.out.split() not in (["started"], ["taken"]):
            raise RunError(f"{self.shell.name} did not start the harness: {last_line(said.err or said.out)}.")
        return self

    def look(self, known_bytes: int) -> Look:
        """Give what is new beyond the bytes of stderr that are known, soon when the run ended and within 5 s if not.

        Raises RunError where the run is gone or another took it up, ConnectionLostError, UnreachableError.
        """
        said = self.shell.ask(("sh", "-c", _LOOK, "sh", self.folder, self.token, str(known_bytes), str(_POLL_S)))
        first, _, text = said.out.partition("\n")
        state, _, size = first.partition(" ")
        if said.code == _TAKEN:
            raise RunError(f"Another edgerec took this run on {self.shell.name} up. Wait for it, or run this again.")
        if said.code or not size.strip().isdigit():
            raise RunError(f"The run on {self.shell.name} was removed while it went on. Run this again.")
        if state == "gone":
            raise RunError(
                f"The run on {self.shell.name} ended without a word: the device was started anew, or memory ran out. "
                "Look at its memory with --only memory, and run this again."
            )
        return Look(None if state == "going" else state, int(size), text)

    def stop(self) -> None:
        """End whatever of the run still goes on, and remove its files. Raises ConnectionLostError, UnreachableError."""
        self.shell.ask(("sh", "-c", _STOP, "sh", self.shell.folder, self.folder, self.token))


def remove_everything(shell: Shell) -> None:
    """Remove all that edgerec keeps on a device. Raises UnreachableError, also while a run goes on there."""
    said = shell.ask(("sh", "-c", _CLEAN, "sh", shell.folder), time_limit_s=300.0)
    if said.code == _FOLLOWED:
        raise UnreachableError(f"A run goes on on {shell.name}: wait for its end before what it needs is removed.")
    if said.code:
        raise UnreachableError(f"{shell.name} cannot remove {shell.folder}: {last_line(said.err or said.out)}.")
