# What the scripts here need from the system. Sourced by deploy/run.sh, Tests/run.sh and .ci/run.

# To build and to run the relay.
build_packages=(libevent-dev libssl-dev libsqlite3-dev libcurl4-openssl-dev pkg-config)
# To make a Debian package of a binary.
packaging_packages=(adduser binutils dpkg-dev python3)
# To test it: a browser, clients and servers that are not ours, and what counts calls, allocations and instructions.
test_packages=(curl jq openssl python3 python3-venv chromium chromium-driver gcc libc6-dev strace prometheus nginx
    haproxy node-typescript nodejs valgrind wget)
# To test what stands around a relay in production. Where one cannot be installed its tests are left out.
production_packages=(caddy docker-compose sqlite3 systemd man-db lintian "${packaging_packages[@]}")

# Clients that not every release has. Where they cannot be installed their tests are left out.
client_packages=(firefox-esr default-jdk-headless node-eventsource node-react node-react-dom)

# Prints those of the given packages that are not installed, one a line. Prints nothing where dpkg does not rule:
# there the compiler says what is missing.
missing_packages() {
    command -v dpkg-query >/dev/null || return 0
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
    done
}

# The command line that installs packages, to be shown.
install_command() {
    local sudo=
    [[ $EUID -eq 0 ]] || sudo="sudo "
    echo "${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends $*"
}

# Installs packages as root, through sudo if need be. Says what to do where that cannot work.
install_packages() {
    local sudo=()
    if ! command -v apt-get >/dev/null; then
        echo "This is no Debian or Ubuntu. Please install what these packages hold there: $*" >&2
        return 1
    fi
    if [[ $EUID -ne 0 ]]; then
        if ! command -v sudo >/dev/null; then
            echo "Please run this as root: $(install_command "$@")" >&2
            return 1
        fi
        sudo=(sudo)
    fi
    "${sudo[@]}" apt-get update -q &&
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# Swift where it is unpacked by deploy/run.sh.
swift_version=6.3.1
swift_folder="${XDG_DATA_HOME:-$HOME/.local/share}/swift-$swift_version"

# Puts that Swift on the PATH if there is no other.
find_swift() {
    command -v swift >/dev/null && return 0
    [[ -x $swift_folder/usr/bin/swift ]] || return 1
    PATH="$swift_folder/usr/bin:$PATH"
}

# Downloads Swift from swift.org into the user's folder.
install_swift() {
    local name version platform architecture suffix
    name=$(. /etc/os-release && echo "$ID")
    version=$(. /etc/os-release && echo "${VERSION_ID:-}")
    case $name in
        debian | ubuntu) platform=$name$version ;;
        *)
            echo "Please install Swift $swift_version or later: https://www.swift.org/install/linux/" >&2
            return 1
            ;;
    esac
    architecture=$(uname -m)
    suffix=
    [[ $architecture == x86_64 ]] || suffix=-$architecture
    local release="swift-$swift_version-RELEASE"
    local address="https://download.swift.org/swift-$swift_version-release/${platform//./}$suffix/$release"
    local unpacked="$swift_folder.part"
    rm -rf "$unpacked"
    mkdir -p "$unpacked"
    if ! curl -fL --progress-bar "$address/$release-$platform$suffix.tar.gz" |
        tar -xz --strip-components=1 -C "$unpacked"; then
        rm -rf "$unpacked"
        echo "Swift could not be downloaded. Please install it: https://www.swift.org/install/linux/" >&2
        return 1
    fi
    mv "$unpacked" "$swift_folder"
}
# What Swift itself needs on a bare system.
swift_packages=(ca-certificates curl git binutils gcc libc6-dev libstdc++-12-dev libcurl4 libxml2 libz3-4 tzdata
    unzip zlib1g-dev)
