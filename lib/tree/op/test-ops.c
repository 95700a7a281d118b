/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Does each operation do to a module what it says, and to no other module anything? */

#include "../test-help.h"

#include <elf.h>

#include "../../codec/codec.h"
#include "../../module/trailer.h"

static char keys[] = "/tmp/modseal-test-keys-XXXXXX";
static struct ms_signer *rsa, *ec;
static struct ms_trust *trust_rsa, *trust_ec;

static int make_key(const char *name, const char *kind)
{
	char command[512];

	snprintf(
		command, sizeof(command),
		"cd %s && openssl req -x509 -newkey %s -nodes -keyout %s.key -out %s.crt "
		"-subj '/CN=test %s' -days 30 -sha256 2>/dev/null",
		keys, kind, name, name, name);
	return system(command);
}

static int open_key(struct ms_ctx *ctx, const char *name, struct ms_signer **signer,
		    struct ms_trust **trust)
{
	char key[128], cert[128];
	struct ms_signer_options options = {
		.size = sizeof(options), .key = key, .cert = cert};
	int r;

	snprintf(key, sizeof(key), "%s/%s.key", keys, name);
	snprintf(cert, sizeof(cert), "%s/%s.crt", keys, name);
	r = ms_signer_open(ctx, &options, signer);
	*trust = ms_trust_new();
	return r < 0 ? r : ms_trust_add(ctx, *trust, cert);
}

static int make_keys(void **state)
{
	struct ms_ctx *ctx = ms_ctx_new();
	int r;

	(void)state;
	if (!mkdtemp(keys) || make_key("rsa", "rsa:2048") ||
	    make_key("ec", "ec -pkeyopt ec_paramgen_curve:P-256"))
		return -1;
	r = open_key(ctx, "rsa", &rsa, &trust_rsa);
	if (r == 0)
		r = open_key(ctx, "ec", &ec, &trust_ec);
	if (r < 0)
		print_message("%s\n", ms_ctx_message(ctx));
	ms_ctx_free(ctx);
	return r;
}

static int remove_keys(void **state)
{
	(void)state;
	rsa = ms_signer_free(rsa);
	ec = ms_signer_free(ec);
	trust_rsa = ms_trust_free(trust_rsa);
	trust_ec = ms_trust_free(trust_ec);
	help_remove_all(keys);
	return 0;
}

/* A relocatable ELF file with a table of section names and nothing in it but @n. */
static void elf_bytes(struct ms_buf *ret, unsigned n)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Shdr sections[2];
		char names[8];
	} file = {
		.header =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
					    ELFCLASS64,
					    __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB
									    : ELFDATA2MSB,
					    EV_CURRENT},
				.e_type = ET_REL,
				.e_machine = EM_X86_64,
				.e_version = EV_CURRENT,
				.e_ehsize = sizeof(Elf64_Ehdr),
				.e_shoff = sizeof(Elf64_Ehdr),
				.e_shentsize = sizeof(Elf64_Shdr),
				.e_shnum = 2,
				.e_shstrndx = 1,
			},
		.sections[1] =
			{
				.sh_name = 1,
				.sh_type = SHT_STRTAB,
				.sh_size = 8,
				.sh_addralign = 1,
				.sh_offset = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Shdr),
			},
		.names = "\0.names",
	};

	ms_buf_clear(ret);
	assert_int_equal(ms_buf_append(ret, &file, sizeof(file)), 0);
	assert_int_equal(ms_buf_printf(ret, "module %u", n), 0);
}

static void write_elf(const char *path, unsigned n)
{
	_cleanup_(ms_buf_done) struct ms_buf bytes = { 0 };

	elf_bytes(&bytes, n);
	help_write(path, bytes.data, bytes.len);
}

static void write_packed_elf(const char *path, unsigned n)
{
	_cleanup_(ms_buf_done) struct ms_buf bytes = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf packed = { 0 };
	struct iovec iov;

	elf_bytes(&bytes, n);
	iov = (struct iovec){ bytes.data, bytes.len };
	assert_int_equal(ms_codec_pack(help_ctx, MS_COMPRESSION_XZ, 0, 0, &iov, 1, &packed),
			 0);
	help_write(path, packed.data, packed.len);
}

static void make_tree(void)
{
	write_elf("t/a.ko", 1);
	write_packed_elf("t/sub/b.ko.xz", 2);
	write_elf("t/sub/c.ko", 3);
	assert_int_equal(link("t/sub/c.ko", "t/sub/d.ko"), 0);
}

static void read_file(const char *path, struct ms_buf *ret)
{
	ms_buf_clear(ret);
	assert_int_equal(ms_file_read(help_ctx, path, 1 << 20, ret), 0);
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static struct ms_tree *open_tree(const char *path, struct ms_tree_options options)
{
	struct ms_tree *tree = NULL;

	if (help_open(&path, 1, options, &tree) < 0)
		fail_msg("%s", ms_ctx_message(help_ctx));
	return tree;
}

static void assert_all(const struct ms_tree *tree, enum ms_outcome outcome)
{
	for (size_t i = 0; i < ms_tree_count(tree); i++)
		if (ms_tree_item(tree, i)->outcome != outcome)
			fail_msg("%s: outcome %d: %s", ms_tree_item(tree, i)->path,
				 (int)ms_tree_item(tree, i)->outcome,
				 ms_tree_item(tree, i)->message);
}

/* Signs and returns the tree, whose items tell how it went. */
static struct ms_tree *sign_with(const char *path, const struct ms_signer *signer,
				 struct ms_tree_options options,
				 struct ms_sign_options sign)
{
	struct ms_tree *tree = open_tree(path, options);

	sign.size = sizeof(sign);
	if (ms_tree_sign(help_ctx, tree, signer, &sign) < 0)
		fail_msg("%s", ms_ctx_message(help_ctx));
	return tree;
}

static void sign_all(const char *path, const struct ms_signer *signer)
{
	struct ms_tree *tree = sign_with(path, signer, (struct ms_tree_options){ 0 },
					 (struct ms_sign_options){ 0 });

	assert_all(tree, MS_OUTCOME_SIGNED);
	ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void assert_verdict(const char *path, const struct ms_trust *trust,
			   enum ms_verdict verdict)
{
	struct ms_tree_options options = {.size = sizeof(options)};
	struct ms_tree *tree = NULL;

	assert_int_equal(ms_tree_open(help_ctx, &path, 1, &options, &tree), 0);
	assert_int_equal(ms_tree_verify(help_ctx, tree, trust, NULL), 0);
	assert_all(tree, MS_OUTCOME_VERIFIED);
	for (size_t i = 0; i < ms_tree_count(tree); i++)
		assert_int_equal(ms_tree_item(tree, i)->verdict, verdict);
	ms_tree_free(tree);
}

static void a_signed_tree_is_trusted_with_its_key_and_unknown_to_another(void **state)
{
	(void)state;
	make_tree();
	assert_verdict("t", trust_ec, MS_VERDICT_UNSIGNED);
	sign_all("t", ec);
	assert_verdict("t", trust_ec, MS_VERDICT_TRUSTED);
	assert_verdict("t", trust_rsa, MS_VERDICT_UNKNOWN_KEY);
	assert_int_equal(inode_of("t/sub/c.ko"), inode_of("t/sub/d.ko"));
}

static void openssl_agrees_about_the_signature(void **state)
{
	char command[512];

	(void)state;
	write_elf("a.ko", 1);
	write_elf("payload", 1);
	sign_all("a.ko", ec);
	/* what stands between payload and trailer */
	snprintf(command, sizeof(command),
		 "s=$(stat -c %%s payload); n=$(stat -c %%s a.ko); "
		 "tail -c +$((s + 1)) a.ko | head -c $((n - s - 40)) > sig && "
		 "openssl cms -verify -binary -inform DER -in sig -content payload "
		 "-certfile %s/ec.crt -noverify -out /dev/null 2>/dev/null",
		 keys);
	assert_int_equal(system(command), 0);
}

static void a_second_signature_is_never_added(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf once = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf twice = { 0 };

	(void)state;
	write_elf("a.ko", 1);
	sign_all("a.ko", rsa);
	read_file("a.ko", &once);
	sign_all("a.ko", ec);
	sign_all("a.ko", rsa);
	read_file("a.ko", &twice);
	assert_int_equal(once.len, twice.len);
	assert_memory_equal(once.data, twice.data, once.len);
}

static void signing_again_to_the_same_bytes_keeps_the_file(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	ino_t before;

	(void)state;
	make_tree();
	sign_all("t", rsa);
	before = inode_of("t/sub/b.ko.xz");
	tree = sign_with("t", rsa, (struct ms_tree_options){ 0 },
			 (struct ms_sign_options){ 0 });
	assert_all(tree, MS_OUTCOME_UNCHANGED);
	assert_int_equal(inode_of("t/sub/b.ko.xz"), before);
}

static void what_is_signed_can_be_skipped_or_refused(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;

	(void)state;
	make_tree();
	sign_all("t/a.ko", rsa);
	tree = sign_with("t", ec, (struct ms_tree_options){ 0 },
			 (struct ms_sign_options){ .is_signed = MS_SIGNED_REFUSE });
	assert_string_equal(help_item(tree, "t/a.ko")->message,
			    "cannot sign 't/a.ko': it is signed already");
	assert_int_equal(help_item(tree, "t/sub/c.ko")->outcome, MS_OUTCOME_ROLLED_BACK);
	tree = ms_tree_free(tree);
	assert_verdict("t/sub", trust_ec, MS_VERDICT_UNSIGNED);
	tree = sign_with("t", ec, (struct ms_tree_options){ 0 },
			 (struct ms_sign_options){ .is_signed = MS_SIGNED_SKIP });
	assert_int_equal(help_item(tree, "t/a.ko")->outcome, MS_OUTCOME_SKIPPED);
	tree = ms_tree_free(tree);
	assert_verdict("t/a.ko", trust_rsa, MS_VERDICT_TRUSTED);
	assert_verdict("t/sub", trust_ec, MS_VERDICT_TRUSTED);
}

static void assert_sign_refused(const char *path, bool any_file, const char *message)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	_cleanup_(ms_buf_done) struct ms_buf before = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf after = { 0 };

	read_file(path, &before);
	tree = sign_with(path, ec, (struct ms_tree_options){ .any_file = any_file },
			 (struct ms_sign_options){ 0 });
	assert_int_equal(ms_tree_item(tree, 0)->outcome, MS_OUTCOME_UNDECIDED);
	assert_string_equal(ms_tree_item(tree, 0)->message, message);
	read_file(path, &after);
	assert_int_equal(before.len, after.len);
	assert_true(before.len == 0 || !memcmp(before.data, after.data, before.len));
}

static void what_should_not_be_signed_is_refused(void **state)
{
	char marker[MS_MARKER_LEN + 10];

	(void)state;
	help_write_text("text.ko", "no module");
	help_write_text("empty.ko", "");
	memset(marker, 'x', sizeof(marker));
	memcpy(marker + 10, MS_MARKER, MS_MARKER_LEN);
	help_write("marker.ko", marker, sizeof(marker));
	assert_sign_refused("text.ko", false,
			    "cannot sign 'text.ko': it is no ELF module");
	assert_sign_refused("empty.ko", true,
			    "cannot sign 'empty.ko': it is empty, and no "
			    "kernel takes a signature of nothing");
	assert_sign_refused("marker.ko", true,
			    "cannot sign 'marker.ko': the file ends in a "
			    "marker with no room for a trailer before it");
}

static void any_file_is_signed_on_request(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;

	(void)state;
	help_write_text("some text", "no module");
	tree = sign_with("some text", ec, (struct ms_tree_options){ .any_file = true },
			 (struct ms_sign_options){ 0 });
	assert_all(tree, MS_OUTCOME_SIGNED);
	tree = ms_tree_free(tree);
	assert_verdict("some text", trust_ec, MS_VERDICT_TRUSTED);
}

static void a_dry_run_says_what_would_be_and_changes_nothing(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;

	(void)state;
	make_tree();
	tree = sign_with("t", ec, (struct ms_tree_options){ .dry_run = true },
			 (struct ms_sign_options){ 0 });
	assert_all(tree, MS_OUTCOME_WOULD_SIGN);
	assert_verdict("t", trust_ec, MS_VERDICT_UNSIGNED);
}

static void detached_stripped_and_attached_every_file_is_as_it_was(void **state)
{
	static const char *const paths[] = { "t/a.ko", "t/sub/b.ko.xz", "t/sub/c.ko" };
	struct ms_buf before[3] = { 0 }, after = { 0 };
	struct ms_bundle *bundle = ms_bundle_new();
	struct ms_tree *tree;

	(void)state;
	make_tree();
	sign_all("t", ec);
	for (int i = 0; i < 3; i++)
		read_file(paths[i], &before[i]);
	tree = open_tree("t", (struct ms_tree_options){ .dry_run = true });
	assert_int_equal(ms_tree_detach(help_ctx, tree, bundle), 0);
	assert_all(tree, MS_OUTCOME_DETACHED);
	assert_int_equal(ms_bundle_count(bundle), 4);
	ms_tree_free(tree);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ 0 }), 0);
	assert_verdict("t", trust_ec, MS_VERDICT_UNSIGNED);
	tree = open_tree("t", (struct ms_tree_options){ 0 });
	assert_int_equal(ms_tree_attach(help_ctx, tree, bundle, trust_ec), 0);
	assert_all(tree, MS_OUTCOME_ATTACHED);
	ms_tree_free(tree);
	tree = open_tree("t", (struct ms_tree_options){ 0 });
	assert_int_equal(ms_tree_attach(help_ctx, tree, bundle, NULL), 0);
	assert_all(tree, MS_OUTCOME_UNCHANGED);
	ms_tree_free(tree);
	for (int i = 0; i < 3; i++) {
		read_file(paths[i], &after);
		assert_int_equal(before[i].len, after.len);
		assert_memory_equal(before[i].data, after.data, after.len);
		ms_buf_done(&before[i]);
	}
	ms_buf_done(&after);
	ms_bundle_free(bundle);
}

static void
signing_into_a_bundle_leaves_modules_untouched_and_can_be_attached(void **state)
{
	struct ms_bundle *bundle = ms_bundle_new();
	struct ms_tree *tree;

	(void)state;
	make_tree();
	tree = sign_with("t", ec, (struct ms_tree_options){ 0 },
			 (struct ms_sign_options){ .bundle = bundle });
	assert_all(tree, MS_OUTCOME_WOULD_SIGN);
	ms_tree_free(tree);
	assert_int_equal(ms_bundle_count(bundle), 4);
	assert_verdict("t", trust_ec, MS_VERDICT_UNSIGNED);
	tree = open_tree("t", (struct ms_tree_options){ 0 });
	assert_int_equal(ms_tree_attach(help_ctx, tree, bundle, NULL), 0);
	assert_all(tree, MS_OUTCOME_UNCHECKED);
	ms_tree_free(tree);
	assert_verdict("t", trust_ec, MS_VERDICT_TRUSTED);
	ms_bundle_free(bundle);
}

/* A bundle with the signature of t/a.ko alone. */
static struct ms_bundle *bundle_of_a(void)
{
	struct ms_bundle *bundle = ms_bundle_new();
	struct ms_tree *tree = sign_with("t/a.ko", ec, (struct ms_tree_options){ 0 },
					 (struct ms_sign_options){ .bundle = bundle });

	ms_tree_free(tree);
	return bundle;
}

static void a_missing_signature_stops_all_unless_to_keep_going(void **state)
{
	struct ms_bundle *bundle;
	struct ms_tree *tree;

	(void)state;
	make_tree();
	bundle = bundle_of_a();
	tree = open_tree("t", (struct ms_tree_options){ 0 });
	assert_int_equal(ms_tree_attach(help_ctx, tree, bundle, NULL), 0);
	assert_int_equal(help_item(tree, "t/a.ko")->outcome, MS_OUTCOME_ROLLED_BACK);
	assert_int_equal(help_item(tree, "t/sub/c.ko")->outcome, MS_OUTCOME_MISSING);
	ms_tree_free(tree);
	assert_verdict("t", trust_ec, MS_VERDICT_UNSIGNED);
	tree = open_tree("t", (struct ms_tree_options){ .keep_going = true });
	assert_int_equal(ms_tree_attach(help_ctx, tree, bundle, NULL), 0);
	assert_int_equal(help_item(tree, "t/a.ko")->outcome, MS_OUTCOME_UNCHECKED);
	ms_tree_free(tree);
	assert_verdict("t/a.ko", trust_ec, MS_VERDICT_TRUSTED);
	assert_verdict("t/sub", trust_ec, MS_VERDICT_UNSIGNED);
	ms_bundle_free(bundle);
}

static void a_signature_that_is_not_trusted_is_not_attached(void **state)
{
	struct ms_bundle *bundle;
	struct ms_tree *tree;

	(void)state;
	make_tree();
	bundle = bundle_of_a();
	tree = open_tree("t/a.ko", (struct ms_tree_options){ .keep_going = true });
	assert_int_equal(ms_tree_attach(help_ctx, tree, bundle, trust_rsa), 0);
	assert_all(tree, MS_OUTCOME_NOT_TRUSTED);
	assert_int_equal(ms_tree_item(tree, 0)->verdict, MS_VERDICT_UNKNOWN_KEY);
	ms_tree_free(tree);
	assert_verdict("t/a.ko", trust_ec, MS_VERDICT_UNSIGNED);
	ms_bundle_free(bundle);
}

static void detach_does_not_choose_among_several_and_has_nothing_for_none(void **state)
{
	struct ms_bundle *bundle = ms_bundle_new();
	struct ms_tree *tree;

	(void)state;
	help_write_module("t/several.ko", 1, 100, 2);
	help_write_module("t/none.ko", 2, 100, 0);
	tree = open_tree("t", (struct ms_tree_options){ .dry_run = true });
	assert_int_equal(ms_tree_detach(help_ctx, tree, bundle), 0);
	assert_int_equal(help_item(tree, "t/several.ko")->outcome, MS_OUTCOME_SEVERAL);
	assert_int_equal(help_item(tree, "t/none.ko")->outcome, MS_OUTCOME_UNSIGNED);
	assert_int_equal(ms_bundle_count(bundle), 0);
	ms_tree_free(tree);
	ms_bundle_free(bundle);
}

static void a_trailer_that_a_bundle_cannot_hold_is_not_detached(void **state)
{
	struct ms_bundle *bundle = ms_bundle_new();
	struct ms_buf bytes = { 0 };
	struct ms_tree *tree;

	(void)state;
	help_module(&bytes, 1, 100, 1);
	bytes.data[bytes.len - 34] = 1; /* a byte of pad */
	help_write("pad.ko", bytes.data, bytes.len);
	tree = open_tree("pad.ko", (struct ms_tree_options){ .dry_run = true });
	assert_int_equal(ms_tree_detach(help_ctx, tree, bundle), 0);
	assert_int_equal(ms_tree_item(tree, 0)->outcome, MS_OUTCOME_UNDECIDED);
	assert_int_equal(ms_bundle_count(bundle), 0);
	ms_tree_free(tree);
	ms_bundle_free(bundle);
	ms_buf_done(&bytes);
}

static void a_flipped_byte_is_rejected_and_the_others_are_trusted(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	_cleanup_(ms_buf_done) struct ms_buf bytes = { 0 };
	struct ms_tree_options options = {.size = sizeof(options)};
	const char *path = "t";

	(void)state;
	make_tree();
	sign_all("t", ec);
	read_file("t/a.ko", &bytes);
	bytes.data[bytes.len / 4] ^= 1;
	help_write("t/a.ko", bytes.data, bytes.len);
	assert_int_equal(ms_tree_open(help_ctx, &path, 1, &options, &tree), 0);
	assert_int_equal(ms_tree_verify(help_ctx, tree, trust_ec, NULL), 0);
	assert_int_equal(help_item(tree, "t/a.ko")->verdict, MS_VERDICT_REJECTED);
	assert_int_equal(help_item(tree, "t/a.ko")->verdict_errno, EKEYREJECTED);
	assert_int_equal(help_item(tree, "t/sub/b.ko.xz")->verdict, MS_VERDICT_TRUSTED);
	assert_int_equal(help_item(tree, "t/sub/c.ko")->verdict, MS_VERDICT_TRUSTED);
	assert_non_null(help_item(tree, "t/sub/c.ko")->vouched_by);
	assert_int_equal(
		ms_signature_list_count(help_item(tree, "t/sub/c.ko")->signatures), 1);
}

static void bytes_behind_the_stream_are_malformed_and_a_cut_one_is_undecided(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	_cleanup_(ms_buf_done) struct ms_buf bytes = { 0 };
	struct ms_tree_options options = {.size = sizeof(options)};
	const char *path = "cut.ko.xz";

	(void)state;
	write_packed_elf("a.ko.xz", 1);
	sign_all("a.ko.xz", ec);
	read_file("a.ko.xz", &bytes);
	help_write(path, bytes.data, bytes.len - 1);
	assert_int_equal(ms_buf_append(&bytes, "\0\0\0\0", 4), 0);
	help_write("behind.ko.xz", bytes.data, bytes.len);
	assert_verdict("behind.ko.xz", trust_ec, MS_VERDICT_MALFORMED);
	assert_int_equal(ms_tree_open(help_ctx, &path, 1, &options, &tree), 0);
	assert_int_equal(ms_tree_verify(help_ctx, tree, trust_ec, NULL), 0);
	assert_int_equal(ms_tree_item(tree, 0)->outcome, MS_OUTCOME_UNDECIDED);
	assert_int_equal(ms_tree_item(tree, 0)->verdict, MS_VERDICT_UNDECIDED);
	assert_int_equal(ms_tree_item(tree, 0)->error, -EBADMSG);
}

static void what_unpacks_to_too_much_is_undecided(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	_cleanup_(ms_buf_done) struct ms_buf packed = { 0 };
	struct ms_tree_options options = {.size = sizeof(options), .max_size = 1 << 20};
	_cleanup_free_ char *zeros = calloc(1, 1 << 22);
	struct iovec iov = { zeros, 1 << 22 };
	const char *path = "bomb.ko.xz";

	(void)state;
	assert_int_equal(ms_codec_pack(help_ctx, MS_COMPRESSION_XZ, 0, 0, &iov, 1, &packed),
			 0);
	help_write(path, packed.data, packed.len);
	assert_int_equal(ms_tree_open(help_ctx, &path, 1, &options, &tree), 0);
	assert_int_equal(ms_tree_verify(help_ctx, tree, trust_ec, NULL), 0);
	assert_int_equal(ms_tree_item(tree, 0)->outcome, MS_OUTCOME_UNDECIDED);
	assert_int_equal(ms_tree_item(tree, 0)->verdict, MS_VERDICT_UNDECIDED);
	assert_int_equal(ms_tree_item(tree, 0)->error, -EFBIG);
	assert_non_null(strstr(ms_tree_item(tree, 0)->message, "'bomb.ko.xz'"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, help_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signed_tree_is_trusted_with_its_key_and_unknown_to_another),
		TEST(openssl_agrees_about_the_signature),
		TEST(a_second_signature_is_never_added),
		TEST(signing_again_to_the_same_bytes_keeps_the_file),
		TEST(what_is_signed_can_be_skipped_or_refused),
		TEST(what_should_not_be_signed_is_refused),
		TEST(any_file_is_signed_on_request),
		TEST(a_dry_run_says_what_would_be_and_changes_nothing),
		TEST(detached_stripped_and_attached_every_file_is_as_it_was),
		TEST(signing_into_a_bundle_leaves_modules_untouched_and_can_be_attached),
		TEST(a_missing_signature_stops_all_unless_to_keep_going),
		TEST(a_signature_that_is_not_trusted_is_not_attached),
		TEST(detach_does_not_choose_among_several_and_has_nothing_for_none),
		TEST(a_trailer_that_a_bundle_cannot_hold_is_not_detached),
		TEST(a_flipped_byte_is_rejected_and_the_others_are_trusted),
		TEST(bytes_behind_the_stream_are_malformed_and_a_cut_one_is_undecided),
		TEST(what_unpacks_to_too_much_is_undecided),
	};

	return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
