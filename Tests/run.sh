#!/usr/bin/env bash
# Installs what is missing, builds everything and runs all tests: those in Swift, those of the running relay in
# Tests/blackbox, and the counts once more against a release build. At the end it says how long each part took.
#
#   Tests/run.sh             everything
#   Tests/run.sh --quick     without the release build and the tests that take long: the browser, kill -9, clients
#                            that drip
#   Tests/run.sh --counts    only the counts: system calls, allocations, bytes of memory. A release build is held to
#                            the budgets, another to bounds of its own
#
# ROOMWIRE_BINARY=path tests that relay instead, and builds nothing.
# ROOMWIRE_TEST_WORKERS=n runs so many files of Tests/blackbox at a time. They mostly wait: two a core by default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source deploy/packages.sh

# say PART: ends the part before, and begins this one.
part='' parts=()
say() {
    end_part
    printf '\n==> %s\n' "$*"
    part=$* part_began=$SECONDS
}
end_part() {
    [[ -z $part ]] || parts+=("$(printf '%5d s  %s' $((SECONDS - part_began)) "$part")")
    part=''
}
# The process group of what is built in the background.
background=''
finish() {
    [[ -z $background ]] || kill -- "-$background" 2>/dev/null || true
    end_part
    ((${#parts[@]} == 0)) || printf '\n==> Took\n%s\n' "$(printf '%s\n' "${parts[@]}")"
}
trap finish EXIT
fail() {
    printf 'Tests/run.sh: %s\n' "$*" >&2
    exit 1
}

quick=
counts_only=
failed=()
for argument in "$@"; do
    case $argument in
        --quick) quick=yes ;;
        --counts) counts_only=yes ;;
        -h | --help)
            sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) fail "there is no option $argument, only --quick and --counts" ;;
    esac
done

builds=yes
[[ -z ${ROOMWIRE_BINARY:-} ]] || builds=

needed=("${build_packages[@]}" "${test_packages[@]}")
if [[ $builds ]] && ! find_swift; then needed+=("${swift_packages[@]}"); fi
mapfile -t missing < <(missing_packages "${needed[@]}")
mapfile -t missing_for_production < <(missing_packages "${production_packages[@]}")
mapfile -t missing_clients < <(missing_packages "${client_packages[@]}")
if ((${#missing[@]})); then
    say "Installing ${missing[*]} ${missing_for_production[*]}"
    install_packages "${missing[@]}" "${missing_for_production[@]}"
elif ((${#missing_for_production[@]})); then
    say "Installing ${missing_for_production[*]}"
    install_packages "${missing_for_production[@]}" || say "The tests that need these packages are left out."
fi
if ((${#missing_clients[@]})); then
    say "Installing ${missing_clients[*]}"
    install_packages "${missing_clients[@]}" || say "The tests that need these packages are left out."
fi
if [[ $builds ]] && ! find_swift; then
    say "Downloading Swift $swift_version to $swift_folder (about 1 GB)"
    install_swift
    find_swift
fi

loadtest=(--package-path loadtest --scratch-path .build/loadtest)
# What only tests need that run alone: the load tester, and the relay as people run it, which is built with optimisation
# (and the compiler is stricter there in places). Built at the lowest priority beside tests that mostly wait.
build_in_background() {
    local commands="set -e; swift build --build-tests ${loadtest[*]}; echo \"load tester: \$SECONDS s\""
    [[ $quick ]] || commands+="; swift build -c release --product roomwire; echo \"with the release: \$SECONDS s\""
    setsid nice -n 19 bash -c "$commands" >.build/background.txt 2>&1 &
    background=$!
}
await_background() {
    local status=0
    say "what is left of building the load tester and the release"
    wait "$background" || status=$?
    background=''
    grep -E "error:|^(load tester|with the release): |Build .*complete" .build/background.txt || true
    if ((status != 0)); then
        tail -n 30 .build/background.txt
        failed+=("the load tester or the release")
    fi
}

if [[ $builds ]]; then
    say "swift build"
    swift build --build-tests
    ROOMWIRE_BINARY="$(swift build --show-bin-path)/roomwire"
    if [[ ! $counts_only ]]; then
        build_in_background
        say "swift test"
        swift test --skip-build --parallel --disable-xctest || failed+=("swift test")
        say "the documentation"
        deploy/documentation.sh || failed+=("the documentation")
    fi
fi
export ROOMWIRE_BINARY

# Made anew when the requirements or the Python have changed.
environment=.build/blackbox-venv
fingerprint="$(python3 --version) $(sha256sum <Tests/blackbox/requirements.txt)"
if [[ $(cat $environment/fingerprint 2>/dev/null) != "$fingerprint" ]]; then
    say "Python packages"
    rm -rf $environment
    python3 -m venv $environment
    $environment/bin/pip install --quiet --disable-pip-version-check -r Tests/blackbox/requirements.txt
    echo "$fingerprint" >$environment/fingerprint
fi

# blackbox WHAT ARGUMENTS...: runs pytest, and remembers WHAT if a test fails twice. Many tests side by side can starve
# one that waits for a condition, so what failed gets a second run by itself, and the output shows both.
blackbox() {
    local what=$1 status=0
    shift
    local pytest=($environment/bin/python -m pytest -c Tests/blackbox/pytest.ini
        -o "cache_dir=$PWD/.build/pytest-cache")
    say "$what"
    rm -rf .build/pytest-cache
    "${pytest[@]}" "$@" || status=$?
    if ((status == 1)); then
        say "$what: once more what failed, one by one"
        status=0
        "${pytest[@]}" --last-failed --last-failed-no-failures none Tests/blackbox || status=$?
    fi
    # 5: all tests were left out by the selection.
    ((status == 0 || status == 5)) || failed+=("$what")
}

if [[ $counts_only ]]; then
    blackbox "the counts" Tests/blackbox/test_counts.py
else
    selected="not alone"
    alone=alone
    if [[ $quick ]]; then
        selected="not alone and not slow"
        alone="alone and not slow"
    fi
    workers=${ROOMWIRE_TEST_WORKERS:-$((2 * $(nproc)))}
    blackbox "Tests/blackbox, $workers files at a time" -n "$workers" --dist loadfile -m "$selected" Tests/blackbox
    if [[ $builds ]]; then
        await_background
        say "swift test of the load tester"
        swift test "${loadtest[@]}" --skip-build --parallel --disable-xctest || failed+=("the load tester's tests")
    fi
    blackbox "Tests/blackbox, what measures" -m "$alone" Tests/blackbox
    if [[ $builds && ! $quick ]]; then
        ROOMWIRE_BINARY="$(swift build -c release --show-bin-path)/roomwire"
        blackbox "the counts against the release build" Tests/blackbox/test_counts.py
    fi
fi

((${#failed[@]} == 0)) || fail "failed: $(printf '%s; ' "${failed[@]}")"
