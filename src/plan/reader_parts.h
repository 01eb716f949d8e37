/* What the files of the plan reader share: its state, and what one file does for another. For plan/reader*.c alone. */
#ifndef PLANSPOOL_PLAN_READER_PARTS_H
#define PLANSPOOL_PLAN_READER_PARTS_H

#include "base/buf.h"
#include "plan/grammar.h"
#include "plan/keyset.h"
#include "plan/reader.h"
#include "plan/scan.h"

/* What comes next. */
enum phase {
	PHASE_START, PHASE_MARK_2, PHASE_MARK_3,	/* nothing yet; the bytes of a byte-order mark */
	PHASE_KEY, PHASE_KEY_TEXT, PHASE_COLON,
	PHASE_VALUE, PHASE_VALUE_TEXT, PHASE_NEXT,	/* of NEXT: a comma, or the container's end */
	PHASE_END,					/* the plan's object is closed */
};

/* Why the value that goes by is looked at. */
enum purpose { PURPOSE_SKIP, PURPOSE_ITEM, PURPOSE_VERSION, PURPOSE_NULL /* only null may stand there */ };

/* A container that is looked into. */
struct frame {
	enum grammar_place place;
	bool array, call;
	size_t keys;		/* of the key set, when it was opened */
};

struct plan_reader {
	unsigned wanted;	/* kinds, one bit each */
	const char **types;	/* sorted; the names are borrowed */
	size_t type_count;
	bool all_types;
	uint64_t max_plan;
	plan_item_fn *item;
	void *context;

	enum phase phase;
	bool first;		/* nothing stands in the innermost container yet */
	bool ended, failed;
	uint64_t bytes, resources;
	unsigned marks;		/* enum grammar_mark, one bit each */
	const char *section;	/* the known top-level key that we are in, NULL: another or none */
	char why[PLAN_WHY];

	struct frame *frames;
	size_t depth, frame_cap;
	struct keyset keys;
	char **modules;
	size_t module_count, module_cap;

	struct scan scan;	/* of the key or value that goes by */
	uint64_t start;		/* its first byte */
	struct buf key;		/* the last key, unescaped once it is complete */
	size_t key_len;
	const struct grammar_row *row;	/* of the value that goes by; NULL: nobody needs it */
	enum purpose purpose;
	struct buf capture;
	struct value_arena *arena;
};

/* Ends the reading: "byte OFFSET: ...". Only the first failure counts. Returns 0, for phases to return. */
size_t reader_fail(struct plan_reader *r, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The value whose first byte is at p. Each returns how many bytes it took. */
size_t reader_begin_value(struct plan_reader *r, const char *p, size_t n);
size_t reader_value_text(struct plan_reader *r, const char *p, size_t n);
void reader_hand_out_end(struct plan_reader *r);

/* Containers that are looked into. */
size_t reader_open(struct plan_reader *r, enum grammar_place inside, bool array, bool call);
size_t reader_close(struct plan_reader *r, char bracket);

/* Looks into the beginning of the plan, where other formats are told by their first bytes. */
size_t reader_start(struct plan_reader *r, const char *p, size_t n);
size_t reader_byte_order_mark(struct plan_reader *r, const char *p, size_t n);
/* Says that the byte can't stand here. */
size_t reader_unexpected(struct plan_reader *r, char c, const char *due);
/* The plan's object is complete: whether it is a plan. */
void reader_judge(struct plan_reader *r);
/* A format_version. */
void reader_check_version(struct plan_reader *r, const struct value *version);

#endif
