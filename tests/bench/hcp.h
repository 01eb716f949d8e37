/* A stand-in for HCP Terraform for measurements: an API origin and a storage origin with TLS on loopback, which serve
 * one plan for every job, take callbacks, and note when each job's final one came. Each answer may be held back for a
 * while. */
#ifndef PLANSPOOL_BENCH_HCP_H
#define PLANSPOOL_BENCH_HCP_H

#include <stdint.h>

struct hcp_job {
	uint64_t posted, accepted;	/* microseconds; set by whoever sends the requests */
	uint64_t final;			/* when the final callback was there as a whole; 0: not yet */
	unsigned requests;		/* asked for this job, the final one included */
};

struct hcp_options {
	unsigned api_port, storage_port;
	const char *certificate, *key, *plan;	/* files */
	unsigned delay_ms;			/* before each answer */
};

/* Serves jobs 0 to count - 1 until the process ends. Ends it if it can't. */
void hcp_serve(const struct hcp_options *o, struct hcp_job *jobs, unsigned count);

/* Waits until that many finals have come. 0, or -1 when none has come for seconds. */
int hcp_wait(unsigned finals, unsigned seconds);

uint64_t hcp_now(void);

#endif
