"""From a data set's name to the plan of its kind."""

from __future__ import annotations

from graphrec.ogb.loading import folder_name
from graphrec.ogb.protocol import Plan, RunSpec


def plan_of(spec: RunSpec) -> Plan:
    """Load and check what a run needs: node property data sets are `ogbn-*`, link property ones `ogbl-*`.

    Raises:
        GraphRecError: whatever is missing, damaged or impossible, with what to do about it.
    """
    folder_name(spec.name)
    if spec.name.startswith("ogbl-"):
        from graphrec.ogb.link_plan import plan_links

        return plan_links(spec)
    from graphrec.ogb.node_train import plan_nodes

    return plan_nodes(spec)
