"""The feature contribution ratio: how much of what a graph network knows lies in the features."""

from __future__ import annotations

from graphrec.errors import InvalidInputError


def fcr(z_gnn: float, z_mlp: float, z_lp: float) -> float:
    r"""Feature contribution ratio in percent (Zheng et al., ICLR 2022, section 3.3).

    With :math:`\delta_{MLP} = z_{GNN} - z_{MLP}` and :math:`\delta_{LP} = z_{GNN} - z_{LP}`:

    .. math:: FCR = \begin{cases} \delta_{LP} / (\delta_{MLP} + \delta_{LP}) & z_{MLP} \le z_{GNN} \\
                    1 + |\delta_{MLP}| / (|\delta_{MLP}| + |\delta_{LP}|) & \text{otherwise} \end{cases}

    Near 0 the neighbours say everything, near 100 the features do; beyond 100 they say more than the graph
    network, and nodes without edges lose nothing. Where label propagation beats the graph network, the first
    case is negative (or, once it beats it by more than the network beats the perceptron, meaningless).

    Args:
        z_gnn, z_mlp, z_lp: accuracies of the best graph network, perceptron and label propagation, in one unit.

    Raises:
        InvalidInputError: the two gaps cancel out (all three alike, say), so there is nothing to share.
    """
    of_mlp, of_lp = z_gnn - z_mlp, z_gnn - z_lp
    surpassed = z_mlp > z_gnn
    total = abs(of_mlp) + abs(of_lp) if surpassed else of_mlp + of_lp
    if total == 0:
        raise InvalidInputError(
            f"Accuracies {z_gnn}, {z_mlp} and {z_lp} leave no gap to share between features and neighbours."
        )
    return 100.0 * (1 + abs(of_mlp) / total if surpassed else of_lp / total)
