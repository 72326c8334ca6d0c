"""Kernels for NVIDIA GPUs, written in Triton.

Every module of this package but this one imports triton, which comes with the CUDA builds of torch:
they are imported where they are used, never by ``import cldice_monai``.
"""
