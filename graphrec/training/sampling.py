"""Vectorised, exact negative sampling: no known positive of the user ever slips in."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR

_ROUNDS = 1000


class NegativeSampler:
    """Uniform negatives, redrawn where they hit a positive.

    Membership is a binary search in the sorted keys `user * num_items + item`.

    Raises:
        InvalidInputError: a user of a batch knows every item, so no negative exists.
    """

    def __init__(self, positives: CSR, device: str = "cpu") -> None:
        self.num_items = positives.shape[1]
        keys = positives.row_index() * self.num_items + positives.indices
        keys = np.unique(keys)  # a CSR may hold its columns in any order, the search needs them ascending
        known = np.bincount(keys // max(self.num_items, 1), minlength=positives.shape[0])
        self._keys = torch.from_numpy(keys).to(device)
        self.full_users = torch.from_numpy(known >= self.num_items).to(device)

    def is_positive(self, users: Tensor, items: Tensor) -> Tensor:
        """Whether each (user, item) is a known positive; the shapes broadcast."""
        keys = users * self.num_items + items
        if len(self._keys) == 0:
            return torch.zeros_like(keys, dtype=torch.bool)
        place = torch.searchsorted(self._keys, keys).clamp_max(len(self._keys) - 1)
        return self._keys[place] == keys

    def sample(self, users: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """Items int64 `[len(users), count]` that the users do not know."""
        if bool(self.full_users[users].any()):
            user = int(users[self.full_users[users]][0])
            raise InvalidInputError(
                f"User number {user} knows all {self.num_items} items; leave such users out of training."
            )
        owner = users[:, None].expand(-1, count).reshape(-1)
        items = torch.randint(self.num_items, owner.shape, generator=generator, device=users.device)
        wrong = torch.nonzero(self.is_positive(owner, items)).squeeze(1)
        for _ in range(_ROUNDS):
            if len(wrong) == 0:
                return items.reshape(len(users), count)
            drawn = torch.randint(self.num_items, wrong.shape, generator=generator, device=users.device)
            items[wrong] = drawn
            wrong = wrong[self.is_positive(owner[wrong], drawn)]
        for position in wrong.tolist():  # users who know almost everything: draw from what is left
            items[position] = self._from_rest(int(owner[position]), generator)
        return items.reshape(len(users), count)

    def _from_rest(self, user: int, generator: torch.Generator) -> Tensor:
        everything = torch.arange(self.num_items, device=self._keys.device)
        rest = everything[~self.is_positive(torch.full_like(everything, user), everything)]
        return rest[torch.randint(len(rest), (), generator=generator, device=rest.device)]


def shared_negatives(num_items: int, count: int, generator: torch.Generator, device: str) -> Tensor:
    """Distinct items int64 `[min(count, num_items)]` drawn uniformly, shared by a whole batch."""
    return torch.randperm(num_items, generator=generator, device=device)[:count]


def popularity_draws(
    popularity: Tensor, count: int, power: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Items drawn with replacement by `popularity ** power`, and log of their expected number of draws.

    Returns:
        items int64 `[count]`, log_q `[num_items]`.
    """
    share = (popularity.float() + 1.0) ** power
    share = share / share.sum()
    items = torch.multinomial(share, count, replacement=True, generator=generator)
    return items, torch.log(share * count)
