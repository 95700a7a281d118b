# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The jobs of ./check: job_NAME for each line of its table. Each runs in a shell of its
# own (set -e), at the top of the tree, writes what it likes to its log, and tells by
# `tally` how many tests passed, failed and were skipped. Its exit status says whether
# it failed; a job that counts nothing counts as one test.
#
# The command tests are told by MODSEAL_BUILD which build directory to test, and by
# MODSEAL_SIGN_FILE where the reference sign-file is.

readonly BUILD=$TOP/build/check
readonly LOGS=$BUILD/logs
readonly PYTHON=/usr/bin/python3
# The command tests that are run again elsewhere, by their marks (pytest.ini).
ELSEWHERE='not lab and not kernels and not flows and not syscalls and not scripts'
SANITIZED=$ELSEWHERE' and not plain' OTHER_DEBIAN=$ELSEWHERE' and not anywhere'
! ${FULL-false} || SANITIZED=$ELSEWHERE OTHER_DEBIAN=$ELSEWHERE
# What a sanitizer or valgrind exits with, so that it is never mistaken for modseal's.
readonly SANITIZER_STATUS=99

# tally PASSED FAILED SKIPPED, of the job that runs
tally() { printf '%d %d %d\n' "$@" >>"$LOGS/$JOB.tally"; }

# skip_job REASON: ends the job, which counts as one skipped test
skip_job()
{
	printf '%s\n' "$1" | tee -a "$LOGS/$JOB.skipped"
	tally 0 0 1
	exit 0
}

need_command()
{
	local command

	for command; do
		command -v "$command" >/dev/null || skip_job "no $command on this machine"
	done
}

# What making and entering roots takes; some containers do not allow it.
need_roots()
{
	need_command mmdebstrap unshare
	as_root unshare --mount --pid --fork true ||
		skip_job "no mount namespaces on this machine"
}

# count KIND FILE: adds a report's tests to the tally and its reasons to the skipped
count()
{
	$PYTHON "$TOP/tests/support/check/tally.py" "$1" "$2" "$LOGS/$JOB.skipped" \
		>>"$LOGS/$JOB.tally"
}

# What the tests are run through. Some sanitizer runtimes cannot live with as much address
# space randomisation as newer kernels have; where it may be switched off, it is.
LAUNCHER=(env)
! setarch -R true 2>/dev/null || LAUNCHER=(setarch -R)

# What was compiled before is not compiled again, wherever the tree lies.
CC_WRAPPER=
! command -v ccache >/dev/null || CC_WRAPPER='ccache '
export CCACHE_DIR=$CACHE/ccache CCACHE_BASEDIR=$TOP CCACHE_NOHASHDIR=true CCACHE_MAXSIZE=2G

# build_in DIR [MESON OPTION...]: configures it if it is not, and builds all
build_in()
{
	local dir=$1

	shift
	mkdir -p "$BUILD"
	(
		flock 8
		[ -f "$dir/build.ninja" ] ||
			CC="$CC_WRAPPER${CC-cc}" meson setup "$dir" "$TOP" -Dwerror=true "$@"
		ninja -C "$dir"
	) 8>"$dir.lock"
}

# unit_tests DIR [MESON TEST OPTION...]
unit_tests()
{
	local dir=$1 status=0
	shift

	rm -f "$dir/meson-logs/testlog.json"
	"${LAUNCHER[@]}" meson test -C "$dir" --no-rebuild --suite unit --print-errorlogs "$@" || status=$?
	count meson "$dir/meson-logs/testlog.json"
	return "$status"
}

# pytest_in DIR [PYTEST OPTION...]: the command tests against the build in DIR. In a
# directory of their own, since pytest deletes older runs in the one that all share. A job
# that calls it twice at the same time names the REPORT of one of them.
pytest_in()
{
	local dir=$1 report=$LOGS/${REPORT-$JOB}.xml work status=0
	shift

	rm -f "$report"
	work=$(mktemp -d)
	MODSEAL_BUILD=$dir "${LAUNCHER[@]}" $PYTHON -m pytest -q -ra -p no:cacheprovider \
		--basetemp="$work/pytest" --junitxml="$report" "$@" "$TOP/tests" || status=$?
	rm -rf "$work"
	count junit "$report"
	return "$status"
}

# under_sanitizers LEAKS COMMAND DIR...: LEAKS is 1 where leaks are looked for as well. The
# reports go to the files DIR/report.*, because a test that expects modseal to fail could
# take the failure of a sanitizer for it.
under_sanitizers()
{
	local leaks=$1 common="exitcode=$SANITIZER_STATUS:log_path=$3/report"

	shift
	ASAN_OPTIONS=$common:detect_leaks=$leaks:detect_stack_use_after_return=1 \
	UBSAN_OPTIONS=$common:print_stacktrace=1:halt_on_error=1 \
		"$@"
}

# no_reports PREFIX: fails, and shows them, where files PREFIX.* say anything. LeakSanitizer
# also notes there that a thread ended before it was stopped, or while it was (a joined one
# may live on in the kernel for a moment); it leaves an empty file beside the note, and finds
# leaks as before: that is no finding. Nor is what valgrind says of itself (between hyphens),
# such as that it does not know a system call yet, which the program does without then.
no_reports()
{
	local note='^==[0-9]+==(Unable to get registers from thread [0-9]+\.|'

	note+='Running thread [0-9]+ was not suspended\. False leaks are possible\.)$'
	note+='|^--[0-9]+-- '

	compgen -G "$1.*" >/dev/null || return 0
	grep -aEvq "$note" "$1".* || [ $? != 1 ] || return 0 # nothing but notes, 2: unread
	head -n 40 "$1".*
	return 1
}

job_gcc()
{
	CC=gcc build_in "$BUILD/gcc"
}

job_layers()
{
	local status=0

	build_in "$BUILD/gcc"
	"$TOP/tests/layers" "$BUILD/gcc" | tee "$LOGS/layers.tap" || status=$?
	count tap "$LOGS/layers.tap"
	return "$status"
}

job_unit()
{
	build_in "$BUILD/gcc"
	unit_tests "$BUILD/gcc"
}

job_commands()
{
	build_in "$BUILD/gcc"
	pytest_in "$BUILD/gcc" -m 'not lab and not flows and not syscalls'
}

# What it chose, it chooses again with MODSEAL_SEED.
job_syscalls()
{
	export MODSEAL_SEED=${MODSEAL_SEED-$RANDOM$RANDOM}

	printf 'MODSEAL_SEED=%s\n' "$MODSEAL_SEED"
	build_in "$BUILD/gcc"
	pytest_in "$BUILD/gcc" -m syscalls
}

job_clang()
{
	need_command clang
	CC=clang build_in "$BUILD/clang"
}

# Looking for leaks at the end of every run takes as long as the run, so that is for the unit
# tests, and for the command tests with --full.
job_asan()
{
	local dir=$BUILD/asan status=0 leaks=0

	need_command clang
	CC=clang build_in "$dir" --buildtype=debug -Doptimization=1 \
		-Db_sanitize=address,undefined -Db_lundef=false -Dc_args=-fno-sanitize-recover=all
	rm -f "$dir"/report.*
	! $FULL || leaks=1
	under_sanitizers 1 unit_tests "$dir" || status=1
	under_sanitizers $leaks pytest_in "$dir" -m "$SANITIZED" || status=1
	no_reports "$dir/report"
	return "$status"
}

# clang-tidy and cppcheck, both of which remember what they found clean. cppcheck does not
# know the attribute `cleanup`, so what it takes for leaks is left to the sanitizers.
job_tidy()
{
	local status=0

	need_command clang clang-tidy cppcheck
	CC=clang build_in "$BUILD/clang"
	"$TOP/tests/support/check/tidy" "$BUILD/clang" "$CACHE/tidy" >"$LOGS/tidy.tap" ||
		status=1
	grep -v '^ok' "$LOGS/tidy.tap"
	count tap "$LOGS/tidy.tap"
	mkdir -p "$CACHE/cppcheck"
	cppcheck --project="$BUILD/clang/compile_commands.json" -q -j"$(nproc)" \
		--cppcheck-build-dir="$CACHE/cppcheck" --inline-suppr --error-exitcode=1 \
		--enable=warning,performance,portability \
		--suppress=memleak --suppress=resourceLeak || status=1
	return "$status"
}

# The command tests find a program at cli/modseal that runs the real one in valgrind. It
# keeps the name it was called by, since that decides what modseal does.
job_valgrind()
{
	local dir=$BUILD/valgrind status=0 files='test_json.py or test_cli_certs.py'

	need_command valgrind
	build_in "$BUILD/gcc"
	rm -rf "$dir"
	mkdir -p "$dir/cli" "$dir/real" "$dir/reports"
	ln -sfn "$BUILD/gcc/lib" "$dir/lib"
	sed "s|@DIR@|$dir|; s|@STATUS@|$SANITIZER_STATUS|
		s|@SUPPRESSIONS@|$TOP/tests/support/check/valgrind.supp|" \
		"$TOP/tests/support/check/valgrind.in" >"$dir/cli/modseal"
	chmod +x "$dir/cli/modseal"
	for name in modseal sign-file kmodsign; do
		ln -s "$BUILD/gcc/cli/modseal" "$dir/real/$name"
	done
	! $FULL || files="$files or test_cli_verify.py or test_cli_sign.py or test_sign_file.py"
	pytest_in "$dir" -m "$SANITIZED" -k "$files" || status=1
	no_reports "$dir/reports/valgrind" || status=1
	return "$status"
}

# Frama-C comes from Debian 12 on every machine, in a root of its own, which the cache
# keeps: its packages are a gigabyte. A proof takes minutes and depends on nothing but the
# bytes it is about, so it is kept under their digest.
job_proofs()
{
	local root about dir=$BUILD/proofs kept status=0

	need_roots
	root=$("$TOP/tests/support/check/debian-root" native bookworm proofs)
	mkdir -p "$dir" "$CACHE/proofs"
	about=$(cc -MM lib/base/cursor.c lib/module/trailer.c proofs/*.c |
		grep -oE '[^ ]+\.[ch]\b' | LC_ALL=C sort -u)
	# shellcheck disable=SC2086 # a file each
	kept=$(cat $about proofs/* - <<<"$root" | sha256sum)
	kept=$CACHE/proofs/${kept%% *}
	if [ ! -s "$kept" ]; then
		"$TOP/tests/support/check/in-root" "$root" "$TOP" "$dir" /srv/proofs/run \
			>"$LOGS/proofs.out" 2>&1 || status=$?
		cat "$LOGS/proofs.out"
		[ "$status" != 0 ] || cp "$LOGS/proofs.out" "$kept"
	else
		echo "these very files were proven before:"
		tee "$LOGS/proofs.out" <"$kept"
	fi
	count tap "$LOGS/proofs.out"
	return "$status"
}

# Every fuzzer runs over its corpus and then for half a minute, as many at a time as there
# are cores. What a crash leaves behind is in build/check/fuzz/NAME.
job_fuzz()
{
	local dir=$BUILD/fuzz seconds=30 status=0 names

	need_command clang
	! $FULL || seconds=600
	CC=clang build_in "$dir" --buildtype=debugoptimized -Dfuzz=true \
		-Db_sanitize=address,undefined -Db_lundef=false
	mapfile -t names < <(cd "$dir/fuzz" && find . -maxdepth 1 -name 'fuzz-*' -type f \
		-perm -u+x -printf '%f\n' | LC_ALL=C sort)
	[ ${#names[@]} -gt 0 ] || { echo "no fuzzers were built"; return 1; }
	export -f run_fuzzer
	export PYTHON TOP SECONDS_EACH=$seconds DIR=$dir LAUNCH="${LAUNCHER[*]}"
	printf '%s\n' "${names[@]}" |
		xargs -P"$(nproc)" -I{} bash -c 'run_fuzzer {}' || status=1
	for name in "${names[@]}"; do
		if [ -e "$dir/runs/$name/passed" ]; then
			tally 1 0 0
		else
			tally 0 1 0
			printf '== %s\n' "$name"
			tail -n 40 "$dir/runs/$name/log"
		fi
	done
	return "$status"
}

# run_fuzzer NAME: new inputs go to a directory of the run's own, not into the tree. What
# fails is told its seed. libFuzzer's own limit for an input counts the time that others had
# the processor; so the whole run has one of its own time, and who comes to it is aborted,
# by which libFuzzer keeps the input that it was at.
run_fuzzer()
{
	local name=$1 work=$DIR/runs/$1 seeds=$TOP/fuzz/corpus/${1#fuzz-}
	local seed=$((RANDOM << 15 | RANDOM | 1))

	rm -rf "$work"
	mkdir -p "$work/corpus"
	cd "$work" || return
	[ -d "$seeds" ] || { echo "no corpus for $name" >log; return 1; }
	# shellcheck disable=SC2086 # LAUNCH is a command with its options
	if "$PYTHON" "$TOP/tests/support/runs/watch.py" --work "$((SECONDS_EACH + 300))" \
		--signal ABRT $LAUNCH "$DIR/fuzz/$name" -seed="$seed" \
		-max_total_time="$SECONDS_EACH" -rss_limit_mb=4096 -timeout=0 \
		-print_final_stats=1 corpus "$seeds" >log 2>&1; then
		touch passed
	else
		printf '%s -seed=%s\n' "$name" "$seed" >>log
		return 1
	fi
}

# Most of the questions are put to one machine, which has one processor; so two halves
# side by side: the campaign, and all the others.
job_lab()
{
	local campaign status=0

	build_in "$BUILD/gcc"
	REPORT=campaign pytest_in "$BUILD/gcc" -m 'lab and not hashed' \
		-k test_differential.py &
	campaign=$!
	pytest_in "$BUILD/gcc" -m 'lab and not hashed' -k 'not test_differential.py' || status=1
	wait "$campaign" || status=1
	return "$status"
}

# left_behind SERIES WHY: Debian serves a source that the series is not up to. That is for
# whoever refreshes it (kernel/patches/README.md), and no fault of what is being checked: a
# skip that tells both versions, but with --full a failure.
left_behind()
{
	local made

	made=$(sed -n 's/^made-for //p' "kernel/patches/$1/versions")
	printf 'kernel/patches/%s, made for %s, is not up to what Debian serves: %s\n' \
		"$1" "$made" "$2" | tee -a "$LOGS/$JOB.skipped"
	if $FULL; then tally 0 1 0; else tally 0 0 1; fi
}

# hashed_kernel SERIES: builds it, of the newest source that it can be built of, and notes
# in HASHED of which; 1: there is none
hashed_kernel()
{
	local said rc=0 version='' why=''

	unset "HASHED[$1]"
	said=$(lab/build-kernel --series "$1" --hashes merkle) || rc=$?
	eval "$(grep -E '^(version|why)=' <<<"$said")"
	case $rc in
	0) HASHED[$1]=$version ;;
	4) ;;
	*) exit "$rc" ;; # what the series was made for cannot be built: that is our fault
	esac
	[ -z "$why" ] || left_behind "$1" "$why${version:+; going on with $version}"
	[ "$rc" = 0 ]
}

# hashed_kernels: of the series in WANTED; if none can be had, of another
hashed_kernels()
{
	local series

	HASHED=()
	for series in "${WANTED[@]}"; do
		hashed_kernel "$series" || true
	done
	[ ${#HASHED[@]} -gt 0 ] || for series in kernel/patches/*/versions; do
		series=$(basename "$(dirname "$series")")
		[[ " ${WANTED[*]} " == *" $series "* ]] || ! hashed_kernel "$series" || break
	done
}

# hashed_tests: what fails with a source that no series was made for or tested with has to
# pass with one that was; then it is the source that is new.
hashed_tests()
{
	local series new='' before

	[ ${#HASHED[@]} -gt 0 ] || return 0 # which has been told
	before=$(<"$LOGS/$JOB.tally")
	! HASHED_SERIES=${!HASHED[*]} pytest_in "$BUILD/gcc" -m hashed || return 0
	for series in "${!HASHED[@]}"; do
		grep -qxF -e "made-for ${HASHED[$series]}" -e "tested ${HASHED[$series]}" \
			"kernel/patches/$series/versions" || new+=" $series=${HASHED[$series]}"
	done
	[ -n "$new" ] || return 1
	echo "once more without$new, which no series was tested with"
	printf '%s\n' "$before" >"$LOGS/$JOB.tally"
	export LAB_AVOID=$new
	hashed_kernels
	[ ${#HASHED[@]} -gt 0 ] || return 0
	HASHED_SERIES=${!HASHED[*]} pytest_in "$BUILD/gcc" -m hashed
}

# Kernels with our patches, which have to be built: of the newest series, with --full of
# all, and in whatever configuration. What cannot be built of a source that a series was made
# for is a failure and not skipped, since the patches are ours.
job_hashed()
{
	local series status=0
	local -a WANTED=(7.3)
	local -A HASHED=()

	openssl list -key-managers 2>/dev/null | grep -q ML-DSA-87 || need_roots
	! $FULL || WANTED=(7.3 6.12)
	build_in "$BUILD/gcc"
	hashed_kernels
	hashed_tests || status=1
	! $FULL || for series in "${!HASHED[@]}"; do
		lab/build-matrix "$series" >"$LOGS/matrix-$series.tap" || status=1
		cat "$LOGS/matrix-$series.tap"
		count tap "$LOGS/matrix-$series.tap"
		if lab/reproduce-kernel --series "$series"; then
			tally 1 0 0
		else
			tally 0 1 0
			status=1
		fi
	done
	return "$status"
}

job_flows()
{
	build_in "$BUILD/gcc"
	pytest_in "$BUILD/gcc" -m flows
}

job_shellcheck()
{
	local scripts=()

	need_command shellcheck
	mapfile -t scripts < <(git ls-files -z |
		xargs -0 grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell=')
	shellcheck -x "${scripts[@]}"
	tally "${#scripts[@]}" 0 0
}

# The other Debian: 13 on a machine with 12, else 12. What it has for OpenSSL decides
# what is tested there: 3.5 has ML-DSA, SHA-3 signatures and deterministic nonces.
job_otherdebian()
{
	local release=trixie root dir=$BUILD/otherdebian status=0

	[ "$(host_release)" != trixie ] || release=bookworm
	need_roots
	root=$("$TOP/tests/support/check/debian-root" native "$release" build test)
	mkdir -p "$dir"
	"$TOP/tests/support/check/in-root" "$root" "$TOP" "$dir" \
		/srv/tests/support/check/tests-inside "$OTHER_DEBIAN" || status=$?
	count meson "$dir/build/meson-logs/testlog.json"
	count junit "$dir/junit.xml"
	return "$status"
}

# Cross-compiled against the archive's own s390x libraries, run by qemu's user mode. Deep
# trees take minutes there and have nothing to do with the order of bytes.
job_bigendian()
{
	local qemu sysroot dir=$BUILD/bigendian without=(--no-suite deep)

	need_roots
	need_command s390x-linux-gnu-gcc
	qemu=$(command -v qemu-s390x-static || command -v qemu-s390x) ||
		skip_job "no qemu-s390x on this machine"
	sysroot=$("$TOP/tests/support/check/debian-root" sysroot "$(host_release)" s390x)
	mkdir -p "$dir"
	sed "s|@QEMU@|$qemu|; s|@SYSROOT@|$sysroot|; s|@CCACHE@|${CC_WRAPPER:+'ccache', }|" \
		"$TOP/tests/support/check/s390x.ini.in" >"$dir/s390x.ini"
	build_in "$dir/build" --cross-file "$dir/s390x.ini"
	! $FULL || without=()
	unit_tests "$dir/build" "${without[@]}"
}
