#!/usr/bin/env bash
# Installs the system packages that the build and the tests need, and nothing that is there already.
# On another system than Debian or Ubuntu it says what is missing. Arguments name further packages:
# `bubblewrap` is what the OS layer is measured against.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# package, and a command that succeeds when what it brings is there already
packages=(
    "cmake|command -v cmake"
    "make|command -v make"
    "g++|command -v g++ || command -v c++"
    "clang|command -v clang"
    "libclang-dev|compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' || compgen -G '/usr/lib*/libclang*.so*'"
    "pkg-config|command -v pkg-config"
    "libgomp1|compgen -G '/usr/lib*/libgomp.so*' || compgen -G '/usr/lib/*/libgomp.so*'"
    "python3|command -v python3"
    "python3-pip|python3 -m pip --version"
)

for extra in "$@"; do
    case $extra in
        bubblewrap) packages+=("bubblewrap|command -v bwrap") ;;
        nodejs) packages+=("nodejs|command -v node") ;;
        *) die "setup knows no package $extra" ;;
    esac
done

works() { bash -c "$1" >/dev/null 2>&1; }

absent=()
for entry in "${packages[@]}"; do
    works "${entry#*|}" || absent+=("${entry%%|*}")
done
[ ${#absent[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    die "this system lacks: ${absent[*]} (Debian's names)" "install them with this system's package manager, then run the same command again"
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        die "these Debian packages are missing: ${absent[*]}" "install them as root: apt-get install ${absent[*]}"
    as_root=(sudo)
    # Nobody can type a password where there is no terminal.
    [ -t 0 ] || as_root=(sudo -n)
fi

say "Installing Debian packages: ${absent[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${absent[@]}"
