/* The log, whole files, faults: what the rest of the base room stands on. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/faults.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

/* What body writes to standard error, allocated. */
static char *errors_of(void (*body)(void))
{
	struct buf out = BUF_INIT(1 << 20);
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);

	assert_non_null(file);
	assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	body();
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	assert_int_equal(fsio_read(fileno(file), &out), 0);
	fclose(file);
	return out.data ? out.data : xstrdup("");
}

static void expect_errors(void (*body)(void), const char *expected)
{
	char *text = errors_of(body);

	assert_string_equal(text, expected);
	free(text);
}

static void all_levels(void)
{
	log_debug("j", "hidden");
	log_info("prod.taskrs-1", "claimed");
	log_info(NULL, "ready");
	log_warn("j", "%s", "w");
	log_error(NULL, "%d", 5);
	log_verbose(true);
	log_debug("j", "seen");
	log_verbose(false);
	log_debug("j", "hidden");
}

static void hostile(void)
{
	log_info("j\nplanspoold: error: forged", "%s", "a\r\nb\x1b]0;x\a\xe2\x80\xae\xff\xc3\xa9");
}

static void keeping_errno(void)
{
	errno = EXDEV;
	log_error(NULL, "rename: %m");
	assert_int_equal(errno, EXDEV);
	close(STDERR_FILENO);
	log_error(NULL, "nobody reads this");
	assert_int_equal(errno, EXDEV);
}

static void logs_lines(void **state)
{
	(void)state;
	expect_errors(all_levels, "planspoold: info: prod.taskrs-1: claimed\nplanspoold: info: ready\n"
		"planspoold: warning: j: w\nplanspoold: error: 5\nplanspoold: debug: j: seen\n");
	expect_errors(hostile, "planspoold: info: j\\nplanspoold: error: forged: "
		"a\\r\\nb\\x1b]0;x\\x07\\u202e\\xff\xc3\xa9\n");
	expect_errors(keeping_errno, "planspoold: error: rename: Invalid cross-device link\n");
}

static char long_text[20000];

static void long_lines(void)
{
	log_info("j", "%s", long_text);
}

/* A line is at most 4096 bytes with its newline, cut between characters, and says that it was cut. */
static void logs_long_lines(void **state)
{
	static const char *const pieces[] = { "x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x01", "\xff" };

	(void)state;
	for (size_t i = 0; i < COUNT(pieces) * 4; i++) {
		const char *piece = pieces[i / 4];
		size_t n = strlen(piece), len;
		char *text;

		memset(long_text, 'y', i % 4);
		for (size_t at = i % 4; at < sizeof(long_text) - 5; at += n)
			memcpy(long_text + at, piece, n + 1);
		text = errors_of(long_lines);
		len = strlen(text);
		assert_true(len <= 4096 && len > 4080);
		assert_string_equal(text + len - 7, " [cut]\n");
		assert_ptr_equal(strchr(text, '\n'), text + len - 1);
		assert_int_equal(text_utf8_valid(text, len), len);
		free(text);
	}
}

#define LINES 200

static void *log_many(void *context)
{
	for (int i = 0; i < LINES; i++)
		log_info(context, "%0*d", 500, i);
	return NULL;
}

/* Threads and processes that share a pipe never mix their lines. */
static void logs_in_whole_lines(void **state)
{
	static char names[][2] = { "a", "b", "c" };
	struct buf out = BUF_INIT(1 << 24);
	pthread_t threads[2];
	size_t lines = 0;
	int ends[2];
	pid_t pid;
	char *line, *next;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		if (dup2(ends[1], STDERR_FILENO) < 0)
			_exit(1);
		if (!fork()) {
			log_many(names[2]);
			_exit(0);
		}
		if (pthread_create(&threads[0], NULL, log_many, names[0]) ||
		    pthread_create(&threads[1], NULL, log_many, names[1]))
			_exit(1);
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
		_exit(wait(NULL) < 0);
	}
	close(ends[1]);
	assert_int_equal(fsio_read(ends[0], &out), 0);
	close(ends[0]);
	for (line = out.data; *line; line = next, lines++) {
		next = strchr(line, '\n') + 1;
		if (strncmp(line, "planspoold: info: ", 18) != 0)
			fail_msg("%.100s", line);
		assert_true(line[18] >= 'a' && line[18] <= 'c');
		assert_int_equal(next - line, 18 + 3 + 500 + 1);
	}
	assert_int_equal(lines, 3 * LINES);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	buf_free(&out);
}

/* The signal that ends a child which runs body, its standard error thrown away. */
static int ends_by(void (*body)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		signal(SIGABRT, SIG_DFL);
		if (null >= 0)
			(void)dup2(null, STDERR_FILENO);
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void panics(void)
{
	log_panic("a bug: %d", 1);
}

static void overflows(void)
{
	free(xreallocarray(NULL, SIZE_MAX / 2, 3));
}

static void overfills(void)
{
	struct buf b = BUF_INIT(3);

	buf_puts(&b, "four");
}

static void does_nothing(void)
{
	free(xcalloc(0, 0));
	free(xmalloc(0));
	free(xasprintf("%s", ""));
}

static void bugs_end_the_process(void **state)
{
	(void)state;
	assert_int_equal(ends_by(panics), SIGABRT);
	assert_int_equal(ends_by(overflows), SIGABRT);
	assert_int_equal(ends_by(overfills), SIGABRT);
	assert_int_equal(ends_by(does_nothing), 0);
}

static void copies_strings(void **state)
{
	char *s = xstrndup("abc", 2), *t = xstrndup("abc", 10), *u = xstrdup(""), *v = xasprintf("%d-%s", 1, "x");

	(void)state;
	assert_string_equal(s, "ab");
	assert_string_equal(t, "abc");
	assert_string_equal(u, "");
	assert_string_equal(v, "1-x");
	free(s);
	free(t);
	free(u);
	free(v);
}

static void creates_files(void **state)
{
	char *folder = test_folder();
	int dir = open(folder, O_RDONLY | O_DIRECTORY);
	struct buf text = BUF_INIT(100);
	struct stat st;
	mode_t mask = umask(0777);

	(void)state;
	assert_int_equal(fsio_create(dir, "a", 0640, "text", 4), 0);
	umask(0);
	assert_int_equal(fsio_create(dir, "b", 0600, "", 0), 0);
	umask(mask);
	assert_int_equal(fstatat(dir, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(fstatat(dir, "b", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fsio_create(dir, "a", 0600, "other", 5), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(symlinkat("nowhere", dir, "link"), 0);
	assert_int_equal(fsio_create(dir, "link", 0600, "x", 1), -1);
	assert_int_equal(fsio_read_file(dir, "a", &text), 0);
	assert_string_equal(buf_text(&text), "text");
	assert_int_equal(fsio_sync(dir), 0);
	buf_free(&text);
	close(dir);
	test_remove(folder);
}

/* As on a full disk: the first write is short, the second one fails. What was made is taken away again. */
static void removes_half_files(void **state)
{
	static const char data[5000];
	char *folder = test_folder();
	int dir = open(folder, O_RDONLY | O_DIRECTORY), result, error;
	struct rlimit before, small;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 3000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	result = fsio_create(dir, "c", 0600, data, sizeof(data));
	error = errno;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(result, -1);
	assert_int_equal(error, EFBIG);
	assert_int_equal(faccessat(dir, "c", F_OK, 0), -1);
	close(dir);
	test_remove(folder);
}

static void reads_up_to_the_maximum(void **state)
{
	static char data[200000];
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 199999 };
	char *folder = test_folder();
	int dir = open(folder, O_RDONLY | O_DIRECTORY);

	(void)state;
	memset(data, 'd', sizeof(data));
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct buf exact = BUF_INIT(sizes[i] + 2), small = BUF_INIT(sizes[i] + 1);

		free(test_file(folder, "f", data, sizes[i], 0600));
		buf_puts(&exact, "h:");
		assert_int_equal(fsio_read_file(dir, "f", &exact), 0);
		assert_int_equal(exact.len, sizes[i] + 2);
		assert_int_equal(strlen(exact.data), sizes[i] + 2);
		if (sizes[i]) {
			buf_puts(&small, "h:");
			assert_int_equal(fsio_read_file(dir, "f", &small), -1);
			assert_int_equal(errno, EMSGSIZE);
			assert_string_equal(small.data, "h:");
		}
		buf_free(&exact);
		buf_free(&small);
	}
	close(dir);
	test_remove(folder);
}

static void make_socket(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder) > 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void opens_regular_files_only(void **state)
{
	static const struct { const char *name; int regular, linked; } table[] = {
		{ "file", 0, 0 }, { "link", ELOOP, 0 }, { "loop", ELOOP, ELOOP }, { "fifo", EINVAL, EINVAL },
		{ "tofifo", ELOOP, EINVAL }, { ".", EINVAL, EINVAL }, { "socket", EINVAL, EINVAL }, { "none", ENOENT,
			ENOENT },
		{ "dangling", ELOOP, ENOENT },
	};
	char *folder = test_folder();
	int dir = open(folder, O_RDONLY | O_DIRECTORY);

	(void)state;
	free(test_file(folder, "file", "x", 1, 0600));
	make_socket(folder);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(symlinkat("file", dir, "link"), 0);
	assert_int_equal(symlinkat("loop", dir, "loop"), 0);
	assert_int_equal(symlinkat("fifo", dir, "tofifo"), 0);
	assert_int_equal(symlinkat("nothing", dir, "dangling"), 0);
	for (size_t i = 0; i < COUNT(table); i++) {
		char *path = xasprintf("%s/%s", folder, table[i].name);

		for (int linked = 0; linked < 2; linked++) {
			int want = linked ? table[i].linked : table[i].regular, fd;

			errno = 0;
			fd = linked ? fsio_open_linked(path) : fsio_open_regular(dir, table[i].name);
			if ((fd >= 0) != (want == 0) || errno != want)
				fail_msg("%s: %d, %s", path, fd, strerror(errno));
			if (fd >= 0) {
				assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
				close(fd);
			}
		}
		free(path);
	}
	close(dir);
	test_remove(folder);
}

static void collects_faults(void **state)
{
	static const char *const lines[] = {
		"a.yaml:12: unknown operator 'equal'", "a.yaml: warning: empty", "b\\n.yaml:1: \\x1b[31m'\\u202e'",
	};
	struct faults faults = { 0 };
	char *all = NULL;
	size_t size;
	FILE *out;

	(void)state;
	faults_error(&faults, "a.yaml", 12, "unknown operator '%s'", "equal");
	faults_warn(&faults, "a.yaml", 0, "empty");
	faults_error(&faults, "b\n.yaml", 1, "%s", "\x1b[31m'\xe2\x80\xae'");
	assert_int_equal(faults.n, 3);
	assert_int_equal(faults.errors, 2);
	for (size_t i = 0; i < COUNT(lines); i++) {
		char *text = fault_text(&faults.list[i]);

		assert_string_equal(text, lines[i]);
		free(text);
	}
	out = open_memstream(&all, &size);
	faults_print(&faults, out);
	fclose(out);
	assert_int_equal(size, strlen(lines[0]) + strlen(lines[1]) + strlen(lines[2]) + 3);
	free(all);
	for (int i = 0; i < 1000; i++)
		faults_error(&faults, "c", 1, "%d", i);
	assert_string_equal(faults.list[1002].text, "999");
	faults_free(&faults);
	assert_int_equal(faults.n + faults.errors, 0);
	faults_free(&faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_lines),
		cmocka_unit_test(logs_long_lines),
		cmocka_unit_test(logs_in_whole_lines),
		cmocka_unit_test(bugs_end_the_process),
		cmocka_unit_test(copies_strings),
		cmocka_unit_test(creates_files),
		cmocka_unit_test(removes_half_files),
		cmocka_unit_test(reads_up_to_the_maximum),
		cmocka_unit_test(opens_regular_files_only),
		cmocka_unit_test(collects_faults),
	};

	log_open("planspoold");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
