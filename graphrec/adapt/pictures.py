"""Pictures of an adaptation, as plain SVG: the domain graph, and scores by distance from the sources."""

from graphrec.adapt.graph_picture import draw_graph
from graphrec.adapt.hops_picture import draw_hops

__all__ = ["draw_graph", "draw_hops"]
