#!/usr/bin/env bash
# Builds the layer's own ffmpeg and ffprobe: static, stripped, and able to do only what components.txt lists.
#
#   build.sh OUT_DIR
#
# Leaves OUT_DIR/bin/{ffmpeg,ffprobe}, OUT_DIR/sbom.cdx.json and OUT_DIR/licenses/. Works on Debian 12, natively or
# inside `docker build`. Takes 3 to 5 minutes on 2 cores and about 600 MB of temporary space, which it gives back.
#
#   TARGET_ARCH             x86_64 or arm64; default: this machine's. arm64 on x86_64 is cross-compiled.
#   JOBS                    parallel compilations; default: number of processors.
#   DEBIAN_MIRROR           default http://deb.debian.org/debian
#   DEBIAN_SECURITY_MIRROR  default http://deb.debian.org/debian-security
#
# Exit codes: 0 built; 2 wrong use or wrong machine; 3 build tools are missing and only root could install them;
# 1 anything else, with the end of the failing step's log.
set -euo pipefail
export LC_ALL=C
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=versions.sh
. "$here/versions.sh"

die() { # CODE MESSAGE...
  local code=$1
  shift
  printf 'ffmpeg-layer: %s\n' "$*" >&2
  exit "$code"
}

if [ $# -ne 1 ] || [ "${1#-}" != "$1" ]; then die 2 'usage: build.sh OUT_DIR'; fi
mkdir -p "$1"
out=$(cd "$1" && pwd)

[ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}${VERSION_ID:-}")" = debian12 ] ||
  die 2 'this recipe builds on Debian 12 only; elsewhere use containers/ffmpeg-layer/Dockerfile'

machine=$(uname -m)
[ "$machine" = aarch64 ] && machine=arm64
target=${TARGET_ARCH:-$machine}
case $target in
  x86_64) deb_arch=amd64 triplet=x86_64-linux-gnu link=-static-pie ;;
  # Debian's libx264.a for arm64 has absolute addresses in its code, so it cannot be position-independent.
  arm64) deb_arch=arm64 triplet=aarch64-linux-gnu link=-static ;;
  *) die 2 "TARGET_ARCH is '$target'; it must be x86_64 or arm64" ;;
esac
cross=
if [ "$target" != "$machine" ]; then
  [ "$machine-$target" = x86_64-arm64 ] || die 2 "cannot cross-compile $target on $machine; use Docker"
  cross=$triplet-
fi
jobs=${JOBS:-$(nproc)}

work=$(mktemp -d "${TMPDIR:-/tmp}/ffmpeg-layer.XXXXXX")
log=$work/log
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

stage() { printf 'ffmpeg-layer [%4d s] %s\n' "$SECONDS" "$*"; }

# Runs a command with its output in the log; on failure shows the log's end and stops.
run() {
  "$@" >"$log" 2>&1 && return
  tail -n 40 "$log" >&2
  die 1 "failed: $1 (output above)"
}

# --- tools ------------------------------------------------------------------------------------------------------
stage "target $target, $jobs jobs: checking build tools"
tools=(debian-archive-keyring dpkg-dev make meson nasm ninja-build pkgconf)
if [ -n "$cross" ]; then tools+=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross); else tools+=(gcc libc6-dev); fi
missing=()
for tool in "${tools[@]}"; do
  dpkg-query -W -f '${Status}' "$tool" 2>/dev/null | grep -q 'install ok installed' || missing+=("$tool")
done
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" = 0 ] || die 3 "missing build tools; install them with: sudo apt-get install ${missing[*]}"
  stage "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  run apt-get -q -o DPkg::Lock::Timeout=300 update
  run apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"
fi

# --- sources and static libraries -------------------------------------------------------------------------------
# A private apt: the system's lists, sources and installed packages are neither read nor changed.
stage 'fetching sources and static libraries from Debian'
apt=$work/apt sysroot=$work/sysroot libdir=usr/lib/$triplet
mkdir -p "$apt"/{parts,lists/partial,cache/archives/partial} "$sysroot" "$work/debs"
: >"$apt/status"
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
cat >"$apt/parts/debian.sources" <<SOURCES
Types: deb deb-src
URIs: $mirror
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: $security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
apt_options=(-q -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$apt/parts"
  -o "Dir::Etc::preferences=/dev/null" -o "Dir::Etc::preferencesparts=/dev/null"
  -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
  -o "APT::Architecture=$deb_arch" -o "APT::Architectures=$deb_arch" -o "APT::Sandbox::User=root")
run apt-get "${apt_options[@]}" update

fetch() { # COMMAND NAME=VERSION...; names the pin that the mirror no longer has
  local command=$1
  shift
  # shellcheck disable=SC2086
  apt-get "${apt_options[@]}" $command "$@" >"$log" 2>&1 && return
  tail -n 20 "$log" >&2
  die 1 "cannot fetch $*: if Debian has replaced that version, raise the pin in versions.sh, or set DEBIAN_MIRROR" \
    "and DEBIAN_SECURITY_MIRROR to snapshot.debian.org addresses of a day that had it"
}
cd "$work"
fetch 'source' "ffmpeg=$FFMPEG_VERSION" "dav1d=$DAV1D_VERSION"
cd "$work/debs"
fetch 'download' "libx264-dev=$X264_VERSION" "libwebp-dev=$WEBP_VERSION" "zlib1g-dev=$ZLIB_VERSION"
for deb in *.deb; do run dpkg-deb -x "$deb" "$sysroot"; done
find "$sysroot" -name '*.so*' -delete # only the static libraries may be found
mv "$work"/ffmpeg-*/ "$work/ffmpeg"
mv "$work"/dav1d-*/ "$work/dav1d"
# Debian's own date of this ffmpeg, so that nothing carries the time of the build.
SOURCE_DATE_EPOCH=$(cd "$work/ffmpeg" && dpkg-parsechangelog -S Timestamp)
export SOURCE_DATE_EPOCH

export PKG_CONFIG_LIBDIR=$sysroot/$libdir/pkgconfig:$sysroot/usr/share/pkgconfig PKG_CONFIG_SYSROOT_DIR=$sysroot

# Bytes from strangers: position-independent, stack-protected, bounds-checked where the compiler can.
harden=(-fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2)

# --- dav1d: Debian has no static library of it -------------------------------------------------------------------
stage 'building dav1d'
cd "$work/dav1d"
meson_options=(--prefix=/usr "--libdir=lib/$triplet" --buildtype=release --default-library=static -Db_pie=true
  "-Dc_args=${harden[*]}" -Denable_tools=false -Denable_tests=false)
if [ -n "$cross" ]; then
  cat >"$work/cross.ini" <<CROSS
[binaries]
c = '${cross}gcc'
ar = '${cross}ar'
strip = '${cross}strip'
pkgconfig = 'pkg-config'
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
CROSS
  meson_options+=(--cross-file "$work/cross.ini")
fi
run meson setup "${meson_options[@]}" ../dav1d-build
run ninja -j "$jobs" -C ../dav1d-build
DESTDIR=$sysroot run meson install -C ../dav1d-build --no-rebuild

# --- ffmpeg ------------------------------------------------------------------------------------------------------
stage 'configuring ffmpeg'
cd "$work/ffmpeg"
components=()
while read -r kind names; do
  for name in $names; do components+=("--enable-$kind=$name"); done
done < <(sed 's/#.*//' "$here/components.txt")
# Relative paths, since ffmpeg repeats its options in every banner.
configure=(--prefix=/opt "--extra-version=sluice" --disable-autodetect --disable-everything --disable-doc --disable-debug
  --disable-network --disable-shared --enable-static --enable-pic --disable-ffplay --disable-postproc
  --enable-gpl --enable-zlib --enable-libx264 --enable-libdav1d --enable-libwebp
  --pkg-config=pkg-config --pkg-config-flags=--static
  "--extra-cflags=${harden[*]} -I../sysroot/usr/include" "--extra-ldflags=-L../sysroot/$libdir"
  "--extra-ldexeflags=$link -Wl,-z,relro,-z,now" "${components[@]}")
[ -z "$cross" ] || configure+=(--enable-cross-compile "--cross-prefix=$cross" --target-os=linux --arch=aarch64)
run_configure() { ./configure "$@" || { tail -n 30 ffbuild/config.log && return 1; }; }
run run_configure "${configure[@]}"
# configure only warns about a name it does not know, and leaves out what it cannot link.
absent=()
for option in "${components[@]}"; do
  option=${option#--enable-}
  grep -qi "^#define CONFIG_${option#*=}_${option%%=*} 1\$" config.h config_components.h || absent+=("$option")
done
[ ${#absent[@]} -eq 0 ] || die 1 "this ffmpeg cannot have: ${absent[*]}"

stage 'compiling ffmpeg'
run make -j "$jobs" ffmpeg ffprobe

# --- result ------------------------------------------------------------------------------------------------------
stage 'packing'
mkdir -p "$out/bin" "$out/licenses"
install -m 755 ffmpeg ffprobe "$out/bin"
"${cross}strip" --strip-all "$out/bin/ffmpeg" "$out/bin/ffprobe"
for name in ffmpeg dav1d; do install -m 644 "$work/$name/debian/copyright" "$out/licenses/$name.txt"; done
for pair in x264:libx264-dev libwebp:libwebp-dev zlib:zlib1g-dev; do
  install -m 644 "$sysroot/usr/share/doc/${pair#*:}/copyright" "$out/licenses/${pair%%:*}.txt"
done
libc_package=libc6-dev gcc_package=$(dpkg-query -W -f '${Package}' libgcc-12-dev 2>/dev/null || echo gcc-12-base)
[ -z "$cross" ] || libc_package=libc6-dev-arm64-cross gcc_package=libgcc-12-dev-arm64-cross
install -m 644 "/usr/share/doc/$libc_package/copyright" "$out/licenses/glibc.txt"
install -m 644 "/usr/share/doc/$gcc_package/copyright" "$out/licenses/gcc.txt"

# Cross packages are called after the source version they were built from: 2.36-8cross1.
GLIBC_VERSION=$(dpkg-query -W -f '${Version}' "$libc_package")
GLIBC_VERSION=${GLIBC_VERSION%cross*}
GCC_VERSION=$(dpkg-query -W -f '${Version}' "$gcc_package")
GCC_VERSION=${GCC_VERSION%cross*}
. "$here/sbom.sh"
write_sbom "$out" "$target" >"$out/sbom.cdx.json"

if [ -z "$cross" ]; then
  stage 'checking'
  [ "$("$out/bin/ffmpeg" -hide_banner -protocols | grep '^  ' | sort -u | tr -d ' \n')" = filepipe ] ||
    die 1 'the ffmpeg built has other protocols than file and pipe'
  "$out/bin/ffmpeg" -v error -f lavfi -i testsrc2=d=0.2 -c:v libx264 -f null - || die 1 'the ffmpeg built cannot encode'
  "$out/bin/ffprobe" -version >"$log" || die 1 'the ffprobe built does not start'
fi
stage "done: $(du -sh "$out" | cut -f1) in $out"
