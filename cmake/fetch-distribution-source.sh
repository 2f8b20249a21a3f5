#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# fetch-distribution-source.sh PACKAGE MINIMUM DEST [SUITE...]
#
# Unpacks the upstream source of PACKAGE, of version MINIMUM or newer, as Debian
# or Ubuntu carry it, into DEST. For machines that reach their distribution's
# archive and little else, and whose own release has an older one, or one for
# other processors only. It needs no root and changes nothing on the system: the system's package sources are copied with another suite's
# name into an apt state of their own, which is removed in the end. apt checks
# the archive's signatures as ever.
#
# --print-sources SUITE prints those copied sources and stops.
set -eu

say() { echo "fetch-distribution-source: $*" >&2; }
die() { say "$*"; exit 1; }

command -v apt-get >/dev/null 2>&1 || die "this is no Debian or Ubuntu"

# shellcheck source=/etc/os-release
. "${OS_RELEASE:-/etc/os-release}"
case " ${ID:-} ${ID_LIKE:-} " in
  *" ubuntu "*)
    release=${UBUNTU_CODENAME:-${VERSION_CODENAME:-}}
    aliases='devel'
    suites="questing resolute plucky devel" ;;
  *" debian "*)
    release=${DEBIAN_CODENAME:-${VERSION_CODENAME:-}}
    aliases='oldstable|stable|testing|unstable'
    suites="trixie forky sid" ;;
  *) die "this is no Debian or Ubuntu" ;;
esac
[ -n "$release" ] || die "/etc/os-release names no release"

# What a source of this release calls it.
ours="^($release|$aliases)\$"

# The system's own package sources.
list='' parts=''
eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"

# One-line entries of this release, as source entries of suite $1.
one_line_sources() {
  cat /dev/null "$list" "$parts"/*.list 2>/dev/null |
    awk -v ours="$ours" -v suite="$1" '
      $1 == "deb" || $1 == "deb-src" {
        s = 2
        if ($2 ~ /^\[/) while (s < NF && $(s++) !~ /\]$/) ;
        s++  # past the address, to the suite
        if ($s !~ ours) next
        $1 = "deb-src"; $s = suite
        sub(/[ \t]*#.*/, "")
        if (!seen[$0]++) print
      }' || true
}

# deb822 stanzas of this release, as source stanzas of suite $1.
deb822_sources() {
  for file in "$parts"/*.sources; do
    [ -r "$file" ] && grep -v '^#' "$file" && echo
  done |
    awk -v RS= -v ours="$ours" -v suite="$1" '
      {
        n = split($0, line, "\n"); wanted = 0; enabled = 1; stanza = ""
        for (i = 1; i <= n; i++) {
          field = tolower(line[i]); sub(/:.*/, "", field)
          if (field == "types") line[i] = "Types: deb-src"
          if (field == "enabled" && tolower(line[i]) ~ /no|false/) enabled = 0
          if (field == "suites") {
            m = split(line[i], word, /[: \t]+/)
            for (j = 2; j <= m; j++)
              if (word[j] ~ ours) wanted = 1
            line[i] = "Suites: " suite
          }
          stanza = stanza line[i] "\n"
        }
        if (wanted && enabled && !seen[stanza]++) print stanza
      }'
}

if [ "${1:-}" = --print-sources ]; then
  one_line_sources "$2"
  deb822_sources "$2"
  exit
fi

[ $# -ge 3 ] ||
  die "usage: fetch-distribution-source.sh PACKAGE MINIMUM DEST [SUITE...]"
package=$1
minimum=$2
case $3 in /*) dest=$3 ;; *) dest=$PWD/$3 ;; esac
shift 3
# shellcheck disable=SC2086  # a list of words
[ $# -gt 0 ] || set -- "$release" $suites

state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/sources"
: >"$state/status"
cat >"$state/apt.conf" <<END
Dir::State "$state";
Dir::State::Lists "$state/lists";
Dir::State::Status "$state/status";
Dir::Cache "$state/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$state/sources";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END

# unpack SUITE: fails where the suite has no package that is new enough.
unpack() {
  one_line_sources "$1" >"$state/sources/suite.list"
  deb822_sources "$1" >"$state/sources/suite.sources"
  # It fails where any of the sources lacks the suite, though another has it.
  apt-get -c "$state/apt.conf" -qq update >"$state/log" 2>&1 || true
  version=$(apt-cache -c "$state/apt.conf" showsrc "$package" 2>>"$state/log" |
    sed -n 's/^Version: //p' | sort -V | tail -n 1)
  [ -n "$version" ] || return 1
  dpkg --compare-versions "$version" ge "$minimum" || return 1
  mkdir -p "$state/download"
  # The upstream tarball only: no patches, and no dpkg-source needed.
  (cd "$state/download" &&
    apt-get -c "$state/apt.conf" -qq source --download-only --tar-only \
      "$package=$version") >>"$state/log" 2>&1 || return 1
  # Unpacked beside DEST and then renamed, so that what was interrupted is never
  # taken for whole.
  rm -rf "$dest.part"
  mkdir -p "$dest.part"
  tar -xf "$(find "$state/download" -name '*.orig.tar.*' ! -name '*.asc')" \
    -C "$dest.part" --strip-components=1
  rm -rf "$dest"
  mv "$dest.part" "$dest"
  say "$package $version from $1"
}

for suite in "$@"; do
  unpack "$suite" && exit 0
  say "no $package >= $minimum in $suite"
done
[ -s "$state/log" ] && tail -n 5 "$state/log" >&2
die "found no source package of $package >= $minimum"
