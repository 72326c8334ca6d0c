"""A vessel network and what is counted on it: Betti numbers, Euler characteristic, overlap."""

from cldice_monai.topology.betti import (
    batched_betti_numbers,
    batched_euler_characteristic,
    betti_numbers,
    euler_characteristic,
)
from cldice_monai.topology.block_union import TooManyPartsError, WholeTopology
from cldice_monai.topology.blockwise import (
    blockwise_length_mm,
    blockwise_topology,
    label_blockwise,
)
from cldice_monai.topology.cavities import fill_cavities
from cldice_monai.topology.ghosts import GhostsAndMisses, ghosts_and_misses
from cldice_monai.topology.homotopy import (
    HomotopyCertificate,
    admits_skeleta,
    homotopy_certificate,
)
from cldice_monai.topology.length import skeleton_length_mm
from cldice_monai.topology.opt_junction import (
    JunctionCounts,
    opt_junction_counts,
    opt_junction_f1,
)
from cldice_monai.topology.overlap import (
    OverlapScores,
    cldice,
    overlap_scores,
    topology_precision,
    topology_sensitivity,
)
from cldice_monai.topology.patches import PatchSampler
from cldice_monai.topology.short_components import remove_short_components
from cldice_monai.topology.streetmover import streetmover_distance
from cldice_monai.topology.vessel_graph import cycle_rank, skeleton_graph

__all__ = [
    "GhostsAndMisses",
    "HomotopyCertificate",
    "JunctionCounts",
    "OverlapScores",
    "PatchSampler",
    "TooManyPartsError",
    "WholeTopology",
    "admits_skeleta",
    "batched_betti_numbers",
    "batched_euler_characteristic",
    "betti_numbers",
    "blockwise_length_mm",
    "blockwise_topology",
    "cldice",
    "cycle_rank",
    "euler_characteristic",
    "fill_cavities",
    "ghosts_and_misses",
    "homotopy_certificate",
    "label_blockwise",
    "opt_junction_counts",
    "opt_junction_f1",
    "overlap_scores",
    "remove_short_components",
    "skeleton_graph",
    "skeleton_length_mm",
    "streetmover_distance",
    "topology_precision",
    "topology_sensitivity",
]
