/* SPDX-License-Identifier: MIT */
/* One recorded event against one of the model's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scenario/recording.h"

#define ANY TDP_NR_EVENTS

/* Tracepoints that are not compared, each for its reason. */
static const struct {
	const char *name;
	const char *why;
} left_out[] = {
	{ "kvm_pio", "port I/O ends a payload: no memory access" },
	{ "kvm_userspace_exit", "its reason is compared as exit_s" },
	{ "kvm_emulate_insn", "the model has no instructions" },
	{ "kvm_mmio", "address and direction are compared as kvm_run's" },
	{ "kvm_cr", "the emulator's own" },
	{ "kvm_vm_set_mem_attributes", "its fields are the step's arguments" },
};

/* Probes, and tracepoints that the model calls otherwise. */
static const struct {
	const char *recorded;
	enum tdp_event_id model;
} aliases[] = {
	{ "role_init_mmu", TDP_EV_mmu_init },
	{ "role_shadow_ept", TDP_EV_shadow_ept_init },
	{ "role_shadow_npt", TDP_EV_shadow_npt_init },
};

/*
 * Fields that only one side has, or that have two names.  What is in neither
 * table nor both events is a difference.
 */
static const struct {
	enum tdp_event_id event;
	const char *recorded; /* NULL: only the model has it */
	const char *model;    /* NULL: only the kernel has it */
	const char *why;
} rules[] = {
	{ ANY, "guest_rip", NULL, "the model has no instructions" },
	{ ANY, "unsync", NULL, "no field of the model's event" },
	{ TDP_EV_kvm_mmu_get_page, "root_count", NULL,
	  "no field of the model's event" },
	{ TDP_EV_kvm_page_fault, "fault_address", "address", "" },
	{ TDP_EV_kvm_exit, "intr_info", NULL, "interrupts are not modelled" },
	{ TDP_EV_kvm_exit, "error_code", NULL, "of an interrupted event" },
	{ TDP_EV_kvm_exit, "requests", NULL, "mixed with those of others" },
	{ TDP_EV_kvm_smm_transition, "smbase", NULL,
	  "the model keeps the save area" },
	{ TDP_EV_kvm_inj_exception, "reinjected", NULL,
	  "interrupts are not modelled" },
	{ TDP_EV_kvm_mmu_zap_all_fast, NULL, "mmu_valid_gen", "not recorded" },
	{ TDP_EV_kvm_mmu_zap_all_fast, NULL, "mmu_used_pages", "not recorded" },
	{ TDP_EV_check_mmio_spte, NULL, "kvm_gen", "not recorded" },
	{ TDP_EV_mmu_init, NULL, "vcpu_id", "no argument of the probe" },
	{ TDP_EV_mmu_init, NULL, "nested_role", "nor this" },
	{ TDP_EV_shadow_ept_init, NULL, "vcpu_id", "nor here" },
	{ TDP_EV_shadow_npt_init, NULL, "vcpu_id", "nor here" },
	{ ANY, "rip", NULL, "the model has no instructions" },
	{ ANY, "nested_rip", NULL, "the model has no instructions" },
	{ TDP_EV_kvm_nested_vmenter, "int_ctl", NULL,
	  "interrupts are not modelled" },
	{ TDP_EV_kvm_nested_vmenter, "event_inj", NULL,
	  "interrupts are not modelled" },
	{ ANY, "isa", NULL, "the host's vendor" },
	{ TDP_EV_kvm_nested_vmexit, "intr_info", NULL,
	  "interrupts are not modelled" },
	{ TDP_EV_kvm_nested_vmexit, "error_code", NULL,
	  "of an interrupted event" },
	{ TDP_EV_kvm_nested_vmexit, "requests", NULL,
	  "mixed with those of others" },
	{ TDP_EV_kvm_nested_vmexit_inject, "exit_info1", "info1", "" },
	{ TDP_EV_kvm_nested_vmexit_inject, "exit_info2", "info2", "" },
	{ TDP_EV_kvm_nested_vmexit_inject, "exit_int_info", NULL,
	  "interrupts are not modelled" },
	{ TDP_EV_kvm_nested_vmexit_inject, "exit_int_info_err", NULL,
	  "interrupts are not modelled" },
};

/* Which events ---------------------------------------------------------------- */

/* KVM: exit reasons of SVM and VMX that paging causes. */
static const struct {
	enum tdp_vendor vendor;
	enum tdp_exit exit;
	uint64_t reason;
} exits[] = {
	{ TDP_AMD, TDP_EXIT_NPF, 0x400 },
	{ TDP_AMD, TDP_EXIT_PF, 0x4e },
	{ TDP_INTEL, TDP_EXIT_EPT_VIOLATION, 48 },
	{ TDP_INTEL, TDP_EXIT_EPT_MISCONFIG, 49 },
	{ TDP_INTEL, TDP_EXIT_PML_FULL, 62 },
};

static enum tdp_exit exit_of_reason(uint64_t reason, enum tdp_vendor vendor)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(exits); i++)
		if (exits[i].vendor == vendor && exits[i].reason == reason)
			return exits[i].exit;
	return TDP_EXIT_NONE;
}

/*
 * The recorder maps guest memory here and leaves out what the notifiers of
 * newer kernels say of its own stack and heap; 6.1 has another tracepoint.
 */
static bool is_guest_memory(uint64_t hva)
{
	return hva >= 0x1000000000 && hva < 0x6000000000;
}

bool recorded_event_counts(const json_t *event)
{
	const char *name = json_text(event, "ev");
	enum tdp_vendor vendor;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(left_out); i++)
		if (!strcmp(name, left_out[i].name))
			return false;
	/* An interrupt came while the exception was delivered. */
	if (!strcmp(name, "kvm_inj_exception") &&
	    json_word(json_object_get(event, "reinjected")))
		return false;
	if (!strcmp(name, "kvm_set_spte_hva"))
		return is_guest_memory(
			json_word(json_object_get(event, "hva")));
	if (strcmp(name, "kvm_exit") != 0 &&
	    strcmp(name, "kvm_nested_vmexit") != 0)
		return true;
	vendor = json_word(json_object_get(event, "isa")) == 2 ? TDP_AMD :
								 TDP_INTEL;
	return exit_of_reason(json_word(json_object_get(event, "exit_reason")),
			      vendor) != TDP_EXIT_NONE;
}

static bool is_probe(enum tdp_event_id id)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(aliases); i++)
		if (aliases[i].model == id)
			return true;
	return false;
}

static bool is_exit(enum tdp_event_id id)
{
	return id == TDP_EV_kvm_exit || id == TDP_EV_kvm_nested_vmexit;
}

/* Of the exits that paging causes, or one that L1 intercepts by itself. */
static bool is_paging_exit(uint64_t exit, enum tdp_vendor vendor)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(exits); i++)
		if (exits[i].vendor == vendor && exits[i].exit == exit)
			return true;
	return false;
}

bool model_event_counts(const struct tdp_event *event, enum tdp_vendor vendor,
			bool probes_roles)
{
	if (is_probe(event->id))
		return probes_roles;
	if (event->id == TDP_EV_kvm_unmap_hva_range ||
	    event->id == TDP_EV_kvm_set_spte_hva)
		return is_guest_memory(event->field[0]);
	if (event->id == TDP_EV_kvm_vm_set_mem_attributes)
		return false;
	/* The recorder drops exceptions of VMX guests, with the interrupts. */
	if (is_exit(event->id))
		return is_paging_exit(event->field[1], vendor);
	return tdp_event_info(event->id)->is_tracepoint;
}

static enum tdp_event_id id_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(aliases); i++)
		if (!strcmp(aliases[i].recorded, name))
			return aliases[i].model;
	for (i = 0; i < TDP_NR_EVENTS; i++)
		if (!strcmp(tdp_event_info(i)->name, name))
			return (enum tdp_event_id)i;
	return ANY;
}

bool recorded_event_is(const json_t *event, const struct tdp_event *model)
{
	return id_of(json_text(event, "ev")) == model->id;
}

/* Fields ------------------------------------------------------------------------ */

#define MASKED "+pfn"

/* The recorder hides the frame of entries that have bit 11. */
#define FRAME_BITS 0x000ffffffffff000u

static bool spte_same(const json_t *recorded, uint64_t model)
{
	const char *text = json_string_value(recorded);

	if (text && strstr(text, MASKED))
		model &= ~(uint64_t)FRAME_BITS;
	else if (model & BIT(11))
		return false;
	return json_word(recorded) == model;
}

/* Frames and kernel pointers that the recorder hid. */
static bool hidden(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && (!strcmp(text, "pfn") || !strcmp(text, "kptr"));
}

static bool same(const json_t *recorded, uint64_t model,
		 enum tdp_field_format format, enum tdp_vendor vendor)
{
	if (hidden(recorded))
		return true;
	switch (format) {
	case TDP_FIELD_SPTE:
		return spte_same(recorded, model);
	case TDP_FIELD_EXIT:
		return exit_of_reason(json_word(recorded), vendor) == model;
	case TDP_FIELD_ROLE:
	case TDP_FIELD_SDEC:
		return (uint32_t)json_word(recorded) == (uint32_t)model;
	default:
		return json_word(recorded) == model;
	}
}

/* The model's number of a recorded field; -1: none, and why in *@known. */
static int model_field(enum tdp_event_id id, const char *name, bool *known)
{
	const struct tdp_event_info *info = tdp_event_info(id);
	unsigned int i;

	*known = true;
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if ((rules[i].event != ANY && rules[i].event != id) ||
		    !rules[i].recorded || strcmp(rules[i].recorded, name) != 0)
			continue;
		if (!rules[i].model)
			return -1;
		name = rules[i].model;
		break;
	}
	for (i = 0; i < TDP_EVENT_MAX_FIELDS && info->field[i].name; i++)
		if (!strcmp(info->field[i].name, name))
			return (int)i;
	*known = false;
	return -1;
}

/* VMX: what the tracepoint calls info2 is about interrupts. */
static bool other_word(enum tdp_event_id id, const char *name,
		       enum tdp_vendor vendor)
{
	/* Where vmcs12 lies is not modelled, only what is in it. */
	if (id == TDP_EV_kvm_nested_vmenter && vendor == TDP_INTEL)
		return !strcmp(name, "vmcb");
	return is_exit(id) && vendor == TDP_INTEL && !strcmp(name, "info2");
}

/* The tracepoint's field has 32 bits, also where vmcb12's has 64. */
static uint64_t as_traced(enum tdp_event_id id, const char *name,
			  uint64_t value)
{
	return id == TDP_EV_kvm_nested_vmexit_inject &&
			       !strcmp(name, "exit_code") ?
		       (uint32_t)value :
		       value;
}

static bool field_differs(const char *name, const json_t *value,
			  const struct tdp_event *model, enum tdp_vendor vendor,
			  struct event_difference *difference)
{
	const struct tdp_event_info *info = tdp_event_info(model->id);
	bool known;
	int i = model_field(model->id, name, &known);

	if (!strcmp(name, "ev") || other_word(model->id, name, vendor) ||
	    (i < 0 && known))
		return false;
	if (i >= 0 && same(value, as_traced(model->id, name, model->field[i]),
			   info->field[i].format, vendor))
		return false;
	difference->field = name;
	json_show(value, difference->recorded, sizeof(difference->recorded));
	snprintf(difference->model, sizeof(difference->model), "no such field");
	if (i >= 0)
		snprintf(difference->model, sizeof(difference->model),
			 "0x%" PRIx64, model->field[i]);
	return true;
}

/* May the recording lack this field of the model? */
static bool only_model(enum tdp_event_id id, const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].event == id && rules[i].model &&
		    !strcmp(rules[i].model, name))
			return true;
	return false;
}

static bool field_missing(const json_t *event, const struct tdp_event *model,
			  unsigned int i, struct event_difference *difference)
{
	const char *name = tdp_event_info(model->id)->field[i].name;

	if (json_object_get(event, name) || only_model(model->id, name))
		return false;
	difference->field = name;
	snprintf(difference->recorded, sizeof(difference->recorded),
		 "no such field");
	snprintf(difference->model, sizeof(difference->model), "0x%" PRIx64,
		 model->field[i]);
	return true;
}

bool recorded_event_differs(const json_t *event, const struct tdp_event *model,
			    enum tdp_vendor vendor, unsigned int *index,
			    struct event_difference *difference)
{
	const struct tdp_event_info *info = tdp_event_info(model->id);
	json_t *fields = (json_t *)(uintptr_t)event; /* only read */
	void *it = json_object_iter(fields);
	unsigned int i;

	for (i = 0; it; it = json_object_iter_next(fields, it), i++)
		if (i >= *index && field_differs(json_object_iter_key(it),
						 json_object_iter_value(it),
						 model, vendor, difference)) {
			*index = i + 1;
			return true;
		}
	for (; i < json_object_size(event) + TDP_EVENT_MAX_FIELDS &&
	       info->field[i - json_object_size(event)].name;
	     i++)
		if (i >= *index &&
		    field_missing(event, model,
				  i - (unsigned int)json_object_size(event),
				  difference)) {
			*index = i + 1;
			return true;
		}
	return false;
}
