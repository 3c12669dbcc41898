/* SPDX-License-Identifier: MIT */
#include "tdpsim/explore.h"

const char *tdp_demand_name(enum tdp_demand demand)
{
	switch (demand) {
	case TDP_DEMAND_ALWAYS:
		return "always";
	case TDP_DEMAND_NEVER:
		return "never";
	case TDP_DEMAND_SOMETIMES:
		return "sometimes";
	}
	return "?";
}

const char *tdp_observed_name(enum tdp_observed observed)
{
	switch (observed) {
	case TDP_OBSERVED_UNKNOWN:
		return "Unknown";
	case TDP_OBSERVED_ALWAYS:
		return "Always";
	case TDP_OBSERVED_SOMETIMES:
		return "Sometimes";
	case TDP_OBSERVED_NEVER:
		return "Never";
	}
	return "?";
}
