"""Array kernels: CSR pairs, segment operations, propagation, sampling, graph augmentation."""

from graphrec.sparse.csr import CSR

__all__ = ["CSR"]
