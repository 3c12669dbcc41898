/* SPDX-License-Identifier: MIT */
/*
 * What tdpsim kvm did for a step: the calls and the guest's accesses, in
 * order, as the recording lists them.  The payload that makes an access has
 * to be fetched, and the tables that map it have to be written; the model
 * makes the same accesses and writes.
 */
#ifndef TDPSIM_SCENARIO_RECORDING_OPS_H
#define TDPSIM_SCENARIO_RECORDING_OPS_H

#include <jansson.h>

#include "scenario/run.h"

/*
 * Carry out the operations of @object ("do", or the step's verb alone) on the
 * model; run->outcome receives what they gave together.
 *
 * An operation that does not complete ends the list, but for those that
 * stand behind a fault of the guest ("on": "fault") or an exit of L2 to L1
 * ("on": "nested_exit").
 */
int ops_replay(struct run *run, const struct step *step, const json_t *object);

#endif
