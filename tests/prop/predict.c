/* SPDX-License-Identifier: MIT */
#include "predict.h"

/* SDM: "Page-Fault Exceptions" (3A), figure of the error code. */
enum {
	CODE_PRESENT = 1 << 0,
	CODE_WRITE = 1 << 1,
	CODE_USER = 1 << 2,
	CODE_RESERVED = 1 << 3,
	CODE_FETCH = 1 << 4,
	CODE_KEY = 1 << 5,
	CODE_SHADOW = 1 << 6,
};

static bool user_mode(const struct access *a)
{
	return a->user && !a->implicit;
}

/* The part of the error code that the access alone decides. */
static uint32_t code_of_access(const struct cpu *cpu, const struct access *a)
{
	uint32_t code = 0;

	if (a->write)
		code |= CODE_WRITE;
	if (user_mode(a))
		code |= CODE_USER;
	if (a->fetch && (cpu->smep || (cpu->has_xd && cpu->nxe)))
		code |= CODE_FETCH;
	if (a->shadow_stack)
		code |= CODE_SHADOW;
	return code;
}

/* SDM: "Reserved-Bit Exceptions": XD is reserved while IA32_EFER.NXE = 0. */
static bool malformed(const struct cpu *cpu, const struct said *e)
{
	return e->reserved || (cpu->has_xd && e->no_execute && !cpu->nxe);
}

/* SDM: "Determination of Access Rights" (3A). */
static bool rights_deny(const struct cpu *cpu, const struct access *a,
			bool user_page, bool writable, bool no_execute)
{
	if (user_mode(a)) {
		if (!user_page)
			return true;
		if (a->fetch)
			return no_execute;
		return a->write && !writable;
	}
	if (a->fetch)
		return no_execute || (user_page && cpu->smep);
	if (user_page && cpu->smap && (a->implicit || !cpu->ac))
		return true;
	return a->write && !writable && cpu->wp;
}

/*
 * SDM: "Shadow-Stack Pages" (3A), "Determination of Access Rights": the leaf
 * read-only and dirty, all above it writable; and the stack is of the
 * accessor's own privilege.
 */
static bool shadow_stack_denies(const struct access *a,
				const struct said *upper,
				const struct said *leaf)
{
	const bool user_page = upper->user && leaf->user;

	if (leaf->write || !leaf->dirty || !upper->write)
		return true;
	return user_page != user_mode(a);
}

/*
 * SDM: "Protection Keys" (3A).  Fetches are never subject to them.  WD with
 * CR0.WP = 0 binds user-mode accesses under PKRU, and nobody under IA32_PKRS.
 */
static bool key_denies(const struct cpu *cpu, const struct access *a,
		       bool user_page)
{
	const bool on = user_page ? cpu->pke : cpu->pks;

	if (!cpu->has_keys || !on || a->fetch)
		return false;
	if (cpu->key_ad)
		return true;
	return a->write && cpu->key_wd &&
	       (cpu->wp || (user_page && user_mode(a)));
}

struct guess guess_guest(const struct cpu *cpu, const struct access *access,
			 const struct said *upper, const struct said *leaf)
{
	const struct said *const path[] = { upper, leaf };
	struct guess g = {
		.fault = true,
		.code = code_of_access(cpu, access),
		.upper_accessed = upper->accessed,
		.leaf_accessed = leaf->accessed,
		.leaf_dirty = leaf->dirty,
	};
	const bool user_page = upper->user && leaf->user;
	const bool writable = upper->write && leaf->write;
	const bool no_execute = cpu->has_xd &&
				(upper->no_execute || leaf->no_execute);
	bool key, denied;

	for (int i = 0; i < 2; i++) {
		if (!path[i]->present)
			return g;
		if (malformed(cpu, path[i])) {
			g.code |= CODE_PRESENT | CODE_RESERVED;
			return g;
		}
	}

	key = key_denies(cpu, access, user_page);
	denied = access->shadow_stack ?
			 shadow_stack_denies(access, upper, leaf) :
			 rights_deny(cpu, access, user_page, writable,
				     no_execute);
	if (key || denied) {
		g.code |= CODE_PRESENT | (key ? CODE_KEY : 0);
		return g;
	}
	g.fault = false;
	g.upper_accessed = g.leaf_accessed = true;
	g.leaf_dirty |= access->write;
	return g;
}

/*
 * SDM: "EPT Translation Mechanism": present if any of bits 2:0 is set, or
 * bit 10 under mode-based execute.
 */
static bool ept_present(const struct ept_cpu *cpu, const struct ept_said *e)
{
	return e->read || e->write || e->execute ||
	       (cpu->mode_based && e->user_execute);
}

/* SDM: "EPT Misconfigurations" (3C). */
static bool ept_malformed(const struct ept_cpu *cpu, const struct ept_said *e)
{
	const bool executes = e->execute ||
			      (cpu->mode_based && e->user_execute);

	if (e->reserved)
		return true;
	if (e->read)
		return false;
	return e->write || (executes && !cpu->exec_only);
}

/*
 * SDM: "EPT Violations" (3C): a guest-table access counts as a write too
 * when EPT accessed and dirty flags are on.
 */
static bool ept_writes(const struct ept_cpu *cpu,
		       const struct ept_request *request)
{
	return request->write || (request->table && cpu->ad);
}

struct ept_guess guess_ept(const struct ept_cpu *cpu,
			   const struct ept_request *request,
			   const struct ept_said *upper,
			   const struct ept_said *leaf)
{
	const struct ept_said *const path[] = { upper, leaf };
	const bool r = upper->read && leaf->read;
	const bool w = upper->write && leaf->write;
	const bool x = upper->execute && leaf->execute;
	const bool xu = upper->user_execute && leaf->user_execute;
	const bool write = ept_writes(cpu, request);
	struct ept_guess g = {
		.verdict = EPT_VIOLATES,
		.upper_accessed = upper->accessed,
		.leaf_accessed = leaf->accessed,
		.leaf_dirty = leaf->dirty,
	};
	bool may_fetch;

	for (int i = 0; i < 2; i++) {
		if (!ept_present(cpu, path[i]))
			return g;
		if (ept_malformed(cpu, path[i])) {
			g.verdict = EPT_MISCONFIGURED;
			return g;
		}
	}

	g.rights = (r ? 1 << 3 : 0) | (w ? 1 << 4 : 0) | (x ? 1 << 5 : 0);
	if (cpu->mode_based && xu)
		g.rights |= 1 << 6;
	may_fetch = cpu->mode_based && request->user_page ? xu : x;
	if ((request->read && !r) || (write && !w) ||
	    (request->fetch && !may_fetch))
		return g;

	g.verdict = EPT_ALLOWED;
	if (cpu->ad) {
		g.upper_accessed = g.leaf_accessed = true;
		g.leaf_dirty |= write;
	}
	return g;
}

enum {
	NPF_FINAL = 32,
	NPF_TABLE = 33,
};

/* APM 2: "Nested Table Walk": a table access is a write, unless ROGPT. */
static bool npt_writes(const struct npt_cpu *cpu,
		       const struct npt_request *request)
{
	return request->write || (request->table && !cpu->rogpt);
}

/*
 * APM 2: "Guest Mode Execute Trap Extension": U/S = 1 in all nested entries
 * bars execution below CPL 3, and nothing else looks at U/S.
 */
static bool npt_denies(const struct npt_cpu *cpu,
		       const struct npt_request *request,
		       const struct said *upper, const struct said *leaf)
{
	const bool user_page = upper->user && leaf->user;

	if (!cpu->gmet && !user_page)
		return true;
	if (cpu->gmet && request->fetch && request->supervisor && user_page)
		return true;
	if (request->fetch && (upper->no_execute || leaf->no_execute))
		return true;
	return npt_writes(cpu, request) && !(upper->write && leaf->write);
}

struct npt_guess guess_npt(const struct npt_cpu *cpu,
			   const struct npt_request *request,
			   const struct said *upper, const struct said *leaf)
{
	const struct cpu host = {
		.has_xd = true,
		.nxe = cpu->nxe,
		.smep = cpu->smep,
	};
	const struct access as_user = {
		.write = npt_writes(cpu, request),
		.fetch = request->fetch,
		.user = true,
	};
	const struct said *const path[] = { upper, leaf };
	struct npt_guess g = {
		.fault = true,
		.info = UINT64_C(1) << (request->table ? NPF_TABLE : NPF_FINAL),
		.upper_accessed = upper->accessed,
		.leaf_accessed = leaf->accessed,
		.leaf_dirty = leaf->dirty,
	};

	g.info |= code_of_access(&host, &as_user);
	for (int i = 0; i < 2; i++) {
		if (!path[i]->present)
			return g;
		if (malformed(&host, path[i])) {
			g.info |= CODE_PRESENT | CODE_RESERVED;
			return g;
		}
	}
	if (npt_denies(cpu, request, upper, leaf)) {
		g.info |= CODE_PRESENT;
		return g;
	}
	g.fault = false;
	g.upper_accessed = g.leaf_accessed = true;
	g.leaf_dirty |= as_user.write;
	return g;
}
