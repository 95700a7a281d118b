# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Work of minutes that may be stopped at any moment, and is taken up again by the next run.
#
# To be sourced, with tests/support/check/common.sh sourced. What always holds:
# - unfinished work lies in a directory of its own, part-DIGEST, whose name is the digest of
#   all that goes into it: so only a run that would make the same takes it up;
# - one run at a time is at it: lock-DIGEST is held by whoever works in it;
# - a step that was come to the end of shows by a rename. A directory that bears its name is
#   whole; what a kill left bears another, and is made anew;
# - what cannot be brought to an end that way is thrown away, and made from the beginning.

readonly PARTS=$CACHE/kernels PART_DAYS=7

# part_of DIGEST: the directory of this work, made if there is none, and of nobody else
# until this process has ended. Sets PART.
part_of()
{
	local fd

	mkdir -p "$PARTS"
	exec {fd}>"$PARTS/lock-$1"
	flock "$fd"
	PART=$PARTS/part-$1
	mkdir -p "$PART"
	touch "$PART"
	remove_old_parts
}

# What nobody has taken up for a week, and nobody is at.
remove_old_parts()
{
	local old

	find "$PARTS" -maxdepth 1 -name 'part-*' -mtime "+$PART_DAYS" -print0 |
		while IFS= read -r -d '' old; do
			flock -n "$PARTS/lock-${old##*/part-}" rm -rf "$old" || true
		done
	find "$PARTS" -maxdepth 1 -name 'tmp.*' -mtime "+$PART_DAYS" -exec rm -rf {} +
}

# whole DIR COMMAND...: DIR is there, or it is made: COMMAND fills the directory that it is
# given as last argument. With the shell's -e, so not in a condition.
whole()
{
	local dir=$1

	shift
	[ ! -d "$dir" ] || return 0
	rm -rf "$dir.unfinished"
	mkdir -p "$dir.unfinished"
	"$@" "$dir.unfinished"
	mv -T "$dir.unfinished" "$dir"
}

# once FILE COMMAND...: FILE has what COMMAND prints, now or in the run that came to its end.
# With the shell's -e, so not in a condition.
once()
{
	local file=$1

	shift
	[ ! -e "$file" ] || return 0
	"$@" >"$file.unfinished"
	mv "$file.unfinished" "$file"
}

# forget_unfinished SOURCE: removes what a stopped build may have left half-written in a
# kernel's source. Of each target the build notes the command, after it was made, in
# .TARGET.cmd; so one that is younger than that was being made again. The note of one that
# was compiled names what that depends on, and says behind it that it was all.
forget_unfinished()
{
	local note target

	# shellcheck disable=SC2016 # awk's own
	find "$1" -name '.*.cmd' -print0 | xargs -0r awk '
		function judge() { if (begun && !whole) print name }
		FNR == 1 { judge(); begun = whole = 0; name = FILENAME }
		/^(source|deps)_/ { begun = 1 }
		/^\$\(deps_.*\):$/ { whole = 1 }
		END { judge() }' | xargs -rd '\n' rm -f
	find "$1" -name '.*.cmd' -print0 | while IFS= read -r -d '' note; do
		target=${note##*/.}
		target=${note%/*}/${target%.cmd}
		[ ! "$target" -nt "$note" ] || rm -f "$target"
	done
}
